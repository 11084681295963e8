"""Makes a database old in little time: a small history that really happened, copied until it is large.

Every copy has people, ids, indexes, leaves and days of its own, obeys every constraint, and has its facts in the log.
Its people are as good as real ones: their keys, names and contacts open. Encrypted values of what happened to them keep
the bytes of the original, which nobody can open under a copy's ids, and nobody who only accepts and sends does.
"""

import json
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, Uuid, select, text

from app.merkle.tree import HASH_BYTES
from app.storage import log
from app.storage.database import Database, Tx
from app.storage.log import PendingEntry
from app.storage.sql import insert_columns
from app.storage.tables import (
    attempts,
    consents,
    contact_points,
    events,
    facts,
    notifications,
    receipts,
    recipient_keys,
    recipients,
)
from app.storage.types import Instant
from app.storage.vault import Vault
from tests.bench.traffic import email, person, phone
from tests.builders import OPERATOR

_COPIES_PER_COMMIT = 50
_HISTORY = timedelta(days=365)
_TABLES = (recipients, recipient_keys, contact_points, consents, events, notifications, attempts, receipts, facts)
# What must differ between two people, shipments or facts.
_OWN = frozenset({"dedupe_key", "shipment_index", "chain_leaf", "leaf", "fact_leaf"})

Columns = dict[str, list[Any]]
Tables = dict[str, Columns]
# Gives copy `number` of the original its own sense, before it is written: rows of both stand in the same order.
Adapt = Callable[[Tables, Tables, int], Tables]


def _as_it_is(_original: Tables, copied: Tables, _number: int) -> Tables:
    return copied


async def copy_history(database: Database, *, notifications_wanted: int, adapt: Adapt = _as_it_is) -> int:
    """Copy what is in the database until it has that many notifications; how many people it then has.

    The originals are named as `tests.bench.traffic` names people, from 0 on; so are the copies, after them.
    """
    original = await _read(database)
    people, size = len(original[recipients.name]["id"]), len(original[notifications.name]["id"])
    copies = max(0, -(-notifications_wanted // size) - 1)
    for first in range(0, copies, _COPIES_PER_COMMIT):
        numbers = range(first, min(first + _COPIES_PER_COMMIT, copies))
        copied = ((number, _copy(original, number, of=copies, vault=database.vault)) for number in numbers)
        made = [adapt(original, each, number) for number, each in copied]
        async with database.write() as tx:
            if database.is_sqlite:  # for this connection, which goes with the pool: random keys need much of the index
                await tx.execute(text("PRAGMA cache_size = -1000000"))
            for table in _TABLES:
                columns = _joined([each[table.name] for each in made])
                if any(columns.values()):
                    await insert_columns(tx, table, columns)
            await _sequence(tx, [fact for each in made for fact in each[facts.name]["id"]])
        sys.stderr.write(f"\r    {(numbers[-1] + 2) * size:,} of {notifications_wanted:,} notifications ")
    sys.stderr.write("\r" + " " * 60 + "\r")
    return people * (copies + 1)


async def _read(database: Database) -> Tables:
    """Every table by columns, people in the order of their names."""
    found = {}
    async with database.read() as tx:
        for table in _TABLES:
            rows = (await tx.execute(select(table).order_by(*table.primary_key.columns))).all()
            columns = map(list, zip(*rows, strict=True)) if rows else ([] for _ in table.c)
            found[table.name] = dict(zip(table.c.keys(), columns, strict=True))
    return found


def _joined(copies: Sequence[Columns]) -> Columns:
    return {name: [value for each in copies for value in each[name]] for name in copies[0]}


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


def _copy(original: Tables, number: int, *, of: int, vault: Vault) -> Tables:
    """Copy `number` of `of`: the first lies furthest back, the last just before what really happened."""
    renamed = _Renamed(earlier=_HISTORY * (of - number) / of + timedelta(days=1))
    copied = {table.name: renamed.columns(table, original[table.name]) for table in _TABLES}
    people = len(original[recipients.name]["id"])
    _name_people(copied, first=people * (number + 1), vault=vault)
    return copied


class _Renamed:
    """Other ids, indexes and days, the same ones wherever the original has the same."""

    def __init__(self, *, earlier: timedelta) -> None:
        self._earlier = earlier
        self._milliseconds = int(earlier.total_seconds() * 1000)
        self._new: dict[Any, Any] = {None: None}

    def columns(self, table: Table, original: Columns) -> Columns:
        return {name: self._column(table, name, values) for name, values in original.items()}

    def _column(self, table: Table, name: str, values: list[Any]) -> list[Any]:
        kind = table.c[name].type
        if name in _OWN:
            return self._each(values, lambda value: secrets.token_bytes(len(value)))
        if isinstance(kind, Instant):
            return self._each(values, lambda value: value - self._earlier)
        return self._each(values, self._id) if isinstance(kind, Uuid) else values

    def _each(self, values: list[Any], new: Callable[[Any], Any]) -> list[Any]:
        for value in values:
            if value not in self._new:
                self._new[value] = new(value)
        return [self._new[value] for value in values]

    def _id(self, value: UUID) -> UUID:
        """A UUIDv7 (RFC 9562 §5.7) of the earlier time; its random part is new."""
        milliseconds = (value.int >> 80) - self._milliseconds
        # Version and what counts within a millisecond stay: ids keep their order.
        return UUID(int=milliseconds << 80 | (value.int >> 62 & 0x3FFFF) << 62 | secrets.randbits(62))


def _name_people(copied: Tables, *, first: int, vault: Vault) -> None:
    """Give the people of a copy names, contacts and keys that open, as app.storage.recipients writes them."""
    people, contacts, kept = copied[recipients.name], copied[contact_points.name], copied[recipient_keys.name]
    numbers = {own: number for number, own in enumerate(people["id"], start=first)}
    keys = {own: vault.new_key(own.bytes) for own in numbers}
    kept["wrapped_key"] = [keys[own][1] for own in kept["recipient_id"]]
    people["name_index"] = [vault.index("recipient", OPERATOR, person(number)) for number in numbers.values()]
    people["profile"] = [
        keys[own][0].seal(json.dumps({"name": person(number), "post_codes": []}).encode(), place=b"profile" + own.bytes)
        for own, number in numbers.items()
    ]
    values = [
        {"sms": phone, "email": email}[channel](numbers[whose])
        for channel, whose in zip(contacts["channel"], contacts["recipient_id"], strict=True)
    ]
    contacts["value_index"] = [
        vault.index("contact", channel, value) for channel, value in zip(contacts["channel"], values, strict=True)
    ]
    contacts["value"] = [
        keys[whose][0].seal(value.encode(), place=b"contact" + own.bytes)
        for own, whose, value in zip(contacts["id"], contacts["recipient_id"], values, strict=True)
    ]
