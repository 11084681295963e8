"""The pages below `/audit`: what was told about an item, and the proof of it, for who holds an auditor's key."""
