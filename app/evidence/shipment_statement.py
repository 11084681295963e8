"""The signed note of a statement about one shipment: what the log says of it, and which shipment that is.

The note alone shows nobody which shipment it is about: it names a commitment, as a document names a sealed field.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.evidence.canonical import is_hash, is_time
from app.evidence.commitment import field_commitment
from app.merkle.encoding import decode_base64, encode_base64, parse_decimal
from app.merkle.note import is_key_name
from app.merkle.tree import HASH_BYTES

FORMAT = "awizo-shipment/v1"

_SUBJECT = "subject"
_HEADER = "awizo-shipment-statement/v1"
_LINES = 13


class ListedNotification(NamedTuple):
    """A notification by its id, how many of its facts are published, and the leaf hash of the last of them."""

    notification: str
    facts: int
    last_leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """How many events and notifications of the operator no shipment's name leads to, or leads to any more.

    Any of them may have been about the shipment.
    """

    events: int
    notifications: int


class ShipmentStatementError(ValueError):
    """A text is no statement about a shipment; the message says why in one clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentStatement:
    """From `since` to `until` the log has exactly these facts about the shipment that `subject` commits to.

    `subject` is a commitment (32 bytes), `listed` the SHA-256 of `list_text`. `pending` counts facts that the
    checkpoint of `size` leaves of the shard `origin` does not cover; they are younger than `until`. Times are text.
    """

    subject: bytes
    issued_at: str
    since: str
    until: str
    events: int
    notifications: int
    pending: int
    unlinked: Unlinked
    listed: bytes
    origin: str
    size: int

    def text(self) -> str:
        """The thirteen lines that are signed."""
        numbers = (self.events, self.notifications, self.pending, self.unlinked.events, self.unlinked.notifications)
        lines = (
            _HEADER,
            encode_base64(self.subject),
            self.issued_at,
            self.since,
            self.until,
            *map(str, numbers),
            self.listed.hex(),
            self.origin,
            str(self.size),
        )
        return "".join(f"{line}\n" for line in lines)


def parse_shipment_statement(text: str) -> ShipmentStatement:
    """The statement that a note's text makes; ShipmentStatementError for anything else."""
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != _HEADER or lines[_LINES] != "":
        raise ShipmentStatementError("a statement about a shipment has thirteen lines, the first its header")
    subject, issued_at, since, until = lines[1:5]
    listed, origin, size = lines[10:_LINES]
    if not all(map(is_time, (issued_at, since, until))) or not is_hash(listed) or not is_key_name(origin):
        raise ShipmentStatementError("a time, the hash of the list or the origin is not well-formed")
    try:
        events, notifications, pending, *unlinked = map(parse_decimal, lines[5:10])
        commitment = decode_base64(subject)
        leaves = parse_decimal(size)
    except ValueError:
        raise ShipmentStatementError("a number is not a plain decimal or the commitment not canonical base64") from None
    if len(commitment) != HASH_BYTES:
        raise ShipmentStatementError("the commitment to the shipment is not 32 bytes long")
    return ShipmentStatement(
        subject=commitment,
        issued_at=issued_at,
        since=since,
        until=until,
        events=events,
        notifications=notifications,
        pending=pending,
        unlinked=Unlinked(events=unlinked[0], notifications=unlinked[1]),
        listed=bytes.fromhex(listed),
        origin=origin,
        size=leaves,
    )


def subject_value(operator: str, shipment: str) -> bytes:
    """What the commitment to a shipment is about: the operator's name and the shipment's, joined by LF."""
    return f"{operator}\n{shipment}".encode()


def subject_commitment(salt: bytes, value: bytes) -> bytes:
    """The commitment to a shipment, whose value is `subject_value`; ValueError for a salt not of 32 bytes.

    It is made as a sealed field's (`app.evidence.commitment`), under a name that no sealed field has.
    """
    return field_commitment(_SUBJECT, salt, value)


def list_text(events: Iterable[bytes], notifications: Iterable[ListedNotification]) -> str:
    """What the note signs the SHA-256 of: a line for each event's leaf hash, then one for each notification."""
    lines = [f"event {leaf.hex()}\n" for leaf in events]
    lines += [f"notification {each.notification} {each.facts} {each.last_leaf.hex()}\n" for each in notifications]
    return "".join(lines)
