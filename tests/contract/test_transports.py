"""What every transport promises (`app.ports.Transport`), asked of each over a real connection to its double."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.domain.channel import Channel
from app.domain.look_up import Found, NotFound, Unclear
from app.domain.message import OutgoingSms
from app.domain.outcome import Accepted, NotSent, Unknown
from tests.contract.providers import (
    EMAIL,
    PROVIDERS,
    SECRET,
    SECRETIVE,
    SMS,
    SOUGHT,
    UNREACHABLE,
    UNRESOLVED,
    Provider,
)

GZIP = b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0"
HOSTILE_REPLIES = {
    "nothing": b"",
    "zero bytes": b"\0" * 40,
    "not text": bytes(range(128, 256)) * 3,
    "an endless line": b"x" * 200_000,
    "many lines": b"250-x\r\n" * 20_000,
    "a code of letters": b"abc ok",
    "a code out of range": b"999 ok",
    "a negative code": b"-12 ok",
    "an intermediate reply": b"354 more please",
    "an empty answer with 201": b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    "a list with 201": b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n[]",
    "deep nesting with 201": b"HTTP/1.1 201 Created\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
    "numbers for names with 201": b'HTTP/1.1 201 Created\r\nContent-Length: 22\r\n\r\n{"sid":1,"status":2.5}',
    "a truncated body with 201": b'HTTP/1.1 201 Created\r\nContent-Length: 999\r\n\r\n{"sid":"SM1","status":"queued"}',
    "an answer with 200 that names nothing": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "nothing in the list": b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"list":[]}',
    "a huge body with 201": b"HTTP/1.1 201 Created\r\nContent-Length: 300000\r\n\r\n" + b" " * 300_000,
    "a compressed body with 201": b"HTTP/1.1 201 Created\r\n" + GZIP,
    "no length with 201": b"HTTP/1.1 201 Created\r\n\r\n{",
    "a redirect": b"HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "a header without end": b"HTTP/1.1 201 Created\r\nX: " + b"y" * 100_000,
    "a broken chunk": b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.fixture(params=sorted(PROVIDERS))
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    async with PROVIDERS[request.param]() as provider:
        yield provider


async def test_a_message_the_provider_takes_is_accepted_with_its_reply_and_code(provider: Provider) -> None:
    outcome = await provider.transport.send(provider.message)
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id
    assert outcome.reply
    assert outcome.code
    assert outcome.peer is None
    assert provider.received() == 1


async def test_connections_are_used_again(provider: Provider) -> None:
    for _ in range(5):
        assert isinstance(await provider.transport.send(provider.message), Accepted)
    assert provider.received() == 5


async def test_as_many_sends_as_the_capacity_may_be_in_flight(provider: Provider) -> None:
    sends = [provider.transport.send(provider.message) for _ in range(provider.transport.capacity)]
    outcomes = await asyncio.gather(*sends)
    assert [type(outcome) for outcome in outcomes] == [Accepted] * provider.transport.capacity
    assert provider.received() == provider.transport.capacity


@pytest.mark.parametrize("name", sorted(UNREACHABLE))
async def test_a_refused_connection_is_not_sent(name: str) -> None:
    transport, message = UNREACHABLE[name]()
    outcome = await transport.send(message)
    await transport.close()
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.pause) == ("connect", False)


@pytest.mark.parametrize("name", sorted(UNRESOLVED))
async def test_a_host_that_does_not_exist_is_not_sent(name: str) -> None:
    transport, message = UNRESOLVED[name]()
    outcome = await transport.send(message)
    await transport.close()
    assert isinstance(outcome, NotSent)
    assert outcome.stage in {"dns", "connect"}


async def test_a_provider_that_resets_after_the_bytes_is_unknown_and_never_tried_again(provider: Provider) -> None:
    provider.reset_after_bytes()
    outcome = await provider.transport.send(provider.message)
    assert isinstance(outcome, Unknown)
    assert provider.received() == 1


async def test_a_reset_on_a_connection_used_before_is_unknown_and_never_tried_again(provider: Provider) -> None:
    await provider.transport.send(provider.message)
    provider.reset_after_bytes()
    outcome = await provider.transport.send(provider.message)
    assert isinstance(outcome, Unknown)
    assert provider.received() == 2


async def test_a_provider_that_takes_the_bytes_and_hangs_is_unknown(provider: Provider) -> None:
    provider.hang_after_bytes()
    outcome = await provider.transport.send(provider.message)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "timeout"
    assert provider.received() == 1


async def test_after_an_unknown_the_next_message_is_accepted(provider: Provider) -> None:
    provider.hang_after_bytes()
    await provider.transport.send(provider.message)
    provider.accept()
    assert isinstance(await provider.transport.send(provider.message), Accepted)


@pytest.mark.parametrize("payload", HOSTILE_REPLIES.values(), ids=HOSTILE_REPLIES.keys())
async def test_a_hostile_reply_to_the_message_is_unknown(provider: Provider, payload: bytes) -> None:
    provider.babble(payload)
    outcome = await provider.transport.send(provider.message)
    assert isinstance(outcome, Unknown)
    assert provider.received() == 1


async def test_cancelling_a_send_cancels_it_and_leaves_the_transport_usable(provider: Provider) -> None:
    provider.hang_after_bytes()
    send = asyncio.create_task(provider.transport.send(provider.message))
    while provider.received() == 0:  # noqa: ASYNC110 - the double keeps a journal, not an event
        await asyncio.sleep(0.01)
    send.cancel()
    with pytest.raises(asyncio.CancelledError):
        await send
    provider.accept()
    assert isinstance(await provider.transport.send(provider.message), Accepted)


async def test_closing_twice_is_closing_once(provider: Provider) -> None:
    await provider.transport.send(provider.message)
    await provider.transport.close()
    await provider.transport.close()
    gc.collect()  # an unclosed connection would warn here, and warnings are errors


async def test_a_closed_transport_sends_nothing(provider: Provider) -> None:
    await provider.transport.close()
    assert await provider.transport.send(provider.message) == NotSent(stage="process", code="closed")
    assert provider.received() == 0


async def test_a_message_of_another_channel_is_not_sent(provider: Provider) -> None:
    other = EMAIL if isinstance(provider.message, OutgoingSms) else SMS
    assert await provider.transport.send(other) == NotSent(stage="process", code="wrong-channel")


async def test_a_message_that_cannot_be_encoded_is_not_sent(provider: Provider) -> None:
    sms = replace(SMS, body="\ud800")
    email = type(EMAIL)(attempt=EMAIL.attempt, envelope_from="a@b.example", to="\ud800@b.example", mime=EMAIL.mime)
    outcome = await provider.transport.send(sms if provider.transport.channel is Channel.SMS else email)
    assert isinstance(outcome, NotSent)
    assert provider.received() == 0


async def test_a_message_sent_again_under_its_key_is_one_message_where_there_are_keys(provider: Provider) -> None:
    provider.hang_after_bytes()
    assert isinstance(await provider.transport.send(provider.message), Unknown)
    provider.accept()
    assert isinstance(await provider.transport.send(provider.message), Accepted)
    if provider.taken is not None:
        assert provider.taken() == (1 if provider.transport.has_keys else 2)
    else:
        assert not provider.transport.has_keys


async def test_a_look_up_finds_what_was_taken_without_an_answer_where_it_can_be_asked(provider: Provider) -> None:
    before = await provider.transport.look_up(SOUGHT)
    provider.hang_after_bytes()
    await provider.transport.send(provider.message)
    after = await provider.transport.look_up(SOUGHT)
    can_ask = provider.transport.looks_up
    assert (type(before), type(after)) == ((NotFound, Found) if can_ask else (Unclear, Unclear))


@pytest.mark.parametrize("name", sorted(UNREACHABLE))
async def test_a_look_up_that_reaches_nobody_is_unclear(name: str) -> None:
    transport, _ = UNREACHABLE[name]()
    assert isinstance(await transport.look_up(SOUGHT), Unclear)
    await transport.close()
    assert isinstance(await transport.look_up(SOUGHT), Unclear)


@pytest.mark.parametrize("name", sorted(SECRETIVE))
async def test_no_secret_is_in_a_repr(name: str) -> None:
    transport = SECRETIVE[name]()
    assert SECRET not in repr(transport)
    assert SECRET not in f"{transport}"
