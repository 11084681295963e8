"""Searches among 100,000 notifications on PostgreSQL, and on SQLite: each reads its index, a stretch of it at most."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, insert, text

from app.domain.channel import Channel
from app.domain.notification import Status
from app.domain.retention import first_id_at
from app.storage import search as search_store
from app.storage.database import Database, Tx
from app.storage.search import STRETCH_MAX, Search
from app.storage.tables import contact_points, recipients
from app.storage.vault import Vault
from tests.builders import OPERATOR, PHONE
from tests.conftest import ROOT_SECRET
from tests.integration.api.service import OTHER_OPERATOR
from tests.postgres import PostgresServer, database_name

PEOPLE = 10_000
NOTIFICATIONS = 100_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
# A page of 8 KiB holds some forty of these rows, and one of an index some hundreds of entries: a stretch takes
# less than two hundred pages when its rows lie together, and one for each row when they do not. Whoever read all of
# them would need three thousand.
BLOCKS_MAX = 500
SCATTERED_MAX = STRETCH_MAX + BLOCKS_MAX

_PEOPLE = """
INSERT INTO recipients (id, operator, name_index, created_at)
SELECT md5('person' || g)::uuid, CASE WHEN g % 5 = 0 THEN :other ELSE :operator END,
       decode(md5('name' || g), 'hex'), :began FROM generate_series(0, :people - 1) g
"""
_CONTACTS = """
INSERT INTO contact_points (id, recipient_id, channel, value_index, value, state, changed_at, changed_by)
SELECT md5('contact' || g)::uuid, md5('person' || g)::uuid, 'sms', decode(md5('value' || g), 'hex'), '', 'active',
       :began, 'person' FROM generate_series(0, :people - 1) g
"""
# Ids as UUIDv7s have them: the milliseconds come first.
_NOTIFICATIONS = """
INSERT INTO notifications (id, operator, kind, channel, purpose, recipient_id, contact_id, shipment_index, status,
                           reason, created_at, expires_at, chain_length, chain_leaf, facility, courier_index, grade)
SELECT (lpad(to_hex(extract(epoch FROM at)::bigint * 1000), 12, '0') || '7' || substr(md5(g::text), 1, 3) || '8'
        || substr(md5(g::text), 4, 15))::uuid,
       CASE WHEN person % 5 = 0 THEN :other ELSE :operator END, 'notice_left',
       CASE WHEN g = 17 THEN 'email' ELSE 'sms' END, 'delivery',
       md5('person' || person)::uuid, md5('contact' || person)::uuid, decode(md5('shipment' || g / 2), 'hex'),
       CASE WHEN g = 17 THEN 'failed' ELSE 'delivered' END, CASE WHEN g = 17 THEN 'bounced' END, at, at, 0, '',
       'UP-' || g % 50, decode(md5('courier' || g % 500), 'hex'), CASE WHEN g % 40000 = 18 THEN 5 ELSE 2 END
FROM generate_series(0, :notifications - 1) g, LATERAL
     (SELECT CAST(:began AS timestamptz) + g * interval '60 seconds' AS at, g % CAST(:people AS int) AS person) made
