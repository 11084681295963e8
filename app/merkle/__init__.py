"""Merkle trees, signed notes and proofs as RFC 9162 and the C2SP specifications define them; no I/O.

Nothing here knows what a leaf means.
"""
