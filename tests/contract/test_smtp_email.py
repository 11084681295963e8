"""What is SMTP's own: each stage before the final dot, the dot, the bytes, the pool, TLS and log-in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from adapters.smtp_email import SmtpEmail
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from tests.contract.providers import ATTEMPT, EMAIL, SECRET, smtp
from tests.doubles.smtp_server import Drop, Hang, Say, SmtpServer
from tests.doubles.tls import LoopbackTls

LONG = replace(EMAIL, mime=b"Subject: long\r\n\r\n" + b"." * 76 + b"\r\n" + (b"x" * 76 + b"\r\n") * 120_000)


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def transport(server: SmtpServer) -> AsyncIterator[SmtpEmail]:
    transport = smtp(server.url)
    yield transport
    await transport.close()


async def test_an_acceptance_names_the_queue_id_and_the_reply(server: SmtpServer, transport: SmtpEmail) -> None:
    reply = b"250 2.0.0 Ok: queued as Q1"
    assert await transport.send(EMAIL) == Accepted(provider_id="Q1", reply=reply, code="250", peer=None)


@pytest.mark.parametrize(
    ("reply", "queue_id", "raw"),
    [
        ("250 OK id=1t2x-00", "1t2x-00", b"250 OK id=1t2x-00"),
        ("250 thank you", None, b"250 thank you"),
        ("250 queued as ", None, b"250 queued as"),
        ("250-first\r\n250 queued as A1", "A1", b"250-first\r\n250 queued as A1"),
        ("250 \xff queued as \xfe", None, b"250 \xff queued as \xfe"),
    ],
)
async def test_the_reply_is_kept_as_it_came(
    server: SmtpServer, transport: SmtpEmail, reply: str, queue_id: str | None, raw: bytes
) -> None:
    server.at("dot", Say(reply=reply))
    assert await transport.send(EMAIL) == Accepted(provider_id=queue_id, reply=raw, code="250", peer=None)


async def test_the_envelope_names_the_attempt_and_asks_for_reports(server: SmtpServer, transport: SmtpEmail) -> None:
    await transport.send(EMAIL)
    [letter] = server.journal
    size = f"SIZE={len(EMAIL.mime)}"
    assert letter.mail == f"MAIL FROM:<bounces@awizo.example> {size} RET=HDRS ENVID={ATTEMPT}"
    assert letter.rcpt == ["RCPT TO:<jan@example.com> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;jan@example.com"]


async def test_a_relay_without_extensions_gets_a_plain_envelope() -> None:
    async with SmtpServer(extensions=()) as server:
        transport = smtp(server.url)
        assert isinstance(await transport.send(EMAIL), Accepted)
        await transport.close()
    assert server.journal[0].mail == "MAIL FROM:<bounces@awizo.example>"
    assert server.journal[0].rcpt == ["RCPT TO:<jan@example.com>"]


LINES = st.lists(st.text(alphabet=".abc \t", max_size=8).map(str.encode), max_size=12)


@given(lines=LINES)
def test_the_bytes_arrive_as_they_were_given(lines: list[bytes]) -> None:
    mime = b"".join(line + b"\r\n" for line in [b"Subject: x", b"", *lines])

    async def arrived() -> bytes:
        async with SmtpServer() as server:
            transport = smtp(server.url)
            await transport.send(replace(EMAIL, mime=mime))
            await transport.close()
            return server.journal[0].mime

    assert asyncio.run(arrived()) == mime


async def test_a_message_longer_than_every_buffer_arrives_whole(server: SmtpServer) -> None:
    transport = smtp(server.url, command_timeout=20.0, final_timeout=20.0)
    assert isinstance(await transport.send(LONG), Accepted)
    await transport.close()
    assert server.journal[0].mime == LONG.mime


@pytest.mark.parametrize(
    "mime",
    [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\n", b"no end", b"", b"\xc5\r\n", b"a\0\r\n", b"a\r\r\n", b"a\r\n.\nb\r\n"],
)
async def test_bytes_that_smtp_would_have_to_change_are_not_sent(
    server: SmtpServer, transport: SmtpEmail, mime: bytes
) -> None:
    outcome = await transport.send(replace(EMAIL, mime=mime))
    assert isinstance(outcome, NotSent)
    assert outcome.stage == "message"
    assert server.connections == 0


@pytest.mark.parametrize(
    "to",
    ["żółw@example.com", "a@b.example>\r\nRCPT TO:<c@d.example", "a b@c.example", "a@b> X=1", "a@b\n", "a", "", "a@@b"],
)
async def test_an_address_that_is_none_names_nobody(server: SmtpServer, transport: SmtpEmail, to: str) -> None:
    assert isinstance(await transport.send(replace(EMAIL, to=to)), NotSent)
    assert all(not line.startswith("RCPT") for lines in server.commands for line in lines)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize(
    ("reply", "permanence"), [("451 4.3.0 later", Permanence.TEMPORARY), ("550 5.1.1 nobody", Permanence.PERMANENT)]
)
async def test_a_refusal_is_as_lasting_as_the_relay_says(
    server: SmtpServer, transport: SmtpEmail, stage: str, reply: str, permanence: Permanence
) -> None:
    server.at(stage, Say(reply=reply), times=1)
    outcome = await transport.send(EMAIL)
    expected = "data" if stage == "dot" else stage
    assert isinstance(outcome, Refused)
    if stage == "mail":  # no recipient was named: it is our sender that this relay does not take
        permanence = Permanence.TEMPORARY
    assert (outcome.permanence, outcome.stage, outcome.code) == (permanence, expected, reply[:3])
    assert outcome.reply == reply.encode()
    assert isinstance(await transport.send(EMAIL), Accepted)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("stage", "reply", "permanence"),
    [
        ("mail", "552 5.3.4 too large", Permanence.PERMANENT),
        ("mail", "550 5.1.8 sender refused", Permanence.TEMPORARY),
        ("rcpt", "554 5.7.1 Relay access denied", Permanence.TEMPORARY),
        ("rcpt", "550 5.7.1 spam", Permanence.PERMANENT),
    ],
)
async def test_what_speaks_of_our_access_may_be_tried_with_another_relay(
    server: SmtpServer, transport: SmtpEmail, stage: str, reply: str, permanence: Permanence
) -> None:
    server.at(stage, Say(reply=reply), times=1)
    outcome = await transport.send(EMAIL)
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.stage) == (permanence, stage)


@pytest.mark.parametrize("stage", ["connect", "ehlo"])
@pytest.mark.parametrize("reply", ["421 4.3.2 busy", "554 5.7.1 go away"])
async def test_a_relay_that_turns_us_away_at_the_door_is_not_sent(
    server: SmtpServer, transport: SmtpEmail, stage: str, reply: str
) -> None:
    server.at(stage, Say(reply=reply, then_close=True))
    outcome = await transport.send(EMAIL)
    assert outcome == NotSent(stage="connect", code=reply[:3], reply=reply.encode())


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data", "body"])
@pytest.mark.parametrize("action", [Drop(), Drop(orderly=True), Hang()], ids=["reset", "close", "hang"])
async def test_whatever_fails_before_the_final_dot_is_not_sent(
    server: SmtpServer, transport: SmtpEmail, stage: str, action: Drop | Hang
) -> None:
    server.at(stage, action)
    outcome = await transport.send(LONG)
    assert isinstance(outcome, NotSent)
    assert outcome.stage == {"ehlo": "connect", "body": "data"}.get(stage, stage)
    assert server.journal == []


@pytest.mark.parametrize("action", [Drop(), Drop(orderly=True), Hang()], ids=["reset", "close", "hang"])
async def test_no_reply_to_the_final_dot_is_unknown(
    server: SmtpServer, transport: SmtpEmail, action: Drop | Hang
) -> None:
    server.at("dot", action)
    assert isinstance(await transport.send(EMAIL), Unknown)
    assert len(server.journal) == 1


@pytest.mark.parametrize("to", ["a@b.example", "jan.kowalski+awizo@example.com", "O'Neil/x=y@mail-1.example", "1@2.pl"])
async def test_an_address_goes_out_as_it_is(server: SmtpServer, transport: SmtpEmail, to: str) -> None:
    assert isinstance(await transport.send(replace(EMAIL, to=to)), Accepted)
    assert server.journal[0].rcpt[0].startswith(f"RCPT TO:<{to}>")


async def test_a_reply_that_trickles_in_time_is_accepted(server: SmtpServer, transport: SmtpEmail) -> None:
    server.at("dot", Say(reply="250 queued as Q1", seconds_per_byte=0.005))
    assert isinstance(await transport.send(EMAIL), Accepted)


async def test_a_reply_that_trickles_past_the_wait_is_unknown(server: SmtpServer, transport: SmtpEmail) -> None:
    server.at("dot", Say(reply="250 queued as Q1", seconds_per_byte=0.1))
    assert isinstance(await transport.send(EMAIL), Unknown)


async def test_access_that_is_required_pauses_the_provider(server: SmtpServer, transport: SmtpEmail) -> None:
    server.at("mail", Say(reply="530 5.7.0 authentication required"))
    outcome = await transport.send(EMAIL)
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.code, outcome.pause) == ("auth", "530", True)


async def test_one_connection_serves_message_after_message(server: SmtpServer, transport: SmtpEmail) -> None:
    for _ in range(5):
        assert isinstance(await transport.send(EMAIL), Accepted)
    assert server.connections == 1


@pytest.mark.parametrize(
    "action", [Drop(), Drop(orderly=True), Say(reply="421 4.7.0 enough messages", then_close=True)], ids=repr
)
async def test_a_connection_that_the_relay_ended_meanwhile_is_replaced(
    server: SmtpServer, transport: SmtpEmail, action: Drop | Say
) -> None:
    await transport.send(EMAIL)
    server.at("mail", action, times=1)
    assert isinstance(await transport.send(EMAIL), Accepted)
    assert server.connections == 2
    assert len(server.journal) == 2


async def test_a_new_connection_that_ends_at_once_is_not_replaced(server: SmtpServer, transport: SmtpEmail) -> None:
    server.at("mail", Drop())
    assert isinstance(await transport.send(EMAIL), NotSent)
    assert server.connections == 1


async def test_a_connection_idle_for_too_long_is_not_used_again(server: SmtpServer) -> None:
    transport = smtp(server.url, idle_max=0.05)
    await transport.send(EMAIL)
    await asyncio.sleep(0.1)
    assert isinstance(await transport.send(EMAIL), Accepted)
    await transport.close()
    assert server.connections == 2


async def test_no_more_connections_than_the_capacity_are_opened(server: SmtpServer) -> None:
    transport = smtp(server.url, capacity=3)
    outcomes = await asyncio.gather(*(transport.send(EMAIL) for _ in range(20)))
    await transport.close()
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 20
    assert server.connections == 3


async def test_waiting_too_long_for_a_place_is_not_sent(server: SmtpServer) -> None:
    transport = smtp(server.url, capacity=1, connect_timeout=0.2, final_timeout=1.0)
    server.at("dot", Hang())
    first = asyncio.create_task(transport.send(EMAIL))
    await asyncio.sleep(0.1)
    assert await transport.send(EMAIL) == NotSent(stage="pool", code="timeout")
    assert isinstance(await first, Unknown)
    await transport.close()


async def test_closing_takes_leave_of_the_relay(server: SmtpServer, transport: SmtpEmail) -> None:
    await transport.send(EMAIL)
    await transport.close()
    assert server.commands[0][-1] == "QUIT"


@pytest.mark.parametrize("implicit", [True, False], ids=["smtps", "starttls"])
async def test_the_peer_is_the_digest_of_its_certificate(tls: LoopbackTls, implicit: bool) -> None:
    async with SmtpServer(tls=tls.server, implicit_tls=implicit) as server:
        transport = smtp(server.url, tls_context=tls.client)
        outcome = await transport.send(EMAIL)
        await transport.close()
    assert isinstance(outcome, Accepted)
    assert outcome.peer == tls.leaf_digest


# uvicorn brings uvloop, whose transports are not those of asyncio.
LOOPS = pytest.mark.parametrize(
    "new_loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


@LOOPS
@pytest.mark.parametrize("implicit", [True, False], ids=["smtps", "starttls"])
def test_one_connection_serves_message_after_message_over_tls(
    tls: LoopbackTls, implicit: bool, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def outcomes() -> list[type]:
        async with SmtpServer(tls=tls.server, implicit_tls=implicit) as server:
            transport = smtp(server.url, tls_context=tls.client, command_timeout=20.0, final_timeout=20.0)
            sent = [type(await transport.send(message)) for message in (EMAIL, EMAIL, EMAIL, LONG, EMAIL)]
            await transport.close()
            assert server.connections == 1
            assert [len(letter.mime) for letter in server.journal] == [len(EMAIL.mime)] * 3 + [
                len(LONG.mime),
                len(EMAIL.mime),
            ]
            return sent

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(outcomes()) == [Accepted] * 5


@LOOPS
def test_a_relay_that_stops_reading_before_the_dot_is_not_sent(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def outcome() -> Outcome:
        async with SmtpServer() as server:
            server.at("body", Hang())
            transport = smtp(server.url)
            sent = await transport.send(LONG)
            await transport.close()
            return sent

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(outcome()) == NotSent(stage="data", code="timeout")


@pytest.mark.parametrize("implicit", [True, False], ids=["smtps", "starttls"])
async def test_a_certificate_nobody_vouches_for_is_not_sent(tls: LoopbackTls, implicit: bool) -> None:
    async with SmtpServer(tls=tls.server, implicit_tls=implicit) as server:
        transport = smtp(server.url)
        outcome = await transport.send(EMAIL)
        await transport.close()
    assert isinstance(outcome, NotSent)
    assert outcome.stage == "tls"
    assert all(not line.startswith("MAIL") for lines in server.commands for line in lines)


async def test_a_relay_that_hides_starttls_gets_nothing(server: SmtpServer) -> None:
    transport = smtp(server.url.replace("smtp://", "smtp+starttls://"))
    outcome = await transport.send(EMAIL)
    await transport.close()
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.pause) == ("tls", False)
    assert all(not line.startswith("MAIL") for lines in server.commands for line in lines)


async def test_a_log_in_that_is_taken_precedes_the_message() -> None:
    async with SmtpServer(extensions=("AUTH PLAIN",)) as server:
        transport = smtp(server.url.replace("://", f"://user:{SECRET}@"))
        assert isinstance(await transport.send(EMAIL), Accepted)
        await transport.close()
    assert [line.split(" ")[0] for line in server.commands[0]] == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(("reply", "pause"), [("535 5.7.8 wrong", True), ("454 4.7.0 later", False)])
async def test_a_log_in_that_fails_is_not_sent(reply: str, pause: bool) -> None:
    async with SmtpServer(extensions=("AUTH PLAIN",)) as server:
        server.at("auth", Say(reply=reply))
        transport = smtp(server.url.replace("://", f"://user:{SECRET}@"))
        outcome = await transport.send(EMAIL)
        await transport.close()
    assert outcome == NotSent(stage="auth", code=reply[:3], reply=reply.encode(), pause=pause)


async def test_a_relay_that_offers_no_log_in_pauses_the_provider(server: SmtpServer) -> None:
    transport = smtp(server.url.replace("://", f"://user:{SECRET}@"))
    outcome = await transport.send(EMAIL)
    await transport.close()
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.pause) == ("auth", True)
