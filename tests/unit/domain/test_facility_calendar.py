"""On which days an office, a shop or a locker is open, and until when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.domain.calendar import at_local
from app.domain.event import Closure, Facility, OpeningInterval, Outage
from app.domain.facility_calendar import (
    ALWAYS_OPEN,
    ROUND_THE_CLOCK,
    UNKNOWN_HOURS,
    FacilityCalendar,
    Opening,
    calendar_of,
)

MORNING, AFTERNOON = (
    OpeningInterval(opens=time(8), closes=time(12)),
    OpeningInterval(opens=time(13), closes=time(18)),
)
DAY = (OpeningInterval(opens=time(8), closes=time(20)),)
MON_FRI = FacilityCalendar(hours=(DAY, DAY, (MORNING, AFTERNOON), DAY, DAY, (), ()))
EVERY_DAY = FacilityCalendar(hours=(DAY,) * 7)
LOCKER = FacilityCalendar(hours=ALWAYS_OPEN)
OFFICE = Facility(id="UP-00-032", name="UP Warszawa 32")

MONDAY, WEDNESDAY, FRIDAY, SATURDAY, SUNDAY = (date(2026, 11, day) for day in (23, 25, 27, 28, 29))
INDEPENDENCE_DAY = date(2026, 11, 11)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def closed(calendar: FacilityCalendar, *days: tuple[date, date]) -> FacilityCalendar:
    return replace(calendar, closures=tuple(Closure(first_on=first, last_on=last) for first, last in days))


def open_days(calendar: FacilityCalendar, days: Sequence[date]) -> list[date]:
    return [day for day in days if calendar.is_open(day)]


def test_an_office_is_open_during_each_of_its_hours() -> None:
    assert MON_FRI.openings(WEDNESDAY) == (
        Opening(opens_at=utc(2026, 11, 25, 7), closes_at=utc(2026, 11, 25, 11)),
        Opening(opens_at=utc(2026, 11, 25, 12), closes_at=utc(2026, 11, 25, 17)),
    )


def test_it_is_shut_on_days_without_hours() -> None:
    assert open_days(MON_FRI, [FRIDAY, SATURDAY, SUNDAY]) == [FRIDAY]


def test_both_ends_of_a_closure_are_shut() -> None:
    assert open_days(closed(EVERY_DAY, (WEDNESDAY, FRIDAY)), [date(2026, 11, day) for day in range(23, 30)]) == [
        MONDAY,
        date(2026, 11, 24),
        SATURDAY,
        SUNDAY,
    ]


def test_every_closure_counts() -> None:
    calendar = closed(EVERY_DAY, (SUNDAY, SUNDAY), (MONDAY, MONDAY))
    assert open_days(calendar, [MONDAY, FRIDAY, SUNDAY]) == [FRIDAY]


@pytest.mark.parametrize(("calendar", "is_open"), [(MON_FRI, False), (EVERY_DAY, False), (LOCKER, True)])
def test_on_a_day_off_only_what_is_open_round_the_clock_is_open(calendar: FacilityCalendar, is_open: bool) -> None:
    assert calendar.is_open(INDEPENDENCE_DAY) is is_open


def test_a_closure_shuts_a_locker_too() -> None:
    assert not closed(LOCKER, (MONDAY, MONDAY)).is_open(MONDAY)


def test_an_ordinary_sunday_is_open_where_hours_say_so() -> None:
    assert EVERY_DAY.is_open(SUNDAY)


@pytest.mark.parametrize(
    ("day", "opens_at", "closes_at"),
    [
        (date(2026, 3, 29), utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        (date(2026, 10, 25), utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
    ],
)
def test_round_the_clock_lasts_23_or_25_hours_when_the_clock_changes(
    day: date, opens_at: datetime, closes_at: datetime
) -> None:
    assert LOCKER.openings(day) == (Opening(opens_at=opens_at, closes_at=closes_at),)


def test_hours_until_midnight_end_with_the_day() -> None:
    late = FacilityCalendar(hours=((OpeningInterval(opens=time(6), closes=time()),),) * 7)
    assert late.openings(MONDAY)[0].closes_at == utc(2026, 11, 23, 23)


@pytest.mark.parametrize(
    ("day", "opens_at"), [(date(2026, 3, 28), 7), (date(2026, 3, 29), 6), (date(2026, 10, 24), 6), (SUNDAY, 7)]
)
def test_hours_are_those_of_the_wall_clock(day: date, opens_at: int) -> None:
    assert EVERY_DAY.openings(day)[0].opens_at.hour == opens_at


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"), [(6, 0, True), (10, 59, True), (11, 30, True), (16, 59, True), (17, 0, False)]
)
def test_a_day_is_open_after_a_moment_until_the_last_hours_end(hour: int, minute: int, is_open: bool) -> None:
    assert MON_FRI.is_open(WEDNESDAY, after=utc(2026, 11, 25, hour, minute)) is is_open


@pytest.mark.parametrize(("hour", "minute", "is_open"), [(7, 0, False), (7, 1, True), (23, 0, True)])
def test_a_day_is_open_before_a_moment_once_the_first_hours_began(hour: int, minute: int, is_open: bool) -> None:
    assert MON_FRI.is_open(WEDNESDAY, before=utc(2026, 11, 25, hour, minute)) is is_open


def test_the_break_at_noon_is_no_time_to_come() -> None:
    after, before = utc(2026, 11, 25, 11), utc(2026, 11, 25, 12)
    assert not MON_FRI.is_open(WEDNESDAY, after=after, before=before)


def test_the_last_open_day_is_the_last_of_a_period() -> None:
    assert MON_FRI.last_open_day(first=MONDAY, last=SUNDAY) == FRIDAY
    assert MON_FRI.last_open_day(first=MONDAY, last=MONDAY) == MONDAY


@pytest.mark.parametrize(("first", "last"), [(SATURDAY, SUNDAY), (FRIDAY, MONDAY)])
def test_a_period_that_is_shut_or_ends_before_it_begins_has_none(first: date, last: date) -> None:
    assert MON_FRI.last_open_day(first=first, last=last) is None


def test_nobody_looks_back_for_years() -> None:
    calendar = closed(MON_FRI, (date(2025, 1, 1), SUNDAY))
    assert calendar.last_open_day(first=date.min, last=SUNDAY) is None


@pytest.mark.parametrize(("count", "day"), [(0, SUNDAY), (1, FRIDAY), (2, date(2026, 11, 26)), (4, date(2026, 11, 24))])
def test_open_days_are_counted_backwards(count: int, day: date) -> None:
    assert MON_FRI.open_days_before(SUNDAY, count, first=MONDAY) == day


def test_before_the_first_day_there_are_none() -> None:
    assert MON_FRI.open_days_before(WEDNESDAY, 2, first=MONDAY) == MONDAY
    assert MON_FRI.open_days_before(WEDNESDAY, 3, first=MONDAY) is None


def test_days_off_and_closures_are_not_counted() -> None:
    calendar = closed(MON_FRI, (date(2026, 11, 9), date(2026, 11, 10)))
    assert calendar.open_days_before(date(2026, 11, 12), 1, first=date(2026, 11, 1)) == date(2026, 11, 6)


def test_what_an_operator_says_of_a_facility_is_its_calendar() -> None:
    closures = (Closure(first_on=MONDAY, last_on=MONDAY, reason="stocktaking"),)
    facility = replace(OFFICE, hours=EVERY_DAY.hours, closures=closures)
    assert calendar_of(facility) == FacilityCalendar(hours=EVERY_DAY.hours, closures=closures)
    assert calendar_of(facility, is_locker=True) == calendar_of(facility)


def test_of_an_office_whose_hours_nobody_said_working_days_are_sure() -> None:
    closures = (Closure(first_on=MONDAY, last_on=MONDAY),)
    assert calendar_of(replace(OFFICE, closures=closures)) == FacilityCalendar(hours=UNKNOWN_HOURS, closures=closures)
    assert open_days(calendar_of(None), [FRIDAY, SATURDAY, SUNDAY, INDEPENDENCE_DAY]) == [FRIDAY]


@pytest.mark.parametrize("facility", [None, OFFICE])
def test_a_locker_whose_hours_nobody_said_is_always_open(facility: Facility | None) -> None:
    assert calendar_of(facility, is_locker=True).hours == (ROUND_THE_CLOCK,) * 7


def test_a_facility_that_says_it_never_opens_never_does() -> None:
    assert calendar_of(replace(OFFICE, hours=((),) * 7)).last_open_day(first=MONDAY, last=SUNDAY) is None


def test_a_place_is_open_until_it_closes_or_an_outage_begins_or_the_item_goes() -> None:
    day = date(2026, 12, 1)
    office = replace(OFFICE, hours=(DAY,) * 7)
    noon, evening = at_local(day, time(12)), at_local(day, time(20))
    cut = replace(office, outages=(Outage(starts=noon, until=None),))
    assert calendar_of(office).open_until(day) == evening
    assert calendar_of(office).open_until(day, until=noon) == noon
    assert calendar_of(office).open_until(day, until=at_local(day, time(7))) is None
    assert calendar_of(cut).open_until(day) == noon
    assert calendar_of(cut).open_until(day + timedelta(days=1)) is None
