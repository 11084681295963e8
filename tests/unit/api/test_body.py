"""Bodies are counted while they arrive."""

import tracemalloc
from collections.abc import AsyncIterator, Iterable

import pytest
from starlette.requests import Request
from starlette.types import Message

from app.api.body import MediaType, parse_media_type, read_body, read_json
from app.api.problems import Problem

_JSON = ("content-type", "application/json")


def _request(chunks: Iterable[bytes], *headers: tuple[str, str], cut: bool = False) -> Request:
    async def messages() -> AsyncIterator[Message]:
        for chunk in chunks:
            yield {"type": "http.request", "body": chunk, "more_body": True}
        yield {"type": "http.disconnect"} if cut else {"type": "http.request"}

    arriving = messages()
    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    return Request(scope, receive=lambda: anext(arriving))


async def _refusal(request: Request, maximum: int = 10) -> Problem:
    with pytest.raises(Problem) as raised:
        await read_body(request, maximum=maximum)
    return raised.value


async def test_chunks_up_to_the_limit_are_joined() -> None:
    assert await read_body(_request([b"01234", b"", b"56789"]), maximum=10) == b"0123456789"


async def test_one_byte_more_than_the_limit_is_a_413() -> None:
    assert (await _refusal(_request([b"0123456789", b"x"]))).status == 413


async def test_a_gigabyte_in_chunks_is_refused_with_little_memory() -> None:
    served = 0

    def endless() -> Iterable[bytes]:
        nonlocal served
        while True:
            served += 65_536
            yield b"x" * 65_536

    tracemalloc.start()
    problem = await _refusal(_request(endless()), maximum=2 * 1024 * 1024)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problem.status == 413
    assert served <= 2 * 1024 * 1024 + 65_536
    assert peak < 20_000_000


async def test_an_announced_length_over_the_limit_is_refused_before_a_byte_is_read() -> None:
    def unread() -> Iterable[bytes]:
        raise AssertionError("was read")
        yield b""

    assert (await _refusal(_request(unread(), ("content-length", "11")))).status == 413


@pytest.mark.parametrize("announced", ["3", "7", "0"])
async def test_another_length_than_announced_is_a_400(announced: str) -> None:
    assert (await _refusal(_request([b"12345"], ("content-length", announced)))).status == 400


@pytest.mark.parametrize("announced", ["", "-1", "+5", "5.0", "0x5", "５", "5 5"])
async def test_a_length_that_is_no_number_is_a_400(announced: str) -> None:
    assert (await _refusal(_request([b"12345"], ("content-length", announced)))).status == 400


async def test_two_different_lengths_are_a_400() -> None:
    assert (await _refusal(_request([b"1"], ("content-length", "1"), ("content-length", "2")))).status == 400


async def test_a_length_of_5000_digits_is_a_413() -> None:
    assert (await _refusal(_request([b"1"], ("content-length", "9" * 5000)))).status == 413


async def test_a_connection_cut_inside_the_body_is_a_400() -> None:
    assert (await _refusal(_request([b"12"], cut=True))).status == 400


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "GZIP", "x"])
async def test_an_encoded_body_is_a_415_that_asks_for_a_plain_one(coding: str) -> None:
    problem = await _refusal(_request([b"1"], ("content-encoding", coding)))
    assert problem.status == 415
    assert problem.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", "Identity", "", "identity, identity"])
async def test_identity_is_no_encoding(coding: str) -> None:
    assert await read_body(_request([b"1"], ("content-encoding", coding)), maximum=1) == b"1"


async def test_json_is_read_strictly() -> None:
    assert await read_json(_request([b'{"a":', b"[1]}"], _JSON), maximum=20) == {"a": [1]}
    with pytest.raises(Problem) as raised:
        await read_json(_request([b'{"a":1,"a":2}'], _JSON), maximum=20)
    assert raised.value.status == 400
    assert raised.value.detail == "The body has the same key twice in one object"


@pytest.mark.parametrize("headers", [[], [("content-type", "text/plain")], [_JSON, _JSON]])
async def test_json_of_another_media_type_is_a_415(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Problem) as raised:
        await read_json(_request([b"{}"], *headers), maximum=20)
    assert raised.value.status == 415


@pytest.mark.parametrize(
    ("value", "media_type"),
    [
        ("application/json", MediaType(essence="application/json")),
        (" Application/JSON ; Charset=UTF-8", MediaType(essence="application/json", charset="utf-8")),
        ('text/plain;charset="utf-8";;x=y', MediaType(essence="text/plain", charset="utf-8")),
        ("application", None),
        ("application/json; charset", None),
        ("application/json; charset=utf-8; charset=utf-8", None),
        ("application/json, text/plain", None),
        ("", None),
    ],
)
def test_a_content_type_is_read_as_in_rfc_9110(value: str, media_type: MediaType | None) -> None:
    assert parse_media_type(value) == media_type
