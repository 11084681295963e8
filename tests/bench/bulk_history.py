"""Makes a database old in little time: a small history that really happened, copied until it is large.

Every copy has people, ids, indexes, leaves and days of its own, obeys every constraint, and has its facts in the log.
Its people are as good as real ones: their keys, names and contacts open. Encrypted values of what happened to them keep
the bytes of the original, which nobody can open under a copy's ids, and nobody who only accepts and sends does.
"""

import json
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, Uuid, select, text

from app.merkle.tree import HASH_BYTES
from app.storage import log
from app.storage.database import Database, Tx
from app.storage.log import PendingEntry
from app.storage.sql import insert_rows
from app.storage.tables import (
    attempts,
    consents,
    contact_points,
    events,
    facts,
    notifications,
    recipient_keys,
    recipients,
)
from app.storage.vault import Vault
from tests.bench.traffic import email, person, phone
from tests.builders import OPERATOR

_COPIES_PER_COMMIT = 20
_HISTORY = timedelta(days=365)
_TABLES = (recipients, recipient_keys, contact_points, consents, events, notifications, attempts, facts)
# What must differ between two people, shipments or facts.
_OWN = frozenset({"dedupe_key", "shipment_index", "chain_leaf", "leaf", "fact_leaf"})

Row = dict[str, Any]


async def copy_history(database: Database, *, notifications_wanted: int) -> int:
    """Copy what is in the database until it has that many notifications; how many people it then has.

    The originals are named as `tests.bench.traffic` names people, from 0 on; so are the copies, after them.
    """
    original = await _read(database)
    people, size = len(original[recipients.name]), len(original[notifications.name])
    copies = max(0, -(-notifications_wanted // size) - 1)
    for first in range(0, copies, _COPIES_PER_COMMIT):
        numbers = range(first, min(first + _COPIES_PER_COMMIT, copies))
        made = [_copy(original, number, of=copies, vault=database.vault) for number in numbers]
        async with database.write() as tx:
            if database.is_sqlite:  # for this connection, which goes with the pool: random keys need much of the index
                await tx.execute(text("PRAGMA cache_size = -1000000"))
            for table in _TABLES:
                await insert_rows(tx, table, [row for each in made for row in each[table.name]])
            await _sequence(tx, [row["id"] for each in made for row in each[facts.name]])
        sys.stderr.write(f"\r    {(numbers[-1] + 2) * size:,} of {notifications_wanted:,} notifications ")
    sys.stderr.write("\r" + " " * 60 + "\r")
    return people * (copies + 1)


async def _read(database: Database) -> dict[str, list[Row]]:
    """The rows of every table, people in the order of their names."""
    found = {}
    async with database.read() as tx:
        for table in _TABLES:
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [dict(row) for row in (await tx.execute(query)).mappings()]
    return found


async def _sequence(tx: Tx, ids: Sequence[UUID]) -> None:
    """Give facts their leaves. The commitments are nobody's: these facts are never proven."""
    head = await log.current_head(tx, lock=True)
    if head is None:
        raise RuntimeError("the log was not opened")
    drawn = secrets.token_bytes(HASH_BYTES * len(ids))
    entries = [
        PendingEntry(position=0, fact=fact, commitment=drawn[at * HASH_BYTES : (at + 1) * HASH_BYTES])
        for at, fact in enumerate(ids)
    ]
    await log.sequence(tx, head, entries)


def _copy(original: dict[str, list[Row]], number: int, *, of: int, vault: Vault) -> dict[str, list[Row]]:
    """Copy `number` of `of`: the first lies furthest back, the last just before what really happened."""
    renamed = _Renamed(earlier=_HISTORY * (of - number) / of + timedelta(days=1))
    copied = {table.name: [renamed.row(table, row) for row in original[table.name]] for table in _TABLES}
    people = len(original[recipients.name])
    _name_people(copied, first=people * (number + 1), vault=vault)
    return copied


class _Renamed:
    """Other ids, indexes and days, the same ones wherever the original has the same."""

    def __init__(self, *, earlier: timedelta) -> None:
        self._earlier = earlier
        self._ids: dict[UUID, UUID] = {}
        self._blobs: dict[bytes, bytes] = {}
        self._moments: dict[datetime, datetime] = {}

    def row(self, table: Table, row: Row) -> Row:
        return {name: self._value(table, name, value) for name, value in row.items()}

    def _value(self, table: Table, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name in _OWN:
            return self._blobs.get(value) or self._blobs.setdefault(value, secrets.token_bytes(len(value)))
        if isinstance(value, datetime):
            return self._moments.get(value) or self._moments.setdefault(value, value - self._earlier)
        if isinstance(table.c[name].type, Uuid):
            return self._ids.get(value) or self._ids.setdefault(value, self._id(value))
        return value

    def _id(self, value: UUID) -> UUID:
        """A UUIDv7 (RFC 9562 §5.7) of the earlier time; its random part is new."""
        milliseconds = (value.int >> 80) - int(self._earlier.total_seconds() * 1000)
        # Version and what counts within a millisecond stay: ids keep their order.
        return UUID(int=milliseconds << 80 | (value.int >> 62 & 0x3FFFF) << 62 | secrets.randbits(62))


def _name_people(copied: dict[str, list[Row]], *, first: int, vault: Vault) -> None:
    """Give the people of a copy names, contacts and keys that open, as app.storage.recipients writes them."""
    numbers, keys, wrapped = {}, {}, {}
    for number, row in enumerate(copied[recipients.name], start=first):
        own = row["id"]
        numbers[own] = number
        keys[own], wrapped[own] = vault.new_key(own.bytes)
        row["name_index"] = vault.index("recipient", OPERATOR, person(number))
        profile = json.dumps({"name": person(number), "post_codes": []}).encode()
        row["profile"] = keys[own].seal(profile, place=b"profile" + own.bytes)
    for row in copied[recipient_keys.name]:
        row["wrapped_key"] = wrapped[row["recipient_id"]]
    for row in copied[contact_points.name]:
        whose = row["recipient_id"]
        value = {"sms": phone, "email": email}[row["channel"]](numbers[whose])
        row["value_index"] = vault.index("contact", row["channel"], value)
        row["value"] = keys[whose].seal(value.encode(), place=b"contact" + row["id"].bytes)
