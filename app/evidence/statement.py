"""The statement of completeness: the log's word, under a key of its own, that a bundle leaves no fact out."""

from dataclasses import dataclass

from app.evidence.canonical import is_hash, is_time, is_uuid
from app.merkle.encoding import parse_decimal

KEY_SUFFIX = "/statements"

_HEADER = "awizo-statement/v1"
_LINES = 7


class StatementError(ValueError):
    """A text is no statement of completeness; the message says why in one clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """At `issued_at` the notification had `facts` published facts and `pending` others.

    The last published one has the leaf hash `last_leaf` and is proven by the checkpoint of `size` leaves.
    `notification` is a UUID, `issued_at` a time, both as they stand in the bundle.
    """

    notification: str
    issued_at: str
    facts: int
    pending: int
    last_leaf: bytes
    size: int

    def text(self) -> str:
        """The seven lines that are signed."""
        numbers = f"{self.facts}\n{self.pending}\n{self.last_leaf.hex()}\n{self.size}\n"
        return f"{_HEADER}\n{self.notification}\n{self.issued_at}\n{numbers}"


def statement_key_name(origin: str) -> str:
    """The name of the key that signs statements about facts of the shard `origin`."""
    return origin + KEY_SUFFIX


def parse_statement(text: str) -> Statement:
    """The statement that a note's text makes; StatementError for anything else."""
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != _HEADER or lines[_LINES] != "":
        raise StatementError("a statement of completeness has seven lines, the first its header")
    notification, issued_at, facts, pending, last_leaf, size = lines[1:_LINES]
    if not is_uuid(notification) or not is_time(issued_at) or not is_hash(last_leaf):
        raise StatementError("the statement's notification, time or leaf hash is not well-formed")
    try:
        return Statement(
            notification=notification,
            issued_at=issued_at,
            facts=parse_decimal(facts),
            pending=parse_decimal(pending),
            last_leaf=bytes.fromhex(last_leaf),
            size=parse_decimal(size),
        )
    except ValueError:
        raise StatementError("a number in the statement is not a plain decimal") from None
