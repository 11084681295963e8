"""The bytes of what is hashed: canonical JSON (RFC 8785) and the one form of times and identifiers."""

import re
from datetime import UTC, datetime
from typing import Any

import orjson

INTEGER_MAX = 2**53 - 1

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HASH = re.compile(r"[0-9a-f]{64}")


def canonical_json(value: Any) -> bytes:
    """The JCS bytes of `value`, which holds only strings, integers below 2^53, booleans, null, lists and dicts.

    All keys must be ASCII: then code points sort as UTF-16 units do and an ordinary encoder gives the canonical form,
    many times faster than a general one. A lone surrogate raises ValueError.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise ValueError(str(error)) from None


def format_time(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ` in UTC, truncated to the millisecond; ValueError without an offset."""
    if at.tzinfo is not UTC:
        if at.utcoffset() is None:
            raise ValueError("a time needs its offset")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def is_time(text: str) -> bool:
    """Whether `text` is a time that exists, written as `format_time` writes it."""
    if _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in lower case with hyphens."""
    return _UUID.fullmatch(text) is not None


def is_hash(text: str) -> bool:
    """Whether `text` is a SHA-256 value: 64 lower-case hex digits."""
    return _HASH.fullmatch(text) is not None
