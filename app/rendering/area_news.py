"""What an incident of an area comes to for one person: where to collect by when, and what is new of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from app.domain.event import Facility
from app.domain.facility_calendar import calendar_of
from app.domain.incident import CLOSING_KIND, ENDING_KIND, first_moment, last_moment
from app.rendering.dates import is_at_an_end, local
from app.rendering.notice import IncidentNews, Item, PlaceTouched
from app.rendering.words import AREA_REASONS


class Way(IntEnum):
    """How the items at a place can be got, the most pressing first."""

    NOWHERE = 1
    THERE = 2
    INSTEAD = 3
    UNKNOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is to be done about items of places with which it stands alike: how, and until which day, if any."""

    way: Way
    by: date | None
    items: tuple[Item, ...]
    places: tuple[Facility, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a person was told otherwise before. `places` are those of whose items something is new."""

    starts: bool
    until: bool
    reason: bool
    places: tuple[PlaceTouched, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to tell."""
        return self.starts or self.until or self.reason or bool(self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when until when, as far as known: local days, both included, or moments."""

    starts: date | datetime | None
    until: date | datetime | None


def outcome_of(place: PlaceTouched, substitute: Facility | None) -> Outcome:
    """At the substitute while it is open for the items, else at the place itself while that is."""
    way, by = Way.UNKNOWN, None
    if substitute is not None and place.substitute_by is not None:
        way, by = Way.INSTEAD, place.substitute_by
    elif place.has_no_open_day:
        way = Way.NOWHERE
    elif place.collect_by is not None:
        way, by = Way.THERE, place.collect_by
    elif substitute is not None:
        way = Way.INSTEAD
    return Outcome(way=way, by=by, items=place.items, places=(place.facility,))


def outcomes_of(
    places: Iterable[PlaceTouched], substitute: Facility | None, *, elsewhere: tuple[Item, ...] = ()
) -> tuple[Outcome, ...]:
    """One for each way, the most pressing first, with the earliest of its days: that day is safe for all of them.

    Of items `elsewhere` nobody knows where they are.
    """
    by_way: dict[Way, list[Outcome]] = {}
    if elsewhere:
        by_way[Way.UNKNOWN] = [Outcome(way=Way.UNKNOWN, by=None, items=elsewhere, places=())]
    for place in places:
        outcome = outcome_of(place, substitute)
        by_way.setdefault(outcome.way, []).append(outcome)
    return tuple(
        Outcome(
            way=way,
            by=min((each.by for each in found if each.by), default=None),
            items=tuple(item for each in found for item in each.items),
            places=tuple(place for each in found for place in each.places),
        )
        for way, found in sorted(by_way.items())
    )


def is_over(news: IncidentNews) -> bool:
    """Whether it does not concern the person any more: it ended, or was narrowed."""
    return news.is_over or news.kind == ENDING_KIND


def changes_of(news: IncidentNews) -> Changes | None:
    """What is new of an incident of which the person was told before; None where all of it is.

    A reason that cannot be said is none.
    """
    before = news.before
    if before is None or is_over(news) or is_over(before) or before.kind != news.kind:
        return None
    return Changes(
        starts=news.starts != before.starts,
        until=news.until != before.until,
        reason=_said(news) is not None and _said(news) != _said(before),
        places=_new_places(news, before),
    )


def touched(news: IncidentNews) -> tuple[PlaceTouched, ...]:
    """The places that it is about: of one that is over and names none, those that it was last said to touch."""
    if news.places or not is_over(news) or news.before is None:
        return news.places
    return news.before.places


def closes(news: IncidentNews) -> bool:
    """Whether it shuts places, or shut them."""
    return kind_of_area(news) == CLOSING_KIND


def kind_of_area(news: IncidentNews) -> str:
    """What it is, or what it was that ended."""
    if news.kind != ENDING_KIND:
        return news.kind
    if news.before is not None and news.before.kind != ENDING_KIND:
        return news.before.kind
    return CLOSING_KIND if news.places else "service_disruption"


def is_ahead(news: IncidentNews, today: date, zone: ZoneInfo) -> bool:
    """Whether it is planned work that begins after that local day."""
    first = _first_day(news.starts, zone)
    return news.planned and first is not None and first > today


def is_open_again(place: PlaceTouched, moment: datetime) -> bool:
    """Whether no incident keeps the place shut then, or later."""
    return all(outage.until is not None and outage.until <= moment for outage in place.facility.outages)


def had_begun(news: IncidentNews, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether what is over was, as the person was told, going on then."""
    starts = news.before.starts if news.before else news.starts
    if isinstance(starts, datetime):
        return starts <= moment
    return starts is None or starts <= local(moment, zone).date()


def span_of(news: IncidentNews, zone: ZoneInfo) -> Span:
    """When it is, as briefly as that is still true: days, where all that is open on the first and the last is gone."""
    starts, until = news.starts, news.until
    if closes(news) and news.places and all(_is_whole(news, place.facility, zone) for place in news.places):
        starts, until = _first_day(starts, zone), _last_day(until, zone)
    return Span(starts=starts, until=until)


def days_of(span: Span, zone: ZoneInfo) -> tuple[date | None, date | None]:
    """The first and the last local day of it."""
    return _first_day(span.starts, zone), _last_day(span.until, zone)


def _is_whole(news: IncidentNews, facility: Facility, zone: ZoneInfo) -> bool:
    """Whether nothing that is open before it begins, or after it ends, falls on its first or last day."""
    starts, until = news.starts, news.until
    if not isinstance(starts, datetime) and not isinstance(until, datetime):
        return True
    if not facility.hours:
        return _at_midnight(starts, zone) and _at_midnight(until, zone)
    first, last = _first_day(starts, zone), _last_day(until, zone)
    if any(is_at_an_end(day) for day in (first, last) if day):
        return False
    calendar = calendar_of(Facility(id=facility.id, name="", hours=facility.hours))
    before = first and starts and calendar.is_open(first, before=first_moment(starts))
    after = last and until and calendar.is_open(last, after=last_moment(until))
    return not before and not after


def _at_midnight(moment: date | datetime | None, zone: ZoneInfo) -> bool:
    return not isinstance(moment, datetime) or local(moment, zone).time() == time()


def _first_day(starts: date | datetime | None, zone: ZoneInfo) -> date | None:
    return local(starts, zone).date() if isinstance(starts, datetime) else starts


def _last_day(until: date | datetime | None, zone: ZoneInfo) -> date | None:
    """Of what ends at midnight, the day before."""
    if not isinstance(until, datetime):
        return until
    there = local(until, zone)
    ends_at_midnight = there.time() == time() and there.date() > date.min
    return there.date() - timedelta(days=1) if ends_at_midnight else there.date()


def _said(news: IncidentNews) -> str | None:
    return AREA_REASONS.get(news.reason or "")


def _id(facility: Facility | None) -> str | None:
    return facility.id if facility else None


def _new_places(news: IncidentNews, before: IncidentNews) -> tuple[PlaceTouched, ...]:
    """Those with items that were not told of there, or that can be got in another way, elsewhere or until another day.

    An item that is not there any more is no news.
    """
    told = {place.facility.id: place for place in before.places}
    return tuple(place for place in news.places if _is_new(place, told.get(place.facility.id), news, before))


def _is_new(place: PlaceTouched, told: PlaceTouched | None, news: IncidentNews, before: IncidentNews) -> bool:
    if told is None:
        return True
    now, then = outcome_of(place, news.substitute), outcome_of(told, before.substitute)
    elsewhere = now.way is Way.INSTEAD and _id(news.substitute) != _id(before.substitute)
    numbers = {item.shipment for item in place.items} - {item.shipment for item in told.items}
    return elsewhere or (now.way, now.by) != (then.way, then.by) or bool(numbers)
