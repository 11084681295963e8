"""Searches among 200,000 notifications on PostgreSQL: each reads an index, and no more of it than a stretch."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from app.domain.channel import Channel
from app.domain.notification import Status
from app.domain.retention import first_id_at
from app.storage import search as search_store
from app.storage.database import Database, Tx
from app.storage.search import STRETCH_MAX, Search
from app.storage.vault import Vault
from tests.builders import OPERATOR, PHONE
from tests.conftest import ROOT_SECRET
from tests.integration.api.service import OTHER_OPERATOR
from tests.postgres import PostgresServer, database_name

PEOPLE = 20_000
NOTIFICATIONS = 200_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
# A page of 8 KiB holds some forty of these rows, and one of an index some hundreds of entries: a stretch takes
# less than two hundred pages. Whoever read all of them would need six thousand.
BLOCKS_MAX = 500

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
                           reason, created_at, expires_at, chain_length, chain_leaf)
SELECT (lpad(to_hex(extract(epoch FROM at)::bigint * 1000), 12, '0') || '7' || substr(md5(g::text), 1, 3) || '8'
        || substr(md5(g::text), 4, 15))::uuid,
       CASE WHEN person % 5 = 0 THEN :other ELSE :operator END, 'notice_left', 'sms', 'delivery',
       md5('person' || person)::uuid, md5('contact' || person)::uuid, decode(md5('shipment' || g / 2), 'hex'),
       CASE WHEN g = 17 THEN 'failed' ELSE 'delivered' END, NULL, at, at, 0, ''
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
            ):
                rows = f"{column} = decode(md5('{value}'), 'hex')"
                await tx.execute(text(f"UPDATE {table} SET {column} = :index WHERE {rows}"), {"index": index})
            await tx.execute(text("ANALYZE"))
    finally:
        await database.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a page cost: the blocks that it read, and the tables that it read from the first row to the last."""

    blocks: int
    scanned: frozenset[str]


async def plan_of(tx: Tx, search: Search, before: UUID | None) -> Plan:
    statements: list[tuple[str, Any]] = []

    def remember(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        statements.append((statement, parameters))

    connection = tx.connection.sync_connection
    event.listen(connection, "before_cursor_execute", remember)
    try:
        await search_store.page(tx, search, before=before, limit=50)
    finally:
        event.remove(connection, "before_cursor_execute", remember)
    blocks, scanned = 0, set()
    for spoken, parameters in statements:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {spoken}"
        told = (await tx.connection.exec_driver_sql(explain, parameters)).scalar_one()
        top = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
        blocks += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        scanned |= set(_scanned(top))
    return Plan(blocks=blocks, scanned=frozenset(scanned))


def _scanned(node: dict[str, Any]) -> list[str]:
    own = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    return own + [name for below in node.get("Plans", ()) for name in _scanned(below)]


FILLED = {"recipients", "contact_points", "notifications"}  # what is empty is scanned at no cost
MIDDLE = first_id_at(datetime(2026, 3, 1, tzinfo=UTC))
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
    "a status that nothing has": Search(status=Status.SUPPRESSED, status_reason="no_consent"),
    "a kind and a channel": Search(operators=(OPERATOR,), kind="reminder", channel=Channel.EMAIL),
    "a day": Search(
        operators=(OPERATOR,),
        created_from=datetime(2026, 2, 2, tzinfo=UTC),
        created_to=datetime(2026, 2, 3, tzinfo=UTC),
        status=Status.FAILED,
    ),
}


async def test_no_search_scans_or_reads_more_than_a_stretch(full: Database) -> None:
    async with full.read() as tx:
        for name, search in SEARCHES.items():
            for before in (None, MIDDLE):
                plan = await plan_of(tx, search, before)
                assert plan.scanned.isdisjoint(FILLED), name
                assert plan.blocks < BLOCKS_MAX, (name, plan.blocks)


async def test_what_is_rare_is_found_page_by_page_at_the_end(full: Database) -> None:
    rare = Search(operators=(OPERATOR,), status=Status.FAILED)
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
