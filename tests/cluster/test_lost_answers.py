"""A COMMIT whose answer is lost: the caller is told that nobody knows, and asking again settles it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.doubles.connections import Connections
from tests.integration.api.service import Service, fresh_event, open_service

POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


class SwallowingAnswers(Connections):
    """Passes everything on to 127.0.0.1:`port`, but once `armed` not the answer to the next COMMIT.

    When it is `keeping_it_back`, not even the question. Either way the connection ends there.
    """

    def __init__(self, port: int) -> None:
        super().__init__(self._pass_on)
        self._there = port
        self.armed = False
        self.keeping_it_back = False
        self.swallowed = 0

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._there)
        back = asyncio.create_task(_copy(there_reader, writer))
        try:
            while data := await reader.read(65536):
                if self.armed and b"COMMIT" in data:
                    self.armed = False
                    back.cancel()
                    await self._swallow(data, there_reader, there_writer)
                    return
                there_writer.write(data)
                await there_writer.drain()
        finally:
            back.cancel()
            there_writer.close()

    async def _swallow(self, data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.swallowed += 1
        if not self.keeping_it_back:
            writer.write(data)
            await writer.drain()
            await reader.read(1)  # it has taken effect


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@pytest.fixture
async def behind(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Service, SwallowingAnswers]]:
    """A process that only answers HTTP: every COMMIT is that of a request."""
    url = make_url(database_url)
    async with SwallowingAnswers(url.port or 5432) as between:
        through = url.set(host="127.0.0.1", port=between.port).render_as_string(hide_password=False)
        async with open_service(through, tmp_path / "data") as service:
            yield service, between


@POSTGRES
@pytest.mark.parametrize(("keeping_it_back", "again"), [(False, "duplicate"), (True, "accepted")])
async def test_an_event_whose_commit_was_not_answered_is_503_and_told_apart_when_it_is_sent_again(
    behind: tuple[Service, SwallowingAnswers], keeping_it_back: bool, again: str
) -> None:
    service, between = behind
    between.keeping_it_back = keeping_it_back
    event = fresh_event("in_transit")
    while not between.swallowed:  # a loop of the service may commit first
        between.armed = True
        answer = await service.post(event)
        if between.swallowed and answer.status_code == 202:
            between.swallowed, event = 0, fresh_event("in_transit", id=f"{event['id']}-again")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["detail"] == "The database cannot be reached; it is unknown whether this was kept"
    repeated = await service.post(event)
    assert (repeated.status_code, repeated.json()["status"]) == (202, again)
    assert (await service.counts())["events"] >= 1