"""


@pytest.fixture(scope="module")
def full_url(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    url = postgres_server.create_database(template=database_name(migrated_postgres))
    asyncio.run(fill(url))
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
async def full(full_url: str) -> AsyncIterator[Database]:
    database = Database(full_url, Vault(ROOT_SECRET))
    yield database
    await database.close()


@pytest.fixture
async def small(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """With the person and the contact that are looked for; SQLite chooses without knowing how many rows there are."""
    path = shutil.copy(migrated_sqlite, tmp_path / "small.db")
    database = Database(f"sqlite+aiosqlite:///{path}", Vault(ROOT_SECRET))
    person, contact = uuid4(), uuid4()
    known = {"operator": OPERATOR, "created_at": BEGAN}
    async with database.write() as tx:
        name, value = (tx.vault.index("recipient", OPERATOR, "somebody"), tx.vault.index("contact", "sms", PHONE))
        await tx.execute(insert(recipients).values(id=person, name_index=name, **known))
        await tx.execute(
            insert(contact_points).values(
                id=contact,
                recipient_id=person,
                channel="sms",
                value_index=value,
                value=b"",
                state="active",
                changed_at=BEGAN,
                changed_by="person",
            )
        )
    yield database
    await database.close()


async def fill(url: str) -> None:
    database = Database(url, Vault(ROOT_SECRET), stall_seconds=None, command_seconds=None)
    given = {
        "operator": OPERATOR,
        "other": OTHER_OPERATOR,
        "began": BEGAN,
        "people": PEOPLE,
        "notifications": NOTIFICATIONS,
    }
    try:
        async with database.write() as tx:
            for statement in (_PEOPLE, _CONTACTS, _NOTIFICATIONS):
                await tx.execute(text(statement), {each: given[each] for each in given if f":{each}" in statement})
            for table, column, value, index in (
                ("recipients", "name_index", "name1", tx.vault.index("recipient", OPERATOR, "somebody")),
                ("contact_points", "value_index", "value1", tx.vault.index("contact", "sms", PHONE)),
                ("notifications", "shipment_index", "shipment501", tx.vault.index("shipment", OPERATOR, "parcel")),
                ("notifications", "courier_index", "courier17", tx.vault.index("courier", OPERATOR, "K-0421")),
            ):
                rows = f"{column} = decode(md5('{value}'), 'hex')"
                await tx.execute(text(f"UPDATE {table} SET {column} = :index WHERE {rows}"), {"index": index})
        async with database.writer.connect() as connection:  # as PostgreSQL does by itself, soon after so many rows
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text("VACUUM ANALYZE"))
    finally:
        await database.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a page cost: the blocks that it read, and the tables that it read from first to last; by which indexes."""

    blocks: int
    scanned: frozenset[str]
    indexes: frozenset[str]


