"""A short campaign on each engine: killed at random and at named points, and every invariant holds. `make faults` runs
long ones.
"""

import asyncio
import sys
from pathlib import Path

from tests.faults.campaign import campaign
from tests.faults.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.faults.own_postgres import own_postgres
from tests.faults.points import POINTS
from tests.faults.rounds import Campaign, run
from tests.faults.tally import Tally

KILLS = 10
# Those that have cost others most: before and after each of the moments that decide.
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


def try_engine(databases: Databases, directory: Path) -> Tally:
    short = campaign(usual=KILLS)
    asked = Campaign(
        databases=databases, directory=directory, kills=KILLS, seed=short.seed, points=POINTS_IN_SHORT, epilogue=False
    )
    return asyncio.run(run(asked, sys.stderr.write))


def test_sqlite_survives_its_kills(tmp_path: Path) -> None:
    tally = try_engine(SqliteDatabases(), tmp_path)
    assert tally.is_good, tally.table()
    assert tally.kills >= KILLS


def test_postgres_survives_its_kills_and_stops(tmp_path: Path, postgres_server: object) -> None:
    with own_postgres() as postgres:
        tally = try_engine(PostgresDatabases(postgres=postgres), tmp_path)
    assert tally.is_good, tally.table()
    assert tally.kills >= KILLS


def test_at_least_fifteen_points_are_named() -> None:
    assert len(POINTS) >= 15
    assert POINTS.keys() >= set(POINTS_IN_SHORT)
