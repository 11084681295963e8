"""A short campaign on each engine: killed at random and at named points, and every invariant holds."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.campaign import campaign
from tests.faults.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.faults.own_postgres import OwnPostgres, own_postgres
from tests.faults.points import POINTS
from tests.faults.rounds import Campaign, run
from tests.faults.tally import Tally
from tests.postgres import PostgresServer

KILLS = 10  # the long campaign is a program, `python -m tests.faults`
# Of all that are named, those around the moments that decide.
POINTS_IN_SHORT = (
    "accept: committing",
    "accept: committed",
    "claim: committed",
    "sms: bytes written: before",
    "email: dot written: before",
    "settle: committed",
    "seal: mark: after",
    "seal: publish: before",
)


@pytest.fixture
def killable_postgres(postgres_server: PostgresServer) -> Iterator[OwnPostgres]:  # which skips where there is none
    """A server of our own, whatever server other tests were given: this one is stopped and started."""
    with own_postgres() as server:
        yield server


def short_campaign(databases: Databases, directory: Path) -> Tally:
    seed = campaign(usual=KILLS).seed
    asked = Campaign(
        databases=databases, directory=directory, kills=KILLS, seed=seed, points=POINTS_IN_SHORT, epilogue=False
    )
    return asyncio.run(run(asked, sys.stderr.write))


def test_sqlite_survives_its_kills(tmp_path: Path) -> None:
    tally = short_campaign(SqliteDatabases(), tmp_path)
    assert tally.is_good, tally.table()
    assert tally.kills >= KILLS


def test_postgres_survives_its_kills_and_stops(tmp_path: Path, killable_postgres: OwnPostgres) -> None:
    tally = short_campaign(PostgresDatabases(postgres=killable_postgres), tmp_path)
    assert tally.is_good, tally.table()
    assert tally.kills >= KILLS


def test_at_least_fifteen_points_are_named() -> None:
    assert len(POINTS) >= 15
    assert POINTS.keys() >= set(POINTS_IN_SHORT)
