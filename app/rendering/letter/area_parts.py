"""What letters about incidents of areas are made from: when it is, why, and what becomes of items at a place."""

from datetime import date, datetime

from app.domain.event import Facility
from app.rendering.area_news import Changes, Way, changes_of, days_of, is_over, outcome_of, span_of
from app.rendering.free_text import plain
from app.rendering.letter.parts import Draft, Section, item_line
from app.rendering.letter.place import place_in_a_line, title_of_days
from app.rendering.letter.reports import reason_given
from app.rendering.notice import IncidentNews, PlaceTouched
from app.rendering.opening_hours import days_to_show, listed_days, never_closes
from app.rendering.words import AREA_REASONS, OPERATORS


def operator_of(draft: Draft, news: IncidentNews) -> str:
    """Whose incident it is."""
    return plain(OPERATORS.get(news.operator, news.operator)) or draft.say("The operator")


def facts(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    """From when until when, and why; of a change only what is otherwise now, and what was told before."""
    changes = changes_of(news)
    if changes is not None and changes.any:
        return tuple(_changed(draft, news, changes))
    told = news.before if is_over(news) else news
    if told is None:
        return ()
    return (*_from(draft, told), *_until(draft, told), *_reason(draft, told))


def _changed(draft: Draft, news: IncidentNews, changes: Changes) -> list[str]:
    say, before, lines = draft.say, news.before, list[str]()
    if changes.starts:
        lines += _from(draft, news)
        if before is not None and before.starts is not None:
            lines.append(say("Told before: %(what)s", what=draft.full(before.starts)))
    if changes.until:
        lines += _until(draft, news)
        if before is not None and before.until is not None:
            lines.append(say("Told before: %(what)s", what=draft.full(before.until)))
    if changes.reason:
        lines += _reason(draft, news)
    if changes.places:
        lines.append(say("Where and until when the items can be collected now is below."))
    return lines


def _from(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    return (draft.say("From: %(when)s", when=draft.full(news.starts)),) if news.starts is not None else ()


def _until(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    say, until = draft.say, news.until
    if until is None:
        return (say("The operator has not said until when."),)
    if isinstance(until, datetime):
        return (say("Until: %(when)s", when=draft.moment(until)),)
    return (say("Until, that day included: %(when)s", when=draft.full(until)),)


def _reason(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    reason = reason_given(draft, AREA_REASONS.get(news.reason or ""))
    return (reason,) if reason else ()


def days_in_sentence(draft: Draft, news: IncidentNews) -> str:
    """`from 30 November 2026 (Monday) to 2 December 2026 (Wednesday)`, as much of it as is known."""
    say = draft.say
    first, last = days_of(span_of(news, draft.notice.zone), draft.notice.zone)
    if first is None and last is None:
        return draft.happened_on
    if first is None or last is None:
        return _half_open(draft, first, last)
    if first == last:
        return draft.day_in_sentence(first)
    return say("from %(start)s to %(end)s", start=draft.day_in_sentence(first), end=draft.day_in_sentence(last))


def _half_open(draft: Draft, first: date | None, last: date | None) -> str:
    if first is not None:
        return draft.say("from %(start)s", start=draft.day_in_sentence(first))
    return draft.say("until %(end)s", end=draft.day_in_sentence(last)) if last is not None else ""


def outcome_in_words(draft: Draft, place: PlaceTouched, substitute: Facility | None) -> str:
    """How and until when what waits at the place can be collected."""
    say, outcome = draft.say, outcome_of(place, substitute)
    by = draft.full(outcome.by) if outcome.by else ""
    match outcome.way:
        case Way.NOWHERE:
            return say("No open day is left here before the return")
        case Way.THERE:
            return say("Last safe day: %(date)s", date=by)
        case Way.INSTEAD:
            return say("At another place until: %(date)s", date=by) if by else say("At another place")
        case Way.UNKNOWN:
            return say("The operator has given no last day for collecting")


def items_at(draft: Draft, place: PlaceTouched) -> tuple[str, ...]:
    """The person's items that wait there, a line each."""
    return tuple(item_line(draft, item) for item in place.items)


def _here(draft: Draft, place: PlaceTouched, substitute: Facility | None) -> tuple[str, ...]:
    """Beside a substitute, until when the place itself will do."""
    say = draft.say
    if outcome_of(place, substitute).way is not Way.INSTEAD:
        return ()
    if place.has_no_open_day:
        return (say("No open day is left here before the return."),)
    return (say("Here, the last safe day is: %(date)s", date=draft.full(place.collect_by)),) if place.collect_by else ()


def lines_of_place(draft: Draft, place: PlaceTouched, substitute: Facility | None) -> tuple[str, ...]:
    """The place, what waits there, and how it can be collected."""
    return (
        place_in_a_line(place.facility) or draft.say("Place of pick-up"),
        *items_at(draft, place),
        outcome_in_words(draft, place, substitute),
        *_here(draft, place, substitute),
    )


def section_of_place(draft: Draft, place: PlaceTouched, substitute: Facility | None) -> Section:
    """The same with its hours day by day, where it is the place to go to."""
    outcome, facility = outcome_of(place, substitute), place.facility
    days = days_to_show(draft.today, outcome.by)
    shown = outcome.way is Way.THERE and not never_closes(facility, days)
    listed = listed_days(facility, days, draft.say, draft.notice.language) if shown else ()
    return Section(
        title=place_in_a_line(facility) or draft.say("Place of pick-up"),
        headline=outcome_in_words(draft, place, substitute),
        lines=(*items_at(draft, place), *_here(draft, place, substitute), *title_of_days(draft, listed)),
        days=listed,
    )
