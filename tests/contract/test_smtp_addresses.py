"""SMTP to one address: how it is named to the relay, and which refusals speak of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.smtp_email import SmtpEmail
from app.domain.outcome import Refused
from tests.contract.providers import EMAIL, smtp
from tests.doubles.smtp_server import Say, SmtpServer


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def transport(server: SmtpServer) -> AsyncIterator[SmtpEmail]:
    transport = smtp(server.url)
    yield transport
    await transport.close()


async def test_the_original_recipient_is_named_in_xtext(server: SmtpServer, transport: SmtpEmail) -> None:
    await transport.send(replace(EMAIL, to="jan+a=b@example.com"))
    assert server.journal[0].rcpt[0].endswith(" ORCPT=rfc822;jan+2Ba+3Db@example.com")


@pytest.mark.parametrize(
    ("stage", "reply", "hard", "bounced"),
    [
        ("rcpt", "550 5.1.1 nobody", True, True),
        ("dot", "550-5.1.1 nobody\r\n550 5.1.1 of that name", True, True),
        ("rcpt", "550 Requested action not taken: mailbox unavailable", True, False),
        ("rcpt", "550 5.1.0 address rejected", True, False),
        ("rcpt", "552 5.2.2 mailbox full", False, False),
        ("rcpt", "550 5.7.1 relaying denied", False, False),
        ("rcpt", "554 no", False, False),
        ("mail", "550 5.1.1 nobody", False, False),
        ("rcpt", "450 4.1.1 nobody yet", False, False),
    ],
)
async def test_a_refusal_counts_against_an_address_only_when_it_speaks_of_it(
    server: SmtpServer, transport: SmtpEmail, stage: str, reply: str, hard: bool, bounced: bool
) -> None:
    server.at(stage, Say(reply=reply), times=1)
    outcome = await transport.send(EMAIL)
    assert isinstance(outcome, Refused)
    assert (outcome.hard, outcome.bounced) == (hard, bounced)