async def statements_of(tx: Tx, search: Search, before: UUID | None) -> list[tuple[str, Any]]:
    """What a page asks the database."""
    statements: list[tuple[str, Any]] = []

    def remember(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        statements.append((statement, parameters))

    connection = tx.connection.sync_connection
    event.listen(connection, "before_cursor_execute", remember)
    try:
        await search_store.page(tx, search, before=before, limit=50)
    finally:
        event.remove(connection, "before_cursor_execute", remember)
    return statements


async def plan_of(tx: Tx, search: Search, before: UUID | None) -> Plan:
    blocks, scanned, indexes = 0, set(), set()
    for spoken, parameters in await statements_of(tx, search, before):
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {spoken}"
        told = (await tx.connection.exec_driver_sql(explain, parameters)).scalar_one()
        top = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
        blocks += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        scanned |= set(_scanned(top))
        indexes |= set(_indexes(top))
    return Plan(blocks=blocks, scanned=frozenset(scanned), indexes=frozenset(indexes))


def _scanned(node: dict[str, Any]) -> list[str]:
    own = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    return own + [name for below in node.get("Plans", ()) for name in _scanned(below)]


def _indexes(node: dict[str, Any]) -> list[str]:
    own = [node["Index Name"]] if "Index Name" in node else []
    return own + [name for below in node.get("Plans", ()) for name in _indexes(below)]


FILLED = {"recipients", "contact_points", "notifications"}  # what is empty is scanned at no cost
MIDDLE = first_id_at(datetime(2026, 2, 4, tzinfo=UTC))
SEARCHES = {
    "everything": Search(),
    "of one operator": Search(operators=(OPERATOR,)),
    "of two operators": Search(operators=(OPERATOR, OTHER_OPERATOR)),
    "of an operator that has none": Search(operators=("dpd",)),
    "a shipment": Search(operators=(OPERATOR,), shipment="parcel"),
    "a recipient": Search(operators=(OPERATOR,), recipient="somebody"),
    "a contact": Search(operators=(OPERATOR,), contact=(Channel.SMS, PHONE)),
    "a contact and a status": Search(operators=(OPERATOR,), contact=(Channel.SMS, PHONE), status=Status.FAILED),
    "a rare status": Search(operators=(OPERATOR,), status=Status.FAILED),
    "a reason": Search(operators=(OPERATOR,), status_reason="bounced"),
    "a rare grade": Search(operators=(OPERATOR,), grade=5),
    "a frequent grade": Search(operators=(OPERATOR,), grade=2),
    "a facility": Search(operators=(OPERATOR,), facility="UP-7"),
    "a courier": Search(operators=(OPERATOR,), courier="K-0421"),
    "a status that nothing has": Search(status=Status.SUPPRESSED, status_reason="no_consent"),
    "a kind and a channel": Search(operators=(OPERATOR,), kind="reminder", channel=Channel.EMAIL),
    "a day": Search(
        operators=(OPERATOR,),
        created_from=datetime(2026, 2, 2, tzinfo=UTC),
        created_to=datetime(2026, 2, 3, tzinfo=UTC),
        status=Status.FAILED,
    ),
}


SCATTERED = {
    "a facility and a kind": Search(operators=(OPERATOR,), facility="UP-7", kind="reminder"),
    "a facility and a rare status": Search(operators=(OPERATOR,), facility="UP-7", status=Status.FAILED),
    "a courier at a facility": Search(operators=(OPERATOR,), facility="UP-7", courier="K-0421"),
    "a frequent status and a rare grade": Search(operators=(OPERATOR,), status=Status.DELIVERED, grade=5),
    "a reason of another status": Search(operators=(OPERATOR,), status=Status.DELIVERED, status_reason="bounced"),
}


async def test_no_search_scans_or_reads_more_than_a_stretch(full: Database) -> None:
    async with full.read() as tx:
        for searches, most in ((SEARCHES, BLOCKS_MAX), (SCATTERED, SCATTERED_MAX)):
            for name, search in searches.items():
                for before in (None, MIDDLE):
                    plan = await plan_of(tx, search, before)
                    assert plan.scanned.isdisjoint(FILLED), name
                    assert plan.blocks < most, (name, plan.blocks)


INDEXES = {
    "everything": "pk_notifications",
    "of one operator": "ix_notifications_operator_id",
    "a shipment": "ix_notifications_shipment_index",
    "a recipient": "ix_notifications_recipient_id",
    "a contact": "ix_notifications_recipient_id",
    "a contact and a status": "ix_notifications_recipient_id",
    "a rare status": "ix_notifications_status",
    "a reason": "ix_notifications_reason",
    "a rare grade": "ix_notifications_grade",
    "a frequent grade": "ix_notifications_grade",
    "a facility": "ix_notifications_facility",
    "a courier": "ix_notifications_courier_index",
    "a day": "ix_notifications_status",
    "a facility and a rare status": "ix_notifications_status",
    "a courier at a facility": "ix_notifications_courier_index",
    "a frequent status and a rare grade": "ix_notifications_grade",
    "a reason of another status": "ix_notifications_reason",
}


@pytest.mark.parametrize("name", INDEXES)
async def test_each_search_is_led_by_its_index_on_postgresql(full: Database, name: str) -> None:
    async with full.read() as tx:
        assert INDEXES[name] in (await plan_of(tx, (SEARCHES | SCATTERED)[name], MIDDLE)).indexes


@pytest.mark.parametrize("name", [name for name in INDEXES if name in SEARCHES])
async def test_each_search_is_led_by_its_index_on_sqlite(small: Database, name: str) -> None:
    async with small.read() as tx:
        steps = await sqlite_steps(tx, SEARCHES[name])
    index = "sqlite_autoindex_notifications_1" if INDEXES[name] == "pk_notifications" else INDEXES[name]
    assert any(step.startswith("SEARCH notifications USING") and f" {index} " in step for step in steps)
    assert not [step for step in steps if step.startswith("SCAN notifications")]


async def sqlite_steps(tx: Tx, search: Search) -> list[str]:
    """What SQLite says it does with the tables, without statistics: nobody runs ANALYZE there."""
    steps: list[str] = []
    for spoken, parameters in await statements_of(tx, search, MIDDLE):
        rows = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {spoken}", parameters)
        steps += [row.detail for row in rows]
    return steps


async def test_what_is_rare_is_found_page_by_page_at_the_end(full: Database) -> None:
    rare = Search(operators=(OPERATOR,), channel=Channel.EMAIL)
    found, pages, before = [], 0, None
    while True:
        async with full.read() as tx:
            page = await search_store.page(tx, rare, before=before, limit=50)
        found += page.notifications
        pages += 1
        before = page.following
        if before is None:
            break
    assert [each.created_at for each in found] == [BEGAN.replace(minute=17)]
    assert pages == -(-NOTIFICATIONS * 4 // 5 // STRETCH_MAX) + (NOTIFICATIONS * 4 // 5 % STRETCH_MAX == 0)


async def test_searches_by_name_find_their_few(full: Database) -> None:
    async with full.read() as tx:
        for search, count in (
            (SEARCHES["a shipment"], 2),
            (SEARCHES["a recipient"], NOTIFICATIONS // PEOPLE),
            (SEARCHES["a contact"], NOTIFICATIONS // PEOPLE),
        ):
            page = await search_store.page(tx, search, before=None, limit=50)
            assert (len(page.notifications), page.following) == (count, None)
