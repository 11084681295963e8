"""What an SMS says of one incident of an area, sentence by sentence, in as much detail as there is room for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.event import Facility
from app.rendering.area_news import (
    Changes,
    Outcome,
    Span,
    Way,
    changes_of,
    closes,
    days_of,
    had_begun,
    is_ahead,
    is_open_again,
    is_over,
    kind_of_area,
    outcomes_of,
    span_of,
    touched,
)
from app.rendering.dates import clock, local
from app.rendering.notice import IncidentNews, Item, Notice, PlaceTouched
from app.rendering.sms.fitting import abbreviated, shortened
from app.rendering.sms.items import item_named, short_number
from app.rendering.sms.places import facility_between
from app.rendering.sms.voice import Voice
from app.rendering.words import AREA_REASONS, OPERATORS, counted_items

_CODES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much is said. `places` and `outcomes` are how many of them at most, `room` the longest a name may be.

    `numbers`: whole numbers of items, else their ends; `named`: items by their kind, and where they are in case.
    `whole`: weekdays and hours of when it is, and what was said before.
    """

    numbers: bool = True
    hours: bool = True
    street: bool = True
    reason: bool = True
    whole: bool = True
    named: bool = True
    places: int = 1_000
    outcomes: int = 4
    room: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One incident, to be told with that notice in that voice and detail."""

    news: IncidentNews
    notice: Notice
    voice: Voice
    detail: Detail

    @property
    def today(self) -> date:
        """The local day on which it is told."""
        return self.notice.told_on or self.notice.happened_on

    def name(self, text: str | None) -> str:
        """A name that somebody else gave, in the room there is; empty where these letters cannot write it."""
        words = self.voice.words(text)
        return words if self.detail.room is None else shortened(abbreviated(words), self.detail.room)

    @property
    def operator(self) -> str:
        """Whose incident it is."""
        return self.name(OPERATORS.get(self.news.operator, self.news.operator)) or self.voice.say("Operator")


def sentences(telling: Telling) -> list[str]:
    """What happened, what it means, and what can be done; the first one begins with a place or the operator."""
    if is_over(telling.news):
        return [_end(telling), *_to_do(telling.news.places, telling)] if closes(telling.news) else [_end(telling)]
    changes = changes_of(telling.news)
    if changes is not None and changes.any:
        return list(_change(changes, telling))
    return list(_whole(telling))


def is_change(news: IncidentNews) -> bool:
    """Whether it puts right what was told before."""
    changes = changes_of(news)
    return changes is not None and changes.any


def _whole(telling: Telling) -> Iterator[str]:
    news = telling.news
    reason = _reason(telling)
    yield _lead(_when(span_of(news, telling.notice.zone), telling), telling) + (f" ({reason})." if reason else ".")
    if closes(news):
        yield from _to_do(news.places, telling)
        return
    if telling.detail.outcomes:
        yield telling.voice.say("Deliveries and collections may be late.")
    if telling.detail.reason and (concerned := _concerned(telling)):
        yield telling.voice.say("Concerns: %(what)s.", what=concerned)


def _change(changes: Changes, telling: Telling) -> Iterator[str]:
    """Only what is otherwise; when it is stands in the first sentence if that is new, or a place is."""
    say = telling.voice.say
    told = {place.facility.id for place in telling.news.before.places} if telling.news.before else set()
    added = any(place.facility.id not in told for place in changes.places)
    if changes.starts or changes.until:
        yield _lead(_now(changes, telling), telling) + "."
    elif added and closes(telling.news):
        yield _lead(_when(span_of(telling.news, telling.notice.zone), telling), telling) + "."
    else:
        yield _heading(telling) + "."
    if changes.reason and (reason := _reason(telling)):
        yield say("Reason: %(reason)s.", reason=reason)
    if closes(telling.news):
        yield from _to_do(changes.places, telling)


def _now(changes: Changes, telling: Telling) -> str:
    """When it is now, and when it was said to be; where only the end moved, the ends."""
    news, before, zone = telling.news, telling.news.before, telling.notice.zone
    span = span_of(news, zone)
    if not changes.starts:
        span = Span(starts=None, until=span.until)
    now = _when(span, telling)
    if before is None or not telling.detail.whole:
        return now
    then = span_of(before, zone)
    earlier = _when(then if changes.starts else Span(starts=None, until=then.until), telling, weekdays=False)
    return telling.voice.say("now %(now)s, before: %(before)s", now=now, before=earlier)


def _lead(when: str, telling: Telling) -> str:
    """What is shut, or who has trouble, and when."""
    say, news = telling.voice.say, telling.news
    if not closes(news):
        if kind_of_area(news) == "maintenance_planned":
            return say("%(operator)s plans work %(when)s", operator=telling.operator, when=when)
        return say("%(operator)s reports disruption %(when)s", operator=telling.operator, when=when)
    values = {"places": _places(news.places, telling), "when": when}
    count = max(len(news.places), 1)
    if is_ahead(news, telling.today, telling.notice.zone):
        return say.plural("%(places)s will be closed %(when)s", "%(places)s will be closed %(when)s", count, **values)
    return say.plural("%(places)s is closed %(when)s", "%(places)s are closed %(when)s", count, **values)


def _heading(telling: Telling) -> str:
    """What it is about, where the rest of it stays as it was told."""
    say, news = telling.voice.say, telling.news
    if closes(news):
        return say("%(places)s (closure)", places=_places(news.places, telling))
    if kind_of_area(news) == "maintenance_planned":
        return say("%(operator)s (planned work)", operator=telling.operator)
    return say("%(operator)s (disruption)", operator=telling.operator)


def _end(telling: Telling) -> str:
    """That it is over, will not be, or is none of theirs any more."""
    say, news = telling.voice.say, telling.news
    begun = had_begun(news, telling.notice.happened_at, telling.notice.zone)
    when = _when(span_of(news.before or news, telling.notice.zone), telling)
    if closes(news):
        return _end_of_closure(when, telling, begun=begun) + "."
    operator, is_work = telling.operator, kind_of_area(news) == "maintenance_planned"
    if news.kind != "resolved":
        text = (
            say("%(operator)s: the planned work does not concern you any more", operator=operator)
            if is_work
            else say("%(operator)s: the disruption does not concern you any more", operator=operator)
        )
    elif begun:
        text = (
            say("%(operator)s reports the end of planned work", operator=operator)
            if is_work
            else say("%(operator)s reports the end of disruption", operator=operator)
        )
    else:
        text = (
            say("%(operator)s: no planned work %(when)s after all", operator=operator, when=when)
            if is_work
            else say("%(operator)s: no disruption %(when)s after all", operator=operator, when=when)
        )
    return text + "."


def _end_of_closure(when: str, telling: Telling, *, begun: bool) -> str:
    say, news = telling.voice.say, telling.news
    places = _places(touched(news), telling)
    if news.kind != "resolved":
        return say("%(places)s: the closure does not concern your items any more", places=places)
    if not begun:
        return say("%(places)s: no closure %(when)s after all", places=places, when=when)
    if not news.places:
        return say("%(places)s: the closure is over", places=places)
    if not all(is_open_again(place, telling.notice.happened_at) for place in news.places):
        return say("%(places)s: one of the closures is over", places=places)
    return say.plural("%(places)s is open again", "%(places)s are open again", len(news.places), places=places)


def _places(places: Sequence[PlaceTouched], telling: Telling) -> str:
    """Their names, and how many more there are."""
    say, most = telling.voice.say, telling.detail.places
    unnamed = say("Your place of pick-up")
    names = list(dict.fromkeys(telling.name(place.facility.name) or unnamed for place in places)) or [unnamed]
    listed, more = ", ".join(names[:most]), len(names) - most
    if more <= 0:
        return listed
    return say.plural("%(places)s and %(count)s more", "%(places)s and %(count)s others", more, places=listed)


def _reason(telling: Telling) -> str:
    reason = AREA_REASONS.get(telling.news.reason or "")
    return telling.voice.say(reason) if reason and telling.detail.reason else ""


def _when(span: Span, telling: Telling, *, weekdays: bool = True) -> str:
    """`from 30 Nov (Mon) to 2 Dec (Wed)`, as much of it as is known."""
    say, (first, last) = telling.voice.say, days_of(span, telling.notice.zone)
    short = not weekdays or not telling.detail.whole
    starts = _point(span.starts, first, telling, short=short)
    ends = _point(span.until, last, telling, short=short)
    if first is None and last is None:
        return say("until further notice")
    if first is None:
        return say("until %(end)s", end=ends)
    if last is None:
        return say("from %(start)s until further notice", start=starts)
    if first == last:
        return say("on %(day)s", day=_one_day(span, first, telling, short=short))
    return say("from %(start)s to %(end)s", start=starts, end=ends)


def _one_day(span: Span, day: date, telling: Telling, *, short: bool) -> str:
    """Its hours stay: most of the day may be left."""
    shown = telling.voice.short_date(day) if short else telling.voice.weekday_date(day)
    if not isinstance(span.starts, datetime) or not isinstance(span.until, datetime):
        return shown
    starts, until = (local(each, telling.notice.zone).time() for each in (span.starts, span.until))
    return f"{shown}, {clock(starts)}-{clock(until) if until.hour or until.minute else '24:00'}"


def _point(moment: date | datetime | None, day: date | None, telling: Telling, *, short: bool) -> str:
    """That day, with the hour where one was said and it is not midnight."""
    if moment is None or day is None:
        return ""
    if short:
        return telling.voice.short_date(day)
    there = local(moment, telling.notice.zone) if isinstance(moment, datetime) else None
    if there is None or there.date() != day or not (there.hour or there.minute):
        return telling.voice.weekday_date(day)
    return telling.voice.when(there, telling.notice.zone)


def _to_do(places: Sequence[PlaceTouched], telling: Telling) -> Iterator[str]:
    """How the items at those places can be got, the most pressing first."""
    substitute = None if is_over(telling.news) else telling.news.substitute
    outcomes = outcomes_of(places, substitute, elsewhere=_elsewhere(telling.news))
    for outcome in outcomes[: telling.detail.outcomes]:
        item = _items(outcome.items, telling)
        names = list(dict.fromkeys(name for place in outcome.places if (name := telling.name(place.name))))
        if names and len(outcomes) > 1 and telling.detail.named:
            item = ", ".join((*names, item))
        else:
            item = item[:1].upper() + item[1:]
        yield _outcome(outcome, item, substitute, telling)


def _elsewhere(news: IncidentNews) -> tuple[Item, ...]:
    return () if is_over(news) or is_change(news) else news.items


def _outcome(outcome: Outcome, item: str, substitute: Facility | None, telling: Telling) -> str:
    say = telling.voice.say
    by = telling.voice.weekday_date(outcome.by) if outcome.by else ""
    if outcome.way is Way.NOWHERE:
        if not telling.detail.named:
            return say("No open day left before the return: ask the operator.")
        return say("%(item)s: no open day is left before the return. Ask the operator.", item=item)
    if outcome.way is Way.THERE:
        return say("%(item)s: collect there by %(date)s.", item=item, date=by)
    if outcome.way is Way.INSTEAD and substitute is not None:
        return _instead(item, by, _substitute(substitute, outcome.by, telling), telling)
    return say("%(item)s: the operator has the details.", item=item)


def _instead(item: str, by: str, place: str, telling: Telling) -> str:
    say = telling.voice.say
    if not by:
        return say("%(item)s: collect at %(place)s.", item=item, place=place)
    return say("%(item)s: collect at %(place)s, by %(date)s.", item=item, place=place, date=by)


def _substitute(facility: Facility, by: date | None, telling: Telling) -> str:
    """Where to go instead."""
    detail = telling.detail
    place = facility_between(telling.today, by, facility, telling.voice)
    if place is None:
        return telling.voice.say("another place")
    parts = (telling.name(facility.name), place.street if detail.street else "", place.hours if detail.hours else "")
    return ", ".join(part for part in parts if part)


def _items(items: Sequence[Item], telling: Telling) -> str:
    """One by its kind and number, or by its number alone; several by how many they are."""
    say = telling.voice.say
    if len(items) != 1:
        return counted_items(max(len(items), 1), say)
    forms = item_named(items[0], telling.voice)
    if telling.detail.named:
        return forms[0] if telling.detail.numbers else forms[-1]
    number = short_number(items[0], telling.voice)
    return say("no. %(number)s", number=number) if number else counted_items(1, say)


def _concerned(telling: Telling) -> str:
    """Which items, places and post codes of the person a disruption touches."""
    say, news = telling.voice.say, telling.news
    items = (*news.items, *(item for place in news.places for item in place.items))
    said = [_items(items, telling)] if items else []
    said += [name for place in news.places[: telling.detail.places] if (name := telling.name(place.facility.name))]
    codes = [code for each in news.post_codes[:_CODES_MAX] if (code := telling.voice.words(each))]
    if codes:
        said.append(say("post code %(codes)s", codes=", ".join(codes)))
    return ", ".join(said)
