"""How the C2SP formats write bytes and numbers: canonical padded base64 (RFC 4648 §4, §3.5) and plain decimals."""

import re
from base64 import b64decode, b64encode

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_DECIMAL_MAX = 2**63 - 1


def encode_base64(data: bytes) -> str:
    """The one text that stands for `data`."""
    return b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """The bytes that `text` stands for; ValueError when another text would be their canonical form."""
    data = b64decode(text.encode("ascii"), validate=True)
    if encode_base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def parse_decimal(text: str) -> int:
    """A tree size or leaf index: ASCII digits, no leading zero, below 2^63; ValueError for anything else."""
    if _DECIMAL.fullmatch(text) is None or int(text) > _DECIMAL_MAX:
        raise ValueError("not a decimal number without leading zeros")
    return int(text)
