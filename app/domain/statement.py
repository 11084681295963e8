"""What the reader of a notice says about it, once and for good. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.notification import Notification
from app.domain.service_message import SERVICE_KINDS

# How it was said: on the page whose link only the e-mail has. Who holds the link need not be the person.
METHOD = "notice_page"
# What is wrong with a shipment when somebody says that there is no paper notice.
PAPER_NOTICE_MISSING = "paper_notice_missing"
# The kind of the events that say that a paper notice was left.
NOTICE_LEFT = "notice_left"

# Crockford's base 32: no letter looks like a digit or like another letter, and none makes a word rude (no U).
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP = 4
REFERENCE_BYTES = 5


class StatementKind(StrEnum):
    """What can be said about a notice. The fact of each is `recipient.` and its value."""

    DISPUTED = "disputed"  # I have no paper notice
    MISDIRECTED = "misdirected"  # not for me
    ACKNOWLEDGED = "acknowledged"  # got it


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that was said about one notification. `reference` is for people to keep and to read out."""

    id: UUID
    notification: UUID
    recipient: UUID
    kind: StatementKind
    reference: str
    made_at: datetime


def reference_of(random: bytes) -> str:
    """`AW-7K2M-Q9XD`: five random bytes in eight letters and digits that nobody can mistake for one another."""
    number = int.from_bytes(random[:REFERENCE_BYTES])
    letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(8 * REFERENCE_BYTES - 5, -1, -5))
    return f"AW-{letters[:_GROUP]}-{letters[_GROUP:]}"


def statements_about(kind: str, reported: Iterable[str]) -> tuple[StatementKind, ...]:
    """What can be said about a notification of that kind, given the kinds of all events of the items that it is about.

    Nobody misses a paper notice that nobody said to have left; messages about the service are about nothing.
    """
    if kind in SERVICE_KINDS:
        return ()
    has_paper = NOTICE_LEFT in {kind, *reported}
    return tuple(each for each in StatementKind if has_paper or each is not StatementKind.DISPUTED)


def silenced_contacts(
    told: Iterable[Notification], said: Mapping[UUID, Iterable[Statement]]
) -> dict[tuple[bytes, UUID], set[UUID]]:
    """The contact points that got one of these messages and said that it is not for them, by shipment and person.

    `said` is what was said about each of them, and about those that speak for them: who says so of a message about
    several items says it of each. News of an incident of an area is news of no item.
    """
    misdirected = {id_ for id_, many in said.items() if any(each.kind is StatementKind.MISDIRECTED for each in many)}
    silenced: dict[tuple[bytes, UUID], set[UUID]] = defaultdict(set)
    for n in told:
        if n.kind not in AREA_INCIDENT_KINDS and n.shipment_index and n.contact and {n.id, n.merged_into} & misdirected:
            silenced[n.shipment_index, n.recipient].add(n.contact)
    return silenced
