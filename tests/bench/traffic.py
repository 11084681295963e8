"""What is sent: paper notices for people who agreed to both channels, every event and shipment a new one."""

import itertools
import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct, RecipientPatch, WantedContact
from app.domain.quiet_hours import NEVER_QUIET
from tests.bench.load import Expected
from tests.builders import OPERATOR, cloud_event

SINGLE_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"
BATCH_EVENTS = 100
NOTIFICATIONS_PER_EVENT = 2
FACTS_PER_EVENT = 3

_EVENT, _SHIPMENT, _PERSON = "#event#", "#shipment#", "#person#"
_PLANNED = b'"status":"queued"'
PLANNED_ONE = Expected(status=202, text=_PLANNED, count=NOTIFICATIONS_PER_EVENT)
PLANNED_BATCH = Expected(status=202, text=_PLANNED, count=NOTIFICATIONS_PER_EVENT * BATCH_EVENTS)
BOTH_CHANNELS = (Channel.SMS, Channel.EMAIL)

# What awizo answers, for the floor to answer as much.
SAMPLE_ANSWER = (
    b'{"event":"019aa5a0-0000-7000-8000-000000000000","status":"accepted","mapped_type":null,"notifications":['
    b'{"id":"019aa5a0-0000-7000-8000-000000000001","channel":"sms","status":"queued","not_before":null,"reason":null},'
    b'{"id":"019aa5a0-0000-7000-8000-000000000002","channel":"email","status":"queued","not_before":null,"reason":null}'
    b'],"plan":null}'
)


def person(number: int) -> str:
    return f"person-{number:07d}"


def phone(number: int) -> str:
    return f"+48600{number:06d}"


def email(number: int) -> str:
    return f"person-{number:07d}@example.com"


def planned_batch(channels: Collection[Channel]) -> Expected:
    """What a batch is answered about people who agreed to these channels."""
    return Expected(status=202, text=_PLANNED, count=len(channels) * BATCH_EVENTS)


def registration(
    number: int,
    *,
    at: datetime,
    channels: Collection[Channel] = BOTH_CHANNELS,
    purpose: Purpose = Purpose.DELIVERY,
) -> RecipientPatch:
    """Verified contacts of these channels, and consent to each; told at any hour."""
    known = ((Channel.SMS, phone(number)), (Channel.EMAIL, email(number)))
    contacts = [(channel, value) for channel, value in known if channel in channels]
    return RecipientPatch(
        quiet_hours=NEVER_QUIET,
        contact_points=tuple(
            WantedContact(channel=channel, value=value, verified=True, method="counter") for channel, value in contacts
        ),
        consents=tuple(
            ConsentAct(channel=channel, purpose=purpose, granted=True, at=at, method="counter", text_version="1")
            for channel, _ in contacts
        ),
    )


def bodies(*, recipients: int) -> Iterator[bytes]:
    """Structured CloudEvents without end, one person after the other."""
    sample = cloud_event(
        at=datetime.now(UTC) - timedelta(minutes=1),
        id=_EVENT,
        subject=f"shipment/{_SHIPMENT}",
        data={"shipment": _SHIPMENT, "recipient": _PERSON, "operator": OPERATOR},
    )
    text = json.dumps(sample, ensure_ascii=False).encode().replace(b"%", b"%%")
    for mark, form in ((_EVENT, b"%(n)016d"), (_SHIPMENT, b"00%(n)018d"), (_PERSON, b"person-%(person)07d")):
        text = text.replace(mark.encode(), form)
    start = int(datetime.now(UTC).timestamp() * 1_000_000)
    return (text % {b"n": start + n, b"person": n % recipients} for n in itertools.count())


def batches(*, recipients: int) -> Iterator[bytes]:
    """Arrays of BATCH_EVENTS such events."""
    events = bodies(recipients=recipients)
    while True:
        yield b"[" + b",".join(itertools.islice(events, BATCH_EVENTS)) + b"]"
