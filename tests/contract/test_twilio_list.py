"""Whether Twilio took a message, as its list of messages shows it."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.sms import TwilioSms
from adapters.sms.twilio_list import PAGES_MAX
from app.domain.look_up import Found, LookUp, NotFound, Unclear
from tests.contract.providers import NOW, SECRET, SMS, SOUGHT, twilio
from tests.doubles.sms_gateway import Accept, AcceptThenHang, Answer, Close, Raw, Reset, SmsGateway, refusal


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGateway]:
    async with SmsGateway() as gateway:
        gateway.clock = lambda: NOW
        yield gateway


@pytest.fixture
async def transport(gateway: SmsGateway) -> AsyncIterator[TwilioSms]:
    transport = twilio(gateway.base_url)
    yield transport
    await transport.close()


async def test_it_is_asked_for_sender_and_recipient_with_our_credentials(
    gateway: SmsGateway, transport: TwilioSms
) -> None:
    await transport.look_up(SOUGHT)
    [target] = gateway.asked
    assert urlsplit(target).path == f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    assert parse_qs(urlsplit(target).query) == {"To": [SMS.to], "From": ["+48500"], "PageSize": ["200"]}


async def test_the_one_message_alike_is_found_with_its_entry(gateway: SmsGateway, transport: TwilioSms) -> None:
    await transport.send(SMS)
    found = await transport.look_up(SOUGHT)
    assert isinstance(found, Found)
    assert (found.provider_id, found.code, found.failed) == (gateway.journal[0].sid, "queued", False)
    assert json.loads(found.reply)["body"] == SMS.body


@pytest.mark.parametrize(
    ("status", "failed"),
    [("sent", False), ("delivered", False), ("failed", True), ("undelivered", True), ("canceled", True)],
)
async def test_what_twilio_could_not_deliver_is_found_as_failed(
    gateway: SmsGateway, transport: TwilioSms, status: str, failed: bool
) -> None:
    await transport.send(SMS)
    gateway.statuses[gateway.journal[0].sid] = status
    found = await transport.look_up(SOUGHT)
    assert isinstance(found, Found)
    assert (found.code, found.failed) == (status, failed)


async def test_the_same_text_twice_is_evidence_of_nothing(transport: TwilioSms) -> None:
    await transport.send(SMS)
    await transport.send(SMS)
    assert await transport.look_up(SOUGHT) == Unclear(reason="more than one message alike")


async def test_another_text_is_not_ours(transport: TwilioSms) -> None:
    await transport.send(replace(SMS, body=SMS.body + " "))
    assert await transport.look_up(SOUGHT) == NotFound()


async def test_what_was_refused_is_not_found(gateway: SmsGateway, transport: TwilioSms) -> None:
    gateway.next(refusal(400, 21611))
    await transport.send(SMS)
    assert await transport.look_up(SOUGHT) == NotFound()


@pytest.mark.parametrize(
    ("seconds", "found"), [(-61, NotFound), (-60, Found), (0, Found), (30, Found), (90, Found), (91, NotFound)]
)
async def test_only_what_was_made_around_the_attempt_counts(
    gateway: SmsGateway, transport: TwilioSms, seconds: int, found: type[LookUp]
) -> None:
    gateway.clock = lambda: NOW + timedelta(seconds=seconds)
    await transport.send(SMS)
    assert isinstance(await transport.look_up(replace(SOUGHT, ended_at=NOW + timedelta(seconds=30))), found)


async def test_the_same_text_of_another_day_does_not_stand_in_the_way(
    gateway: SmsGateway, transport: TwilioSms
) -> None:
    await transport.send(SMS)
    gateway.clock = lambda: NOW + timedelta(days=1)
    await transport.send(SMS)
    assert isinstance(await transport.look_up(SOUGHT), Found)


async def test_further_pages_are_read(gateway: SmsGateway, transport: TwilioSms) -> None:
    await transport.send(SMS)
    for number in range(4):
        await transport.send(replace(SMS, body=f"another {number}"))
    gateway.page_max = 2
    assert isinstance(await transport.look_up(SOUGHT), Found)
    assert len(gateway.asked) == 3


async def test_a_list_that_does_not_end_is_unclear(gateway: SmsGateway, transport: TwilioSms) -> None:
    for number in range(PAGES_MAX + 1):
        await transport.send(replace(SMS, body=f"another {number}"))
    gateway.page_max = 1
    assert isinstance(await transport.look_up(SOUGHT), Unclear)
    assert len(gateway.asked) == PAGES_MAX


def listing(**changes: Any) -> Answer:
    """A page with one entry alike; `changes` replace fields of the page, or of the entry under `entry`."""
    entry = {
        "sid": "SM1",
        "to": SMS.to,
        "from": "+48500",
        "body": SMS.body,
        "status": "sent",
        "date_created": "Fri, 20 Nov 2026 12:00:00 +0000",
    } | changes.pop("entry", {})
    page = {"messages": [entry], "next_page_uri": None} | changes
    return Answer(status=200, body=json.dumps(page).encode())


async def test_a_time_without_a_zone_is_gmt(gateway: SmsGateway, transport: TwilioSms) -> None:
    gateway.listing = listing(entry={"date_created": "Fri, 20 Nov 2026 12:00:00 -0000"})
    assert isinstance(await transport.look_up(SOUGHT), Found)


UNREADABLE: dict[str, Callable[[], Answer]] = {
    "no list": lambda: listing(messages=None),
    "a list of numbers": lambda: listing(messages=[1]),
    "another host's page": lambda: listing(next_page_uri="https://evil.example/2010-04-01/"),
    "another account's page": lambda: listing(next_page_uri="/2010-04-01/Accounts/AC1/Messages.json?Page=1"),
    "a page over two lines": lambda: listing(
        next_page_uri=f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json?Page=1\r\nX: y"
    ),
    "a page that is a number": lambda: listing(next_page_uri=5),
    "no time": lambda: listing(entry={"date_created": None}),
    "a time that is none": lambda: listing(entry={"date_created": "yesterday"}),
    "a time that is a number": lambda: listing(entry={"date_created": 7}),
    "no sid": lambda: listing(entry={"sid": ""}),
    "no status": lambda: listing(entry={"status": None}),
}


@pytest.mark.parametrize("name", sorted(UNREADABLE))
async def test_a_list_that_cannot_be_read_is_unclear(gateway: SmsGateway, transport: TwilioSms, name: str) -> None:
    gateway.listing = UNREADABLE[name]()
    assert isinstance(await transport.look_up(SOUGHT), Unclear)
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        AcceptThenHang(),
        Reset(after_body=True),
        Close(),
        Raw(payload=b"\0" * 40),
        Answer(status=200, body=b"[" * 60_000),
        Answer(status=200, body=b" " * 3_000_000),
        Answer(status=204),
        Answer(status=307, headers={"Location": "http://127.0.0.1:1/"}),
        refusal(500, 20500),
    ],
    ids=lambda behaviour: f"{type(behaviour).__name__} {getattr(behaviour, 'status', '')}",
)
async def test_whatever_else_happens_is_unclear(
    gateway: SmsGateway, transport: TwilioSms, behaviour: AcceptThenHang | Reset | Close | Raw | Answer
) -> None:
    gateway.listing = behaviour
    assert isinstance(await transport.look_up(SOUGHT), Unclear)


async def test_broken_access_is_unclear_and_names_the_code_alone(gateway: SmsGateway, transport: TwilioSms) -> None:
    gateway.listing = refusal(401, 20003)
    assert await transport.look_up(SOUGHT) == Unclear(reason="refused with 20003")


async def test_a_recipient_that_cannot_be_written_is_unclear(transport: TwilioSms) -> None:
    assert isinstance(await transport.look_up(replace(SOUGHT, to="\ud800")), Unclear)


async def test_a_path_in_the_base_url_stays_on_every_page(gateway: SmsGateway) -> None:
    transport = twilio(f"{gateway.base_url}/proxy")
    await transport.look_up(SOUGHT)
    await transport.close()
    assert gateway.asked[0].startswith("/proxy/2010-04-01/")


async def test_nothing_of_a_look_up_shows_in_a_repr(gateway: SmsGateway, transport: TwilioSms) -> None:
    gateway.next(Accept())
    await transport.send(SMS)
    shown = repr(await transport.look_up(SOUGHT)) + repr(SOUGHT)
    assert not [secret for secret in (SMS.to, SMS.body, gateway.journal[0].sid, SECRET) if secret in shown]
