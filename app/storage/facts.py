"""Facts with their documents and sealed values, and the entries that wait to be sealed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.domain.fact import ChainLink
from app.evidence.catalogue import EVENT_FACTS
from app.evidence.fact import EncodedFact, Opening
from app.storage.database import Tx
from app.storage.sql import insert_rows, one_of
from app.storage.tables import facts, pending_entries
from app.storage.vault import PersonKey

_SALT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """An encoded fact, whom it concerns, and its place in a notification's chain (None: in no chain)."""

    encoded: EncodedFact
    recipient: UUID | None
    key: PersonKey | None = field(repr=False)
    link: ChainLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFact:
    """A fact as kept. `sealed` is encrypted; None when nothing was sealed or the person was erased."""

    id: UUID
    type: str
    recipient: UUID | None
    document: bytes
    salt: bytes = field(repr=False)
    leaf: bytes
    sealed: bytes | None = field(repr=False)

    def openings(self, key: PersonKey | None) -> Mapping[str, Opening]:
        """The sealed values with their salts; empty without the key."""
        if self.sealed is None or key is None:
            return {}
        return _unpack(key.open(self.sealed, place=_place(self.id)))


async def append(tx: Tx, new: Sequence[NewFact]) -> None:
    """Write facts and their pending entries; the order given is the order of sealing."""
    await insert_rows(tx, facts, [_row(item) for item in new])
    entries = [{"fact_id": item.encoded.id, "commitment": item.encoded.commitment} for item in new]
    await insert_rows(tx, pending_entries, entries)


def _row(item: NewFact) -> dict[str, Any]:
    encoded, link = item.encoded, item.link
    sealed = None
    if encoded.openings:
        if item.key is None:
            raise ValueError("sealed values need the key of a person")
        sealed = item.key.seal(_pack(encoded.openings), place=_place(encoded.id))
    return {
        "id": encoded.id,
        "type": encoded.type,
        "recipient_id": item.recipient,
        "notification_id": link.notification if link else None,
        "n": link.n if link else None,
        "document": encoded.document,
        "salt": encoded.salt,
        "leaf": encoded.leaf,
        "sealed": sealed,
        "event_id": UUID(json.loads(encoded.document)["data"]["event"]) if encoded.type in EVENT_FACTS else None,
    }


async def restore(tx: Tx, *, fact_type: str, document: bytes, salt: bytes, leaf: bytes) -> UUID:
    """Write a fact of the log itself that came back from its published opening; its id."""
    fact = UUID(json.loads(document)["id"])
    await tx.execute(insert(facts).values(id=fact, type=fact_type, document=document, salt=salt, leaf=leaf))
    return fact


async def of_notification(tx: Tx, notification: UUID) -> list[StoredFact]:
    """The chain of one notification, oldest first."""
    query = select(facts).where(facts.c.notification_id == notification).order_by(facts.c.n)
    return [_stored(row) for row in await tx.execute(query)]


async def of_recipient(tx: Tx, recipient: UUID, *, types: Iterable[str], after: UUID, limit: int) -> list[StoredFact]:
    """Up to `limit` facts of these types about one person, oldest first, after the one with the id `after`."""
    query = (
        select(facts)
        .where(facts.c.recipient_id == recipient, one_of(tx, facts.c.type, list(types)), facts.c.id > after)
        .order_by(facts.c.id)
        .limit(limit)
    )
    return [_stored(row) for row in await tx.execute(query)]


async def first_of_notifications(tx: Tx, notifications: Iterable[UUID]) -> dict[UUID, StoredFact]:
    """The fact n = 0 of each of these notifications: it seals contact, recipient and shipment."""
    query = select(facts).where(one_of(tx, facts.c.notification_id, list(notifications)), facts.c.n == 0)
    return {row.notification_id: _stored(row) for row in await tx.execute(query)}


async def by_leaves(tx: Tx, leaves: Iterable[bytes]) -> list[StoredFact]:
    """Facts by their leaf hashes."""
    return [_stored(row) for row in await tx.execute(select(facts).where(one_of(tx, facts.c.leaf, list(leaves))))]


async def of_events(tx: Tx, events: Iterable[UUID]) -> list[StoredFact]:
    """The facts of these events, in the order in which they were made."""
    query = select(facts).where(one_of(tx, facts.c.event_id, list(events))).order_by(facts.c.id)
    return [_stored(row) for row in await tx.execute(query)]


async def by_ids(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, StoredFact]:
    """Facts by id."""
    return {row.id: _stored(row) for row in await tx.execute(select(facts).where(one_of(tx, facts.c.id, list(ids))))}


def _stored(row: Any) -> StoredFact:
    return StoredFact(
        id=row.id,
        type=row.type,
        recipient=row.recipient_id,
        document=row.document,
        salt=row.salt,
        leaf=row.leaf,
        sealed=row.sealed,
    )


def _place(fact: UUID) -> bytes:
    return b"fact" + fact.bytes


def _pack(openings: Mapping[str, Opening]) -> bytes:
    parts: list[bytes] = []
    for name, opening in openings.items():
        parts += _label(name), opening.salt, len(opening.value).to_bytes(4, "big"), opening.value
    return b"".join(parts)


@lru_cache(maxsize=64)
def _label(name: str) -> bytes:
    return bytes([len(name)]) + name.encode()


def _unpack(packed: bytes) -> dict[str, Opening]:
    openings, at = {}, 0
    while at < len(packed):
        name_end = at + 1 + packed[at]
        name = packed[at + 1 : name_end].decode()
        salt_end = name_end + _SALT
        value_at = salt_end + 4
        at = value_at + int.from_bytes(packed[salt_end:value_at], "big")
        openings[name] = Opening(salt=packed[name_end:salt_end], value=packed[value_at:at])
    return openings
