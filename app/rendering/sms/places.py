"""Where an item waits and until when, as an SMS tells it."""

from datetime import date

from app.domain.event import Facility
from app.rendering.dates import clock, local
from app.rendering.last_hour import goes_at, last_moment_on
from app.rendering.notice import Notice, first_day, local_date_of
from app.rendering.opening_hours import Days, compact_hours, days_to_show
from app.rendering.sms.fitting import Place
from app.rendering.sms.voice import Voice


def place_of(notice: Notice, voice: Voice) -> Place | None:
    """The place with its week's hours; None where its name is unknown or these letters cannot write it."""
    facility = notice.facility
    name = voice.words(facility.name) if facility else ""
    if facility is None or not name:
        return None
    last = notice.collect_by or (local_date_of(notice.until, notice.zone) if notice.until else None)
    return _described(facility, name, days_to_show(first_day(notice), last), voice)


def facility_between(first: date, last: date | None, facility: Facility, voice: Voice) -> Place | None:
    """Any place with its hours on the days from `first` to `last`; None where it has no name in these letters."""
    name = voice.words(facility.name)
    return _described(facility, name, days_to_show(first, last), voice) if name else None


def place_on(day: date, notice: Notice, voice: Voice) -> Place | None:
    """The place with the hour at which it closes on that day, or at which the item goes if that is earlier."""
    facility = notice.facility
    name = voice.words(facility.name) if facility else ""
    if facility is None or not name:
        return None
    say, closes = voice.say, _closing_time(day, notice)
    hours = say("until %(time)s", time=closes) if closes else ""
    return Place(name=name, street=_street(facility, name, voice), hours=hours)


def deadline(notice: Notice, voice: Voice) -> str:
    """The sentence with the last safe day; with the operator's date where we have none; else empty."""
    say = voice.say
    if notice.collect_by is not None:
        return say("Collect by %(date)s.", date=_last_moment(notice.collect_by, notice, voice))
    return _operators_date(notice, voice)


def last_safe_day(notice: Notice, voice: Voice) -> str:
    """The same, in the words of what is not told for the first time."""
    say = voice.say
    if notice.collect_by is not None:
        return say("Last safe day: %(date)s.", date=_last_moment(notice.collect_by, notice, voice))
    return _operators_date(notice, voice)


def still_handed_out(notice: Notice, voice: Voice) -> str:
    """That an item whose time has passed can be had all the same, without a full stop; empty when it cannot."""
    say, chance = voice.say, notice.last_chance
    if isinstance(chance, date):
        return say("Can still be collected until %(date)s", date=voice.when(chance, notice.zone))
    return say("Can still be collected") if chance else ""


def _operators_date(notice: Notice, voice: Voice) -> str:
    say = voice.say
    if notice.until is None:
        return ""
    return say("Collect by %(date)s, per operator.", date=voice.when(notice.until, notice.zone))


def _last_moment(day: date, notice: Notice, voice: Voice) -> str:
    """The day, with the hour where the operator counts hours and they end on it."""
    last = last_moment_on(notice, day) if goes_at(notice, day) else None
    return voice.when(last or day, notice.zone)


def _closing_time(day: date, notice: Notice) -> str:
    """The hour after which it is not handed out that day; where that falls into a break, when the break begins."""
    last = last_moment_on(notice, day)
    return clock(local(last, notice.zone).time()) if last else ""


def _described(facility: Facility, name: str, days: Days, voice: Voice) -> Place:
    hours = compact_hours(facility, days, voice.say, voice.language)
    return Place(name=name, street=_street(facility, name, voice), hours=voice.spelled(hours) if hours else "")


def _street(facility: Facility, name: str, voice: Voice) -> str:
    """The street, with the town unless the place's name says it."""
    street, city = voice.words(facility.street), voice.words(facility.city)
    told = city.lower() in name.lower()
    return ", ".join(part for part in (street, "" if told else city) if part)
