"""The client that reads a published log: what is there, what is not, and everything else as one kind of failure."""

import gzip
from collections.abc import Iterator

import httpx
import pytest
import respx

from adapters.http_log import FILE_BYTES_MAX, HttpLog, LogUnreachableError

URL = "https://log.test/log"


@pytest.fixture
def log() -> Iterator[HttpLog]:
    opened = HttpLog(f"{URL}/")
    yield opened
    opened.close()


@respx.mock
def test_a_file_is_read_whole(log: HttpLog) -> None:
    respx.get(f"{URL}/2026h2/tile/0/x001/067").respond(200, content=b"\x00" * 8192)
    assert log.read("2026h2/tile/0/x001/067") == b"\x00" * 8192


@respx.mock
def test_a_file_may_come_compressed(log: HttpLog) -> None:
    respx.get(f"{URL}/checkpoint").respond(200, content=gzip.compress(b"note"), headers={"Content-Encoding": "gzip"})
    assert log.read("checkpoint") == b"note"


@pytest.mark.parametrize("status", [404, 410])
@respx.mock
def test_what_is_not_there_is_none(log: HttpLog, status: int) -> None:
    respx.get(f"{URL}/checkpoint").respond(status)
    assert log.read("checkpoint") is None


@pytest.mark.parametrize("status", [204, 206, 301, 302, 401, 403, 429, 500, 503])
@respx.mock
def test_any_other_answer_is_a_failure_that_names_no_address(log: HttpLog, status: int) -> None:
    respx.get(f"{URL}/checkpoint").respond(status, headers={"Location": "https://elsewhere.test/"})
    with pytest.raises(LogUnreachableError, match=f"^the log answered {status}$"):
        log.read("checkpoint")


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
@respx.mock
def test_no_answer_is_a_failure(log: HttpLog, error: Exception) -> None:
    respx.get(f"{URL}/checkpoint").mock(side_effect=error)
    with pytest.raises(LogUnreachableError, match="cannot be reached"):
        log.read("checkpoint")


@respx.mock
def test_an_answer_without_end_is_cut_off(log: HttpLog) -> None:
    def endless() -> Iterator[bytes]:
        given = 0
        while given <= 2 * FILE_BYTES_MAX:
            given += 2**16
            yield bytes(2**16)
        raise AssertionError("it read on")

    respx.get(f"{URL}/checkpoint").mock(return_value=httpx.Response(200, content=endless()))
    with pytest.raises(LogUnreachableError, match="more than any file"):
        log.read("checkpoint")
