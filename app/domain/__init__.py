"""Frozen values and pure rules. Standard library, phonenumbers and holidays only; no I/O, no clock."""
