"""A large database that auditors search: what is frequent in it, what is rare, and names that lead somewhere.

A small history that really happened is copied (bulk_history), and every copy is given facilities, couriers and
shipments of its own. Its first facts are sealed anew, so that they open; what else was sealed is left out, as after its
time. What is rare stands in one copy of many. Nothing is changed that a fact says.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.event import Event
from app.domain.outcome import Permanence, Refused
from app.domain.statement import StatementKind
from app.evidence.fact import Opening
from app.storage.database import Database
from app.storage.facts import StoredFact, _pack, _place  # what this module writes is to be read by those
from app.storage.recipients import by_ids
from app.storage.tables import attempts, events, facts, notifications, receipts, recipient_keys
from app.storage.vault import PersonKey, Vault
from app.usecases.say_about_notice import Recorded, Saying, say_about_notice
from app.usecases.seal_log import Sealer
from app.wiring import real_surroundings
from tests.bench.bulk_history import Columns, Tables, copy_history
from tests.bench.growing import finish, tidy
from tests.bench.happening import Happening, happening
from tests.bench.traffic import email, person, phone
from tests.builders import FACILITY, OPERATOR, event

PEOPLE = 10
RARE_IN = 500  # copies
_NOTICES_EACH = 4

FACILITIES, COURIERS = 400, 1_000
FREQUENT_FACILITY, RARE_FACILITY = "UP-000", "UP-RARE"
FREQUENT_COURIER, RARE_COURIER = "K-0000", "K-RARE"

_INDEXED = ("recipients", "contact_points", "events", "notifications", "attempts", "receipts", "facts", "leaves")


async def fill(database: Database, sealer: Sealer, *, notifications_wanted: int) -> int:
    """Fill a database in which `PEOPLE` people are registered; how many people it then has."""
    rare = await _let_happen(database, sealer)
    async with _indexed_afterwards(database):
        sense = await _sense(database, rare)
        people = await copy_history(database, notifications_wanted=notifications_wanted, adapt=sense.adapt)
    await sealer.start()
    await tidy(database)
    return people


def shipment(copy: int, number: int) -> str:
    """What shipment `number` of a copy is called."""
    return f"00{copy:09d}{number:09d}"


def facility_of(copy: int, number: int) -> str:
    """Where an item of event `number` of a copy waits: at one place a quarter of them, at the others the rest."""
    return FREQUENT_FACILITY if number % 4 == 0 else f"UP-{1 + (copy * 31 + number) % (FACILITIES - 1):03d}"


def courier_of(copy: int, number: int) -> str:
    """Whose notice it is: a tenth is one courier's."""
    return FREQUENT_COURIER if number % 10 == 0 else f"K-{1 + (copy * 53 + number) % (COURIERS - 1):04d}"


async def _let_happen(database: Database, sealer: Sealer) -> set[UUID]:
    """Each person gets notices, told by both ways, and news that they did not agree to. The events that are rare."""
    async with happening(database) as happen:
        for number in range(_NOTICES_EACH):
            await happen.accept([_event("notice_left", each, number) for each in range(PEOPLE)])
        await happen.accept([_event("out_for_delivery", each, _NOTICES_EACH) for each in range(PEOPLE)])
        await happen.send()
        rare = await _rare(database, happen)
        await happen.deliver()
    await finish(database)
    while await sealer.turn():
        pass
    return rare


async def _rare(database: Database, happen: Happening) -> set[UUID]:
    """One message that fails, one that is acknowledged, and news that is told already."""
    happen.sms.outcomes.append(Refused(permanence=Permanence.PERMANENT, stage="response", code="21610", reply=b"{}"))
    failed = await happen.accept([_event("notice_left", 0, _NOTICES_EACH + 1)])
    await happen.send()
    acknowledged = await happen.accept([_event("notice_left", 1, _NOTICES_EACH + 1)])
    await happen.send()
    repeated = await happen.accept([_event("notice_left", 1, _NOTICES_EACH + 1, again="-again")])
    saying = Saying(kind=StatementKind.ACKNOWLEDGED, words="Got it", language="en")
    (answer, *_) = acknowledged
    said = await database.transact(
        lambda tx: say_about_notice(tx, answer.notifications[0].id, saying, surroundings=real_surroundings())
    )
    if not isinstance(said, Recorded):
        raise TypeError("nothing was acknowledged")
    return {each.event for each in (*failed, *acknowledged, *repeated)}


