"""Our own transports and parsers against the sandbox that stands in for both SMS providers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from adapters.sms import SmsApi, SmsApiCallbacks, TwilioCallbacks, TwilioSms
from app.domain.look_up import Found, NotFound
from app.domain.outcome import Accepted, NotSent, Refused, Unknown
from app.domain.receipt import ReceiptStatus
from app.ports import Transport
from app.sandbox.magic import MAGIC_NUMBERS, MagicNumber
from app.sandbox.server import Sandbox
from tests.contract.providers import ATTEMPT, SMS, SOUGHT
from tests.unit.sandbox.receiver import CallbackReceiver

OUTCOMES = {201: Accepted, 400: Refused, 429: NotSent, 500: Unknown}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(sent_after=0.0, final_after=0.0) as sandbox:
        yield sandbox


@pytest.fixture(params=["twilio", "smsapi"])
async def transport(sandbox: Sandbox, request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    transport = connected(sandbox, request.param)
    yield transport
    await transport.close()


def connected(sandbox: Sandbox, provider: str) -> Transport:
    """A transport with the settings that the sandbox names."""
    given = sandbox.connection
    if provider == "twilio":
        return TwilioSms(
            account_sid=given["AWIZO_TWILIO_ACCOUNT_SID"],
            auth_token=given["AWIZO_TWILIO_AUTH_TOKEN"],
            sender=given["AWIZO_TWILIO_FROM"],
            base_url=given["AWIZO_TWILIO_BASE_URL"],
        )
    return SmsApi(
        token=given["AWIZO_SMSAPI_TOKEN"],
        sender=given["AWIZO_SMSAPI_FROM"],
        base_url=given["AWIZO_SMSAPI_BASE_URL"],
        clock=lambda: datetime.now(UTC),
    )


async def reported(sandbox: Sandbox) -> None:
    async with asyncio.timeout(10):
        while sandbox.reports_pending:
            await sandbox.inbox.next_change(sandbox.inbox.version)
            await asyncio.sleep(0)


@pytest.mark.parametrize("magic", MAGIC_NUMBERS, ids=lambda magic: magic.ending)
async def test_magic_numbers_mean_the_same_through_either(transport: Transport, magic: MagicNumber) -> None:
    outcome = await transport.send(replace(SMS, to=f"+4860{magic.ending}"))
    assert type(outcome) is OUTCOMES[magic.http_status]
    if isinstance(outcome, Refused):
        assert outcome.hard == (magic.code == 21211)
    if isinstance(outcome, NotSent):
        assert outcome.retry_after_seconds == 2


async def test_what_was_sent_is_received_as_it_was(sandbox: Sandbox, transport: Transport) -> None:
    await transport.send(SMS)
    [received] = sandbox.sms
    assert (received.provider, received.to, received.body) == (transport.name, SMS.to, SMS.body)
    assert received.status_callback == SMS.callback_url


async def test_twilios_reports_are_genuine(sandbox: Sandbox) -> None:
    transport = connected(sandbox, "twilio")
    async with CallbackReceiver() as receiver:
        await transport.send(replace(SMS, callback_url=f"{receiver.url}/v1/callbacks/twilio/status?a=1&m=2"))
        await reported(sandbox)
    await transport.close()
    parser = TwilioCallbacks(auth_token=sandbox.auth_token, public_url=receiver.url)
    receipts = [
        parser.parse(url=path, form=form, signature=signature, raw=b"", attempt=ATTEMPT)[0]
        for path, form, signature in receiver.calls
    ]
    assert [receipt.status for receipt in receipts] == [ReceiptStatus.PROGRESS, ReceiptStatus.DELIVERED]


async def test_smsapis_reports_name_our_key(sandbox: Sandbox) -> None:
    transport = connected(sandbox, "smsapi")
    async with CallbackReceiver(status=200) as receiver:
        await transport.send(replace(SMS, callback_url=f"{receiver.url}/v1/callbacks/smsapi/status?a=1&m=2"))
        await reported(sandbox)
    await transport.close()
    receipts = [
        SmsApiCallbacks().parse(
            url=path, form=dict(parse_qsl(urlsplit(path).query)), signature="", raw=b"", attempt=ATTEMPT
        )[0]
        for path, _, _ in receiver.calls
    ]
    assert [(receipt.code, receipt.notification) for receipt in receipts] == [
        ("SENT", SMS.notification),
        ("DELIVERED", SMS.notification),
    ]


async def test_the_twilio_of_the_sandbox_can_be_asked_what_it_took(sandbox: Sandbox) -> None:
    transport = connected(sandbox, "twilio")
    now = datetime.now(UTC)
    sought = replace(SOUGHT, started_at=now, ended_at=now + timedelta(seconds=1))
    assert await transport.look_up(sought) == NotFound()
    await transport.send(SMS)
    found = await transport.look_up(sought)
    await transport.close()
    assert isinstance(found, Found)
    assert found.provider_id == sandbox.sms[0].sid


async def test_the_smsapi_of_the_sandbox_takes_a_key_once(sandbox: Sandbox) -> None:
    transport = connected(sandbox, "smsapi")
    outcomes = [await transport.send(SMS) for _ in range(2)]
    await transport.close()
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    assert len(sandbox.sms) == 1
