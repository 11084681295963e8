"""Names that other systems give to operators, shipments, recipients, facilities and incidents."""

import re

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$"
_NAME = re.compile(NAME_PATTERN[:-1] + r"\Z")


def is_name(text: str) -> bool:
    """Whether `text` is a name that the contract allows: 1–128 characters, no white space, no slash."""
    return _NAME.match(text) is not None
