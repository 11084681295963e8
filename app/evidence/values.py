"""The types that values in a fact's `data` have, and the test for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.evidence.canonical import INTEGER_MAX, is_hash, is_time, is_uuid
from app.merkle.checkpoint import CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, parse_note


@dataclass(frozen=True, slots=True)
class ValueType:
    """A type of value: `name` completes “must be …”, `accepts` tests a value as JSON gives it.

    `nullable` says whether null may stand for “does not apply”.
    """

    name: str
    accepts: Callable[[Any], bool]
    nullable: bool = True

    def allows(self, value: Any) -> bool:
        """Whether `value` may stand in a document under a key of this type."""
        return self.nullable if value is None else self.accepts(value)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_integer(value: Any, minimum: int = 0) -> bool:
    """Whether `value` is an integer from `minimum` to 2^53 - 1; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= INTEGER_MAX


def _is_counted(value: Any) -> bool:
    return is_integer(value, 1)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and is_time(value)


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and is_uuid(value)


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and is_hash(value)


def _is_hash_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(_is_hash(item) for item in value)


def _is_checkpoint_note(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_checkpoint(parse_note(value.encode()).text)
    except (NoteError, CheckpointError, UnicodeEncodeError):
        return False
    return True


def one_of(*words: str, nullable: bool) -> ValueType:
    """A string out of a closed set."""
    allowed = frozenset(words)
    return ValueType(
        "one of " + ", ".join(words), lambda value: isinstance(value, str) and value in allowed, nullable=nullable
    )


NOTHING = ValueType("null", lambda _: False)
TEXT = ValueType("a string", is_text)
COUNT = ValueType("an integer", is_integer)
ORDINAL = ValueType("an integer from 1", _is_counted)
TIME = ValueType("a UTC time with three decimals", _is_time)
UUID_TEXT = ValueType("a UUID in lower case", _is_uuid)
HASH = ValueType("64 lower-case hex digits", _is_hash)
HASHES = ValueType("a list of 64 lower-case hex digits each", _is_hash_list)
HASHES_ALWAYS = ValueType("a list of 64 lower-case hex digits each", _is_hash_list, nullable=False)
CHECKPOINT_NOTE = ValueType("a whole signed checkpoint", _is_checkpoint_note)
