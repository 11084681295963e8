"""Whole processes and their duties: which ones each has, and what a stop leaves in the log."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select, update

from app.domain.duty import Duty
from app.domain.role import Role
from app.process import running
from app.storage import downtimes as downtime_store
from app.storage.database import Database
from app.storage.tables import duties, facts
from app.storage.vault import Vault
from app.usecases.read_downtimes import Downtime, recent_downtimes
from tests.conftest import ROOT_SECRET
from tests.doubles.sms_gateway import SmsGateway
from tests.doubles.smtp_server import SmtpServer
from tests.integration.api.process import serve
from tests.integration.api.proxy import open_proxy
from tests.integration.api.scene import until
from tests.integration.api.service import open_service, settings_for, with_providers

AWAY = timedelta(minutes=2)


async def reported(database: Database) -> dict[Duty, datetime]:
    async with database.read() as tx:
        return await downtime_store.fine_moments(tx)


async def seem_away(database: Database) -> dict[Duty, datetime]:
    """Let it look as if nobody had reported for minutes; when each duty was done last, then."""
    known = await reported(database)
    async with database.write() as tx:
        for duty, fine_at in known.items():
            await tx.execute(update(duties).where(duties.c.name == duty).values(fine_at=fine_at - AWAY))
    return {duty: fine_at - AWAY for duty, fine_at in known.items()}


async def noted(database: Database) -> tuple[Downtime, ...]:
    async with database.read() as tx:
        return await recent_downtimes(tx, since=datetime.fromisoformat("2020-01-01T00:00Z"))


async def are_noted(database: Database, *expected: Duty) -> dict[Duty, datetime]:
    """Wait until exactly these downtimes are sealed; when each began."""

    async def sealed() -> bool:
        return len([each for each in await noted(database) if each.index is not None]) >= len(expected)

    await until(sealed)
    found = await noted(database)
    assert sorted(each.duty for each in found) == sorted(expected)
    assert all(each.ended_at is not None and each.ended_at - each.began_at >= AWAY for each in found)
    async with database.read() as tx:
        query = select(func.count()).select_from(facts).where(facts.c.type == "log.incident")
        assert (await tx.execute(query)).scalar_one() == len(expected)
    return {each.duty: each.began_at for each in found}


async def have(database: Database, *expected: Duty) -> None:
    """Wait until these duties and no others were reported."""

    async def are_there() -> bool:
        return set(await reported(database)) >= set(expected)

    await until(are_there)
    assert set(await reported(database)) == set(expected)


def test_a_process_that_was_killed_and_starts_again_later_notes_one_downtime_of_each_duty(
    database_url: str, tmp_path: Path
) -> None:
    async def wait_for_reports() -> None:
        database = Database(database_url, Vault(ROOT_SECRET))
        await have(database, Duty.ACCEPT, Duty.SEAL)
        await database.close()

    async def wait_for_downtimes(before: dict[Duty, datetime]) -> None:
        database = Database(database_url, Vault(ROOT_SECRET))
        assert await are_noted(database, *before) == before
        await database.close()

    async def let_time_pass() -> dict[Duty, datetime]:
        database = Database(database_url, Vault(ROOT_SECRET))
        before = await seem_away(database)
        await database.close()
        return before

    with serve(tmp_path, database_url=database_url) as first:
        asyncio.run(wait_for_reports())
        first.process.kill()
        first.process.wait()
        before = asyncio.run(let_time_pass())
        assert before.keys() == {Duty.ACCEPT, Duty.SEAL}
        with serve(tmp_path, database_url=database_url):
            asyncio.run(wait_for_downtimes(before))
        first.process.returncode = 0  # it did not end in good order, and was not to


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_while_the_database_is_away_nothing_is_known_and_afterwards_the_stretch_is_noted(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    url = make_url(database_url)
    async with open_proxy(url.port or 5432) as (proxy, port):
        through = url.set(port=port, host="127.0.0.1").render_as_string(hide_password=False)
        async with open_service(through, tmp_path / "data"):
            await have(database, *Duty)
            proxy.cut()
            before = await seem_away(database)
            proxy.mend()
            assert await are_noted(database, *Duty) == before


async def test_a_deployment_without_a_provider_does_not_owe_that_channel(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with open_service(database_url, tmp_path / "data"):
        await have(database, *Duty)
    async with open_service(database_url, tmp_path / "data", sms_providers=""):

        async def is_given_up() -> bool:
            return Duty.SMS not in await reported(database)

        await until(is_given_up)
        await have(database, Duty.ACCEPT, Duty.EMAIL, Duty.SEAL)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_only_who_answers_http_accepts_and_only_workers_dispatch_and_seal(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with SmsGateway() as gateway, SmtpServer() as mail, AsyncExitStack() as processes:
        settings = settings_for(database_url, tmp_path / "data", **with_providers(gateway, mail))
        await processes.enter_async_context(running(settings, Role.WORKER))
        await have(database, Duty.SMS, Duty.EMAIL, Duty.SEAL)
        await processes.enter_async_context(running(settings, Role.API))
        await have(database, *Duty)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_process_that_only_answers_http_gives_no_channel_up(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with open_service(database_url, tmp_path / "data"):
        await have(database, *Duty)
    async with running(settings_for(database_url, tmp_path / "data"), Role.API):
        before = await reported(database)

        async def accepts() -> bool:
            return (await reported(database))[Duty.ACCEPT] > before[Duty.ACCEPT]

        await until(accepts)
        assert set(await reported(database)) == set(Duty)
