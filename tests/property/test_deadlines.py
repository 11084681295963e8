"""Deadlines of any item: a second reading of the rules agrees, and what must hold for all of them holds."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from app.domain.calendar import is_statutory_day_off, local_day
from app.domain.deadline import Deadlines, Inputs, deadlines
from app.domain.event import Closure, LegalRegime, OpeningInterval
from app.domain.facility_calendar import FacilityCalendar
from tests import second_deadlines
from tests.second_deadlines import Answer, Given

FIRST_DAY, LAST_DAY = date(2021, 1, 1), date(2030, 11, 30)
DAYS = st.dates(FIRST_DAY, LAST_DAY)


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


# From five in the morning on, so that no clock change falls into them; and round the clock.
SHIFTS = st.lists(st.integers(5 * 12, 24 * 12).map(lambda fifths: fifths * 5), min_size=2, max_size=4, unique=True).map(
    lambda marks: list(zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False))
)
USUAL = st.just([(480, 1200)])
SOME_DAY = st.one_of(USUAL, st.just([]), SHIFTS, st.just([(0, 1440)]))
WEEKS = st.one_of(
    st.just([[(480, 1200)]] * 5 + [[], []]),
    st.just([[(480, 1200)]] * 6 + [[]]),
    st.just([[(0, 1440)]] * 7),
    st.just([[]] * 7),
    st.lists(SOME_DAY, min_size=7, max_size=7),
)


@st.composite
def some_closures(draw: st.DrawFn, around: date) -> list[tuple[date, date]]:
    starts = st.integers(-30, 40).map(lambda days: around + timedelta(days=days))
    lasting = st.one_of(st.integers(0, 4), st.integers(0, 60))
    return [(first, first + timedelta(days=draw(lasting))) for first in draw(st.lists(starts, max_size=3))]


@st.composite
def moments(draw: st.DrawFn, around: date, earliest: int, latest: int) -> date | datetime | None:
    kind = draw(st.sampled_from(["none", "day", "moment"]))
    day = around + timedelta(days=draw(st.integers(earliest, latest)))
    if kind == "none":
        return None
    if kind == "day":
        return day
    minute = timedelta(minutes=draw(st.integers(0, 24 * 60 - 1)))
    return datetime.combine(day, time(), UTC) + minute


@st.composite
def items(draw: st.DrawFn) -> Given:
    """An item somewhere in ten years, with every kind of notice, date, office and day of looking at it."""
    around = draw(DAYS)
    late = st.integers(-3, 40)
    second = draw(st.one_of(st.none(), st.integers(6, 12), late))
    return Given(
        regime=draw(st.sampled_from([regime.value for regime in LegalRegime])),
        first=draw(st.sampled_from([around, around, around, None])),
        second=None if second is None else around + timedelta(days=second),
        pickup_from=draw(moments(around, -2, 12)),
        pickup_until=draw(moments(around, -1, 40)),
        week=draw(WEEKS),
        closures=draw(some_closures(around)),
        as_of=around + timedelta(days=draw(st.one_of(st.just(0), st.integers(-5, 45)))),
    )


def known_of(item: Given) -> Deadlines:
    return deadlines(
        Inputs(
            regime=LegalRegime(item.regime),
            first_notice_on=item.first,
            second_notice_on=item.second,
            pickup_from=item.pickup_from,
            pickup_until=item.pickup_until,
            calendar=FacilityCalendar(
                hours=tuple(
                    tuple(OpeningInterval(opens=_time(opens), closes=_time(closes)) for opens, closes in hours)
                    for hours in item.week
                ),
                closures=tuple(Closure(first_on=first, last_on=last) for first, last in item.closures),
            ),
            as_of=item.as_of,
        )
    )


def answer_of(known: Deadlines) -> Answer:
    return Answer(
        first_window_end=known.first_window_end,
        expected=known.second_notice_expected_on,
        end_strict=known.end_strict,
        end_rolled=known.end_rolled,
        safe=known.safe_collect_by,
        projected=known.projected,
        candidates=[(each.regime.value, each.end_strict, each.end_rolled, each.projected) for each in known.candidates],
        anomalies=set(known.anomalies),
    )


def _over_days_off(regime: str, first: date, **more: Any) -> Given:
    plain = Given(
        regime=regime,
        first=first,
        second=None,
        pickup_from=None,
        pickup_until=None,
        week=[[(480, 1200)]] * 5 + [[], []],
        closures=[],
        as_of=first,
    )
    return replace(plain, **more)


@settings(deadline=None, max_examples=400)  # the days off of a year are computed when first asked for
@given(item=items())
@example(item=_over_days_off("kpc", date(2024, 12, 16)))
@example(item=_over_days_off("kpc", date(2025, 12, 16)))
@example(item=_over_days_off("unknown", date(2026, 3, 20), pickup_until=datetime(2026, 3, 29, 8, tzinfo=UTC)))
@example(item=_over_days_off("kpa", date(2029, 3, 19), closures=[(date(2029, 3, 29), date(2029, 4, 9))]))
def test_a_second_reading_of_the_rules_agrees_on_every_field(item: Given) -> None:
    known = answer_of(known_of(item))
    event(f"{item.regime}, safe: {known.safe is not None}, anomalies: {sorted(known.anomalies)}")
    assert known == second_deadlines.answer(item)


def test_both_know_the_same_days_off() -> None:
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(12 * 365)]
    ours = {day for day in days if is_statutory_day_off(day)}
    theirs = {day for day in days if second_deadlines.day_off_by_law(day)}
    assert {day for day in ours ^ theirs if day.weekday() != 6} == set()


@settings(deadline=None)
@given(item=items())
def test_the_safe_day_is_never_later_than_the_strict_end_or_the_operators_day(item: Given) -> None:
    known = known_of(item)
    if (safe := known.safe_collect_by) is None:
        return
    until = item.pickup_until
    own = local_day(until) if isinstance(until, datetime) else until
    assert known.end_strict is None or safe <= known.end_strict
    assert own is None or safe <= own
    assert all(safe <= candidate.end_strict for candidate in known.candidates)


@settings(deadline=None)
@given(item=items())
def test_on_the_safe_day_the_office_opens_while_the_item_is_there(item: Given) -> None:
    known = known_of(item)
    if (safe := known.safe_collect_by) is None:
        return
    openings = known.inputs.calendar.openings(safe)
    starts, until = item.pickup_from, item.pickup_until
    assert any(
        (not isinstance(until, datetime) or opening.opens_at < until)
        and (not isinstance(starts, datetime) or opening.closes_at > starts)
        for opening in openings
    )
    assert item.first is None or safe >= item.first


@settings(deadline=None)
@given(item=items(), data=st.data())
def test_one_more_closure_never_makes_the_safe_day_later(item: Given, data: st.DataObject) -> None:
    before = known_of(item).safe_collect_by
    around = before or item.as_of
    more = data.draw(some_closures(around))
    after = known_of(replace(item, closures=[*item.closures, *more])).safe_collect_by
    assert after is None or (before is not None and after <= before)


@settings(deadline=None)
@given(item=items())
def test_while_the_end_is_projected_the_safe_day_is_at_most_fourteen_days_away(item: Given) -> None:
    known = known_of(item)
    if known.projected and known.safe_collect_by and item.first:
        assert known.safe_collect_by <= item.first + timedelta(days=14)


@settings(deadline=None)
@given(item=items())
def test_there_is_no_safe_day_only_where_nothing_limits_or_nothing_is_open(item: Given) -> None:
    known = known_of(item)
    unlimited = known.end_strict is None and item.pickup_until is None
    assert (known.safe_collect_by is None) == (unlimited or "no_open_day" in known.anomalies)


@settings(deadline=None)
@given(item=items(), days=st.integers(1, 400))
def test_once_the_term_is_over_time_changes_nothing(item: Given, days: int) -> None:
    over = item.as_of + timedelta(days=100)
    then, later = known_of(replace(item, as_of=over)), known_of(replace(item, as_of=over + timedelta(days=days)))
    assert answer_of(then) == answer_of(later)


@settings(deadline=None)
@given(item=items(), days=st.integers(1, 60))
def test_time_never_makes_the_safe_day_another_one_but_may_leave_none(item: Given, days: int) -> None:
    by_calendar = known_of(replace(item, as_of=item.as_of + timedelta(days=100))).safe_collect_by
    assert known_of(item).safe_collect_by in {by_calendar, None}
    assert known_of(replace(item, as_of=item.as_of + timedelta(days=days))).safe_collect_by in {by_calendar, None}