def _event(kind: str, whose: int, number: int, *, again: str = "") -> Event:
    name = shipment(0, whose * 100 + number)
    at = datetime.now(UTC) - timedelta(minutes=1)
    data = {"shipment": name, "recipient": person(whose)}
    place = {"facility": FACILITY | {"id": RARE_FACILITY}} if number > _NOTICES_EACH else {}
    return event(kind, at=at, id=f"{kind}-{name}{again}", subject=f"shipment/{name}", data=data | place)


@asynccontextmanager
async def _indexed_afterwards(database: Database) -> AsyncIterator[None]:
    """Without what PostgreSQL is quicker to build and to check over everything than row by row."""
    if database.is_sqlite:
        yield
        return
    async with _outside(database) as connection:
        constraints = (await connection.execute(_CONSTRAINTS, {"tables": list(_INDEXED)})).all()
        for row in constraints:
            await connection.execute(text(f'ALTER TABLE {row.of} DROP CONSTRAINT "{row.name}"'))
        indexes = (await connection.execute(_INDEXES, {"tables": list(_INDEXED)})).all()
        for row in indexes:
            await connection.execute(text(f'DROP INDEX "{row.name}"'))
    yield
    async with _outside(database) as connection:
        await connection.execute(text("SET maintenance_work_mem = '256MB'"))
        for row in indexes:
            await connection.execute(text(row.definition))
        for row in reversed(constraints):  # what others refer to comes before them
            await connection.execute(text(f'ALTER TABLE {row.of} ADD CONSTRAINT "{row.name}" {row.definition}'))
        await connection.execute(text("RESET maintenance_work_mem"))


_CONSTRAINTS = text(
    "SELECT conrelid::regclass::text AS of, conname AS name, pg_get_constraintdef(oid) AS definition "
    "FROM pg_constraint WHERE conrelid::regclass::text = ANY(:tables) AND contype IN ('f', 'u') ORDER BY contype"
)
_INDEXES = text(
    "SELECT indexname AS name, indexdef AS definition FROM pg_indexes "
    "WHERE tablename = ANY(:tables) AND indexdef LIKE 'CREATE INDEX%'"
)


