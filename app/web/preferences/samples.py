"""What each message looks like: the very texts that are sent, about an item and an office that do not exist."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.domain.channel import Channel, Purpose
from app.domain.event import Facility, OpeningInterval, Outage, Pickup, Window
from app.domain.recipient import Letters, Recipient
from app.rendering.catalog import language_or_default
from app.rendering.letter import letter_of
from app.rendering.notice import IncidentNews, Item, Notice, PlaceTouched
from app.rendering.sms import render_sms
from app.rendering.words import OPERATORS

_NUMBER = "00759007734123456789"
_REFERENCE = UUID(int=0)
_OPEN = (OpeningInterval(opens=time(8), closes=time(20)),)
_OFFICE = Facility(
    id="sample", name="UP Warszawa 32", street="Targowa 73", post_code="03-729", city="Warszawa",
    hours=(_OPEN,) * 5 + ((),) * 2,
)  # fmt: skip
_SERVICE = "registered_letter"
_ANY_OPERATOR = "poczta-polska"  # for who is not known to one yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample: the text of an SMS, or an e-mail's subject and how it begins."""

    subject: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """For whom a sample is written; without a phrase of their own, many people are the same reader."""

    operator: str
    language: str
    letters: Letters
    phrase: str | None = field(default=None, repr=False)


def sample(channel: Channel, purpose: Purpose, person: Recipient, *, today: date) -> Sample:
    """A message for that purpose as this person would get it, had it been sent `today`."""
    reader = _Reader(
        operator=person.operator or _ANY_OPERATOR,
        language=language_or_default(person.language),
        letters=person.letters,
        phrase=person.safety_phrase,
    )
    # What a person has chosen for themselves is kept nowhere but in their record.
    return (_usual if reader.phrase is None else _written)(channel, purpose, reader, today)


def _written(channel: Channel, purpose: Purpose, reader: _Reader, today: date) -> Sample:
    notice = _notice(purpose, reader, today)
    if channel is Channel.SMS:
        return Sample(subject="", text=render_sms(notice).text)
    letter = letter_of(notice, sent_on=today)
    return Sample(subject=letter.subject, text=letter.lead)


_usual = lru_cache(maxsize=256)(_written)


def _notice(purpose: Purpose, reader: _Reader, today: date) -> Notice:
    there = zone(DEFAULT_TIME_ZONE)
    noon = datetime.combine(today, time(11, 40), there)
    last = _last_open(today + timedelta(days=14))
    known = Notice(
        kind="notice_left",
        happened_at=noon,
        operator=OPERATORS.get(reader.operator, reader.operator),
        language=reader.language,
        zone=there,
        reference=_REFERENCE,
        service=_SERVICE,
        shipment=_NUMBER,
        letters=reader.letters,
        safety_phrase=reader.phrase,
        told_on=today,
    )
    match purpose:
        case Purpose.PROGRESS:
            window = Window(starts=noon.replace(hour=12, minute=0), until=noon.replace(hour=15, minute=0))
            return replace(known, kind="out_for_delivery", window=window)
        case Purpose.INCIDENT:
            return replace(known, kind="facility_unavailable", incidents=(_closure(reader.operator, noon, last),))
        case _:
            pickup = Pickup(starts=today + timedelta(days=1), until=last)
            return replace(known, facility=_OFFICE, pickup=pickup, collect_by=last, first_notice_at=noon)


def _closure(operator: str, noon: datetime, last: date) -> IncidentNews:
    starts, until = noon + timedelta(days=1), noon + timedelta(days=2)
    shut = replace(_OFFICE, outages=(Outage(starts=starts, until=until, reason="technical"),))
    item = Item(shipment=_NUMBER, service=_SERVICE, since=noon)
    return IncidentNews(
        kind="facility_unavailable",
        operator=operator,
        starts=starts,
        until=until,
        reason="technical",
        places=(PlaceTouched(facility=shut, items=(item,), collect_by=last),),
    )


def _last_open(day: date) -> date:
    """`day`, or the working day before it, when the office of the sample is open."""
    return day - timedelta(days=max(day.weekday() - 4, 0))
