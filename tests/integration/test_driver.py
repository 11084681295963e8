"""Statements that go to the driver past SQLAlchemy are part of its transaction, and fail as its own statements do."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.storage.database import Database, DatabaseUnavailableError, Tx, is_repeatable
from app.storage.driver import fetch
from app.storage.sql import Lookup, insert_rows
from app.storage.tables import contact_marks
from tests.builders import NOON

MARKS = [bytes([number]) * 32 for number in range(5)]
BY_MARK = Lookup(select(contact_marks.c.mark, contact_marks.c.ends_at), contact_marks.c.mark)

only_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


async def insert(tx: Tx, *marks: bytes, unless_taken: str | None = None) -> int:
    rows = [{"mark": mark, "marked_at": NOON, "ends_at": NOON} for mark in marks]
    return await insert_rows(tx, contact_marks, rows, unless_taken=unless_taken)


async def there(database: Database) -> set[bytes]:
    async with database.read() as tx:
        return {row.mark for row in await BY_MARK.rows(tx, MARKS)}


async def test_what_is_inserted_is_found_again_with_its_types(database: Database) -> None:
    async with database.write() as tx:
        assert await insert(tx, *MARKS) == len(MARKS)
    async with database.read() as tx:
        found = await BY_MARK.rows(tx, MARKS[:3])
    assert sorted((row.mark, row.ends_at) for row in found) == [(mark, NOON) for mark in MARKS[:3]]


async def test_nothing_that_is_looked_for_finds_nothing(database: Database) -> None:
    async with database.write() as tx:
        assert await BY_MARK.rows(tx, []) == []
        assert await BY_MARK.rows(tx, MARKS) == []


async def test_the_first_statement_of_a_transaction_is_rolled_back_with_it(database: Database) -> None:
    async def fail_after_inserting(tx: Tx) -> None:
        await insert(tx, *MARKS)
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(fail_after_inserting)
    assert await there(database) == set()


async def test_rows_that_are_taken_are_left_out_and_not_counted(database: Database) -> None:
    async with database.write() as tx:
        await insert(tx, *MARKS[:2])
        assert await insert(tx, *MARKS, unless_taken="mark") == len(MARKS) - 2
    assert await there(database) == set(MARKS)


async def test_a_row_that_is_there_twice_is_an_integrity_error_and_nothing_is_kept(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as tx:
            await insert(tx, MARKS[0], MARKS[1], MARKS[0])
    assert await there(database) == set()


@only_postgres
async def test_who_loses_the_race_for_a_row_may_try_again(database: Database) -> None:
    async with database.write() as tx:
        await insert(tx, MARKS[0])
    with pytest.raises(DBAPIError) as raised:
        async with database.write() as tx:
            await insert(tx, MARKS[0])
    assert is_repeatable(raised.value)


async def test_a_statement_that_is_wrong_is_a_database_error(database: Database) -> None:
    with pytest.raises((DBAPIError, DatabaseUnavailableError)):
        async with database.write() as tx:
            await fetch(tx, "SELECT nothing FROM nowhere", ())
    assert await there(database) == set()


@only_postgres
async def test_a_connection_that_is_cut_off_is_let_go_of_and_the_next_one_works(database: Database) -> None:
    async def cut_off(tx: Tx) -> None:
        await insert(tx, *MARKS)
        process = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with database.write() as other:
            await other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
        await BY_MARK.rows(tx, MARKS)

    with pytest.raises(DatabaseUnavailableError):
        await database.transact(cut_off)
    assert await there(database) == set()


@only_postgres
async def test_a_statement_that_is_cancelled_leaves_nothing_behind_and_the_next_one_works(database: Database) -> None:
    waiting = asyncio.Event()

    async def insert_and_wait() -> None:
        async with database.write() as tx:
            await insert(tx, *MARKS)
            waiting.set()
            await fetch(tx, "SELECT pg_sleep(60)", ())

    task = asyncio.create_task(insert_and_wait())
    await waiting.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await there(database) == set()