@asynccontextmanager
async def _outside(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection outside of any transaction."""
    async with database.writer.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


async def _sense(database: Database, rare: Collection[UUID]) -> "_Sense":
    async with database.read() as tx:
        rows = (await tx.execute(select(facts).where(facts.c.n == 0))).all()
        records = await by_ids(tx, {row.recipient_id for row in rows})
    openings = {}
    for row in rows:
        stored = StoredFact(
            id=row.id,
            type=row.type,
            recipient=row.recipient_id,
            document=row.document,
            salt=row.salt,
            leaf=row.leaf,
            sealed=row.sealed,
        )
        openings[row.id] = dict(stored.openings(records[row.recipient_id].key))
    return _Sense(rare=frozenset(rare), vault=database.vault, openings=openings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sense:
    """Gives copies names of their own. `rare` are original events, `openings` those of the original first facts."""

    rare: frozenset[UUID]
    vault: Vault = field(repr=False)
    openings: dict[UUID, dict[str, Opening]] = field(repr=False)

    def adapt(self, original: Tables, copied: Tables, number: int) -> Tables:
        """See bulk_history.Adapt. What people did and what events said is left out: no search reads it."""
        places = original[events.name]["id"]
        self._name_shipments(copied, number)
        self._place(original, copied, number)
        self._seal(original, copied, number)
        copied[events.name] |= {"payload": [None] * len(places), "decoded": [None] * len(places)}
        gone = self._of_people(original)
        if number % RARE_IN:
            gone |= self._of_rare_events(original)
        return copied | {
            name: _without(copied[name], {place for place, own in enumerate(original[name]["id"]) if own in ids})
            for name, ids in gone.items()
        }

    def _name_shipments(self, copied: Tables, number: int) -> None:
        known = [index for index in dict.fromkeys(copied[events.name]["shipment_index"]) if index]
        named = {
            index: self.vault.index("shipment", OPERATOR, shipment(number + 1, at)) for at, index in enumerate(known)
        }
        for table in (events.name, notifications.name):
            rows = copied[table]
            rows["shipment_index"] = [named.get(index) for index in rows["shipment_index"]]

    def _place(self, original: Tables, copied: Tables, number: int) -> None:
        rows, places = copied[notifications.name], _places(original[events.name]["id"])
        of_rows = original[notifications.name]["event_id"]
        rows["facility"] = [
            RARE_FACILITY if each in self.rare else facility_of(number, places[each]) for each in of_rows
        ]
        rows["courier_index"] = [
            self.vault.index(
                "courier", OPERATOR, RARE_COURIER if each in self.rare else courier_of(number, places[each])
            )
            for each in of_rows
        ]

    def _seal(self, original: Tables, copied: Tables, number: int) -> None:
        rows, kept = copied[facts.name], copied[recipient_keys.name]
        keys = {
            whose: self.vault.unwrap(wrapped, whose.bytes)
            for whose, wrapped in zip(kept["recipient_id"], kept["wrapped_key"], strict=True)
        }
        whose_number = {own: PEOPLE * (number + 1) + at for at, own in enumerate(copied["recipients"]["id"])}
        shipments = self._shipments(original, number)
        rows["sealed"] = [
            self._sealed(first, fact, keys[whose], whose_number[whose], shipments.get(about, ""))
            if first in self.openings
            else None
            for first, fact, whose, about in zip(
                original[facts.name]["id"],
                rows["id"],
                rows["recipient_id"],
                original[facts.name]["notification_id"],
                strict=True,
            )
        ]

    @staticmethod
    def _shipments(original: Tables, number: int) -> dict[UUID, str]:
        """What the shipment of each notification is called in that copy, by the original's id."""
        places = _places([index for index in dict.fromkeys(original[events.name]["shipment_index"]) if index])
        rows = original[notifications.name]
        return {
            own: shipment(number + 1, places[index])
            for own, index in zip(rows["id"], rows["shipment_index"], strict=True)
            if index
        }

    def _sealed(self, first: UUID, fact: UUID, key: PersonKey, number: int, about: str) -> bytes:
        openings = self.openings[first]
        values = {"recipient": person(number), "shipment": about}
        if "contact" in openings:
            values["contact"] = email(number) if b"@" in openings["contact"].value else phone(number)
        named = {name: Opening(opening.salt, values[name].encode()) for name, opening in openings.items()}
        return key.seal(_pack(named), place=_place(fact))

    @staticmethod
    def _of_people(original: Tables) -> dict[str, set[UUID]]:
        rows = original[facts.name]
        told = zip(rows["id"], rows["notification_id"], rows["type"], strict=True)
        return {facts.name: {own for own, about, kind in told if about is None and not kind.startswith("event.")}}

    def _of_rare_events(self, original: Tables) -> dict[str, set[UUID]]:
        told = _belonging(original[notifications.name], "event_id", self.rare)
        tried = _belonging(original[attempts.name], "notification_id", told)
        return {
            notifications.name: told,
            attempts.name: tried,
            receipts.name: _belonging(original[receipts.name], "attempt_id", tried),
            facts.name: _belonging(original[facts.name], "notification_id", told)
            | self._of_people(original)[facts.name],
        }


def _places(values: Collection[UUID]) -> dict[UUID, int]:
    return {value: place for place, value in enumerate(values)}


def _belonging(rows: Columns, column: str, to: Collection[UUID]) -> set[UUID]:
    return {own for own, of in zip(rows["id"], rows[column], strict=True) if of in to}


def _without(rows: Columns, gone: Collection[int]) -> Columns:
    return {name: [value for place, value in enumerate(values) if place not in gone] for name, values in rows.items()}
