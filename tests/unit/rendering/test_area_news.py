"""What an incident of an area comes to for one person, whatever it is told in."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from app.rendering.area_news import Changes, Span, Way, changes_of, days_of, outcome_of, outcomes_of, span_of
from app.rendering.notice import IncidentNews, Item, PlaceTouched
from tests.unit.rendering.area_samples import (
    AT_LOCKER,
    AT_OFFICE,
    AT_THIRD,
    CLOSURE,
    INSTEAD,
    LETTER,
    LONGER,
    STARTS,
    STRIKE,
    SUBSTITUTE,
    UNTIL,
    shut,
)
from tests.unit.rendering.samples import OFFICE, SAFE, WARSAW

NOTHING = Changes(starts=False, until=False, reason=False, places=())
BARE = PlaceTouched(facility=OFFICE, items=(LETTER,))


@pytest.mark.parametrize(
    ("place", "way", "by"),
    [
        (replace(BARE, collect_by=SAFE, substitute_by=date(2026, 12, 4)), Way.INSTEAD, date(2026, 12, 4)),
        (replace(BARE, has_no_open_day=True, substitute_by=SAFE), Way.INSTEAD, SAFE),
        (replace(BARE, has_no_open_day=True), Way.NOWHERE, None),
        (replace(BARE, collect_by=SAFE), Way.THERE, SAFE),
        (BARE, Way.INSTEAD, None),
    ],
)
def test_where_there_is_a_substitute_that_is_where_to_go_as_long_as_it_is_open(
    place: PlaceTouched, way: Way, by: date | None
) -> None:
    outcome = outcome_of(place, SUBSTITUTE)
    assert (outcome.way, outcome.by) == (way, by)


def test_without_a_substitute_the_place_itself_counts() -> None:
    ways = [outcome_of(place, None).way for place in (AT_LOCKER, AT_OFFICE, BARE)]
    assert ways == [Way.NOWHERE, Way.THERE, Way.UNKNOWN]


def test_places_that_stand_alike_are_told_together_with_the_earliest_day_and_the_worst_comes_first() -> None:
    nowhere, there = outcomes_of((AT_OFFICE, AT_LOCKER, AT_THIRD), None)
    assert (nowhere.way, nowhere.by, nowhere.items) == (Way.NOWHERE, None, AT_LOCKER.items)
    assert (there.way, there.by) == (Way.THERE, AT_THIRD.collect_by)
    assert there.items == (*AT_OFFICE.items, *AT_THIRD.items)


def test_what_was_not_told_before_or_is_over_has_no_changes() -> None:
    assert changes_of(CLOSURE) is None
    assert changes_of(replace(CLOSURE, before=CLOSURE, is_over=True)) is None
    assert changes_of(replace(CLOSURE, kind="resolved", before=replace(CLOSURE, kind="resolved"))) is None
    assert changes_of(replace(CLOSURE, before=STRIKE)) is None


@pytest.mark.parametrize(
    ("news", "changes"),
    [
        (CLOSURE, NOTHING),
        (LONGER, replace(NOTHING, until=True)),
        (replace(CLOSURE, starts=STARTS + timedelta(hours=1)), replace(NOTHING, starts=True)),
        (replace(CLOSURE, reason="strike"), replace(NOTHING, reason=True)),
        (replace(CLOSURE, reason="x-unknown"), NOTHING),
        (INSTEAD, replace(NOTHING, places=INSTEAD.places)),
        (replace(CLOSURE, substitute=SUBSTITUTE), NOTHING),
        (replace(CLOSURE, places=(AT_OFFICE, AT_THIRD)), replace(NOTHING, places=(AT_THIRD,))),
    ],
)
def test_only_what_is_otherwise_is_a_change(news: IncidentNews, changes: Changes) -> None:
    assert changes_of(replace(news, before=CLOSURE)) == changes


def test_another_substitute_with_the_same_last_day_is_a_change() -> None:
    elsewhere = replace(INSTEAD, substitute=replace(SUBSTITUTE, id="UP-00-005"))
    assert changes_of(replace(elsewhere, before=INSTEAD)) == replace(NOTHING, places=INSTEAD.places)


def test_an_item_that_came_is_a_change_and_one_that_went_is_none() -> None:
    more = replace(CLOSURE, places=(replace(AT_OFFICE, items=(LETTER, Item(shipment="X1"))),))
    assert changes_of(replace(more, before=CLOSURE)) == replace(NOTHING, places=more.places)
    assert changes_of(replace(CLOSURE, before=more)) == NOTHING


def test_an_incident_that_takes_all_that_is_open_on_its_first_and_last_day_is_told_in_days() -> None:
    assert span_of(CLOSURE, WARSAW) == Span(starts=date(2026, 11, 30), until=date(2026, 12, 2))


@pytest.mark.parametrize("change", [{"starts": STARTS + timedelta(hours=1)}, {"until": UNTIL - timedelta(minutes=5)}])
def test_one_that_leaves_a_part_of_them_is_told_with_its_moments(change: dict[str, datetime]) -> None:
    news = replace(CLOSURE, **change)  # type: ignore[arg-type] # the fields of news are of many types
    assert span_of(news, WARSAW) == Span(starts=news.starts, until=news.until)


def test_without_known_hours_only_whole_days_are_told_in_days() -> None:
    place = replace(AT_OFFICE, facility=shut(replace(OFFICE, hours=None)))
    news = replace(CLOSURE, places=(place,))
    assert span_of(news, WARSAW).starts == STARTS
    whole = replace(news, starts=datetime(2026, 11, 30, tzinfo=WARSAW), until=datetime(2026, 12, 3, tzinfo=WARSAW))
    assert span_of(whole, WARSAW) == Span(starts=date(2026, 11, 30), until=date(2026, 12, 2))


def test_what_ends_at_midnight_lasts_until_the_day_before() -> None:
    midnight = datetime(2026, 12, 3, tzinfo=WARSAW)
    assert days_of(Span(starts=midnight, until=midnight), WARSAW) == (date(2026, 12, 3), date(2026, 12, 2))
