"""What a caller sees while the database is away, busy or full, and that no 2xx is ever lost."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from app.storage import database as storage
from tests.integration.api.proxy import Proxy, open_proxy
from tests.integration.api.scene import until
from tests.integration.api.service import Service, fresh_event, open_service
from tests.postgres import PostgresServer, database_name

CLIENTS = 200

# Half of what SQLAlchemy waits for a connection unless told otherwise; we say 1.5 s, and a busy machine adds to that.
NOT_SOON = 15.0


@pytest.fixture
def postgres_database(postgres_server: PostgresServer, migrated_postgres: str) -> str:
    return postgres_server.create_database(template=database_name(migrated_postgres))


@pytest.fixture
async def behind_proxy(postgres_database: str, tmp_path: Path) -> AsyncIterator[tuple[Service, Proxy]]:
    url = make_url(postgres_database)
    async with open_proxy(url.port or 5432) as (proxy, port):
        through = url.set(port=port, host="127.0.0.1").render_as_string(hide_password=False)
        async with open_service(through, tmp_path / "data") as service:
            yield service, proxy


def is_told_to_wait(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 503
        and int(answer.headers["retry-after"]) > 0
        and answer.headers["content-type"] == "application/problem+json"
    )


async def works_again(service: Service) -> None:
    async def accepted() -> bool:
        return (await service.post(fresh_event("in_transit", id="after"))).status_code == 202

    await until(accepted)


async def test_while_postgres_is_away_every_route_says_503_and_when_to_come_back(
    behind_proxy: tuple[Service, Proxy],
) -> None:
    service, proxy = behind_proxy
    await service.register()
    proxy.cut()
    answers = [
        await service.post(fresh_event()),
        await service.post_batch([fresh_event()]),
        await service.get("/v1/notifications"),
        await service.get("/v1/events/00000000-0000-7000-8000-000000000000"),
        await service.get("/log/checkpoint"),
        await service.get("/readyz"),
        await service.get("/metrics"),
    ]
    assert [is_told_to_wait(answer) for answer in answers] == [True] * len(answers), answers
    assert (await service.get("/healthz")).status_code == 200
    proxy.mend()
    await works_again(service)
    assert (await service.get("/readyz")).status_code == 200


async def test_when_postgres_ends_its_connections_the_next_request_is_503_or_works(
    postgres_database: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with open_service(postgres_database, tmp_path / "data") as service:
        name = database_name(postgres_database)
        postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        answer = await service.post(fresh_event("in_transit"))
        assert answer.status_code == 202 or is_told_to_wait(answer)
        await works_again(service)


async def test_no_202_is_lost_while_the_database_comes_and_goes(behind_proxy: tuple[Service, Proxy]) -> None:
    service, proxy = behind_proxy
    answers: dict[str, httpx.Response] = {}

    async def keep_posting(client: int) -> None:
        for number in range(25):
            name = f"{client}-{number}"
            answers[name] = await service.post(fresh_event("in_transit", id=name))
            await asyncio.sleep(0.02)

    async def come_and_go() -> None:
        for _ in range(4):
            await asyncio.sleep(0.15)
            proxy.cut()
            await asyncio.sleep(0.1)
            proxy.mend()

    await asyncio.gather(come_and_go(), *(keep_posting(client) for client in range(8)))
    accepted = {name: answer.json()["event"] for name, answer in answers.items() if answer.status_code == 202}
    refused = [answer for name, answer in answers.items() if name not in accepted]
    assert accepted
    assert refused
    assert all(is_told_to_wait(answer) for answer in refused)
    await works_again(service)
    kept = {name: await service.get(f"/v1/events/{event}") for name, event in accepted.items()}
    assert {name: answer.json()["cloudevent"]["id"] for name, answer in kept.items()} == {n: n for n in accepted}


async def test_while_another_process_holds_sqlites_lock_an_event_is_503_and_accepted_afterwards(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BUSY_SECONDS", 1)
    file = tmp_path / "awizo.db"
    await asyncio.to_thread(file.write_bytes, migrated_sqlite.read_bytes())  # noqa: ASYNC240 – once, before anything runs
    async with open_service(f"sqlite+aiosqlite:///{file}", tmp_path / "data") as service:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        answer = await service.post(fresh_event("in_transit"))
        assert is_told_to_wait(answer)
        assert time.monotonic() - started < NOT_SOON
        assert (await service.get("/v1/notifications")).status_code == 200
        holder.rollback()
        holder.close()
        await works_again(service)


async def post_at_once(service: Service) -> list[tuple[httpx.Response, float]]:
    async def post(number: int) -> tuple[httpx.Response, float]:
        started = time.monotonic()
        answer = await service.post(fresh_event("in_transit", id=f"client-{number}"))
        return answer, time.monotonic() - started

    return await asyncio.gather(*(post(number) for number in range(CLIENTS)))


async def test_a_pool_of_one_serves_two_hundred_clients_or_says_503_soon(database_url: str, tmp_path: Path) -> None:
    async with open_service(database_url, tmp_path / "data", pool_size=1) as service:
        answered = await post_at_once(service)
        assert all(answer.status_code == 202 or is_told_to_wait(answer) for answer, _ in answered)
        assert any(answer.status_code == 202 for answer, _ in answered)
        assert max(seconds for _, seconds in answered) < NOT_SOON
        await works_again(service)
        accepted = {answer.json()["event"] for answer, _ in answered if answer.status_code == 202}
        for event in accepted:
            assert (await service.get(f"/v1/events/{event}")).status_code == 200


async def test_with_the_only_connection_taken_two_hundred_clients_get_503_soon(
    postgres_database: str, tmp_path: Path
) -> None:
    async with open_service(postgres_database, tmp_path / "data", pool_size=1) as service:
        async with service.services.database.write():
            answered = await post_at_once(service)
        assert all(is_told_to_wait(answer) for answer, _ in answered)
        assert max(seconds for _, seconds in answered) < NOT_SOON
        await works_again(service)
        assert (await service.counts())["events"] == 1
