"""When an item that waits is spoken of again, on which channels, and what is never said."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from app.domain.calendar import zone
from app.domain.channel import Channel
from app.domain.deadline import STORAGE, Deadlines, Inputs, deadlines
from app.domain.event import Closure, LegalRegime, OpeningInterval
from app.domain.facility_calendar import ALWAYS_OPEN, FacilityCalendar
from app.domain.reminder import KIND, SMS_PER_ITEM_MAX, Reminder, Step, last_moment, reminders

OFFICE = (OpeningInterval(opens=time(8), closes=time(20)),)
SPLIT = (OpeningInterval(opens=time(8), closes=time(12)), OpeningInterval(opens=time(13), closes=time(18)))
MON_FRI = FacilityCalendar(hours=(OFFICE,) * 5 + ((), ()))
LOCKER = FacilityCalendar(hours=ALWAYS_OPEN)
KPA, KPC, COURIER = LegalRegime.KPA, LegalRegime.KPC, LegalRegime.COURIER
BOTH, EMAIL = (Channel.SMS, Channel.EMAIL), (Channel.EMAIL,)
FIRST_WINDOW, BEFORE_LAST, LAST_DAY = Step.FIRST_WINDOW, Step.BEFORE_LAST, Step.LAST_DAY

# A Monday; by law the first window ends on the next, and storage on the Monday after that.
FIRST = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


def of(regime: LegalRegime = KPA, *, first: date | None = FIRST, second: date | None = None, **more: Any) -> Deadlines:
    given: dict[str, Any] = {"pickup_from": None, "pickup_until": None, "calendar": MON_FRI, "as_of": FIRST} | more
    return deadlines(Inputs(regime=regime, first_notice_on=first, second_notice_on=second, **given))


def warsaw(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone("Europe/Warsaw"))


def closed(first_on: date, last_on: date) -> FacilityCalendar:
    return replace(MON_FRI, closures=(Closure(first_on=first_on, last_on=last_on),))


def plan(known: Deadlines, *, since: datetime = NOON, sms_told: int = 1) -> list[Reminder]:
    return reminders(known, since=since, sms_told=sms_told)


def times(planned: list[Reminder]) -> list[tuple[Step, datetime]]:
    return [(each.step, each.due_at) for each in planned]


def test_an_item_under_a_law_is_spoken_of_three_more_times() -> None:
    safe = date(2026, 12, 7)
    assert plan(of(KPA)) == [
        Reminder(step=FIRST_WINDOW, due_at=warsaw("2026-11-26T10:00"), channels=EMAIL, collect_by=safe),
        Reminder(step=BEFORE_LAST, due_at=warsaw("2026-12-03T10:00"), channels=BOTH, collect_by=safe),
        Reminder(step=LAST_DAY, due_at=warsaw("2026-12-04T17:00"), channels=BOTH, collect_by=safe),
    ]


@pytest.mark.parametrize("regime", [*STORAGE, LegalRegime.UNKNOWN])
def test_every_law_has_the_same_plan_until_the_second_notice(regime: LegalRegime) -> None:
    assert times(plan(of(regime))) == times(plan(of(KPA)))


def test_once_the_second_notice_is_real_the_first_window_is_not_spoken_of() -> None:
    known = of(KPC, second=date(2026, 12, 1))
    assert times(plan(known)) == [
        (BEFORE_LAST, warsaw("2026-12-04T10:00")),
        (LAST_DAY, warsaw("2026-12-07T17:00")),
    ]


def test_an_operators_terms_have_no_first_window() -> None:
    known = of(COURIER, first=None, pickup_until=date(2026, 11, 27))
    assert times(plan(known)) == [
        (BEFORE_LAST, warsaw("2026-11-25T10:00")),
        (LAST_DAY, warsaw("2026-11-26T17:00")),
    ]


def test_without_a_safe_day_nothing_is_said() -> None:
    assert plan(of(KPA, calendar=FacilityCalendar(hours=((),) * 7))) == []
    assert plan(of(COURIER)) == []


def test_closed_days_move_a_reminder_earlier_and_never_later() -> None:
    known = of(KPA, calendar=closed(date(2026, 12, 2), date(2026, 12, 4)))
    assert times(plan(known))[1:] == [
        (BEFORE_LAST, warsaw("2026-11-30T10:00")),
        (LAST_DAY, warsaw("2026-12-01T17:00")),
    ]


def test_holidays_move_it_too() -> None:
    known = of(KPA, first=date(2026, 12, 17))
    assert known.safe_collect_by == date(2026, 12, 31)
    assert times(plan(known, since=datetime(2026, 12, 17, 11, tzinfo=UTC))) == [
        (FIRST_WINDOW, warsaw("2026-12-22T10:00")),  # the window ends on Christmas Eve
        (BEFORE_LAST, warsaw("2026-12-29T10:00")),
        (LAST_DAY, warsaw("2026-12-30T17:00")),
    ]


def test_a_step_whose_day_is_over_is_dropped() -> None:
    assert [step for step, _ in times(plan(of(KPA), since=warsaw("2026-11-26T10:00")))] == [BEFORE_LAST, LAST_DAY]
    assert [step for step, _ in times(plan(of(KPA), since=warsaw("2026-12-03T09:59")))] == [BEFORE_LAST, LAST_DAY]
    assert [step for step, _ in times(plan(of(KPA), since=warsaw("2026-12-04T16:59")))] == [LAST_DAY]
    assert plan(of(KPA), since=warsaw("2026-12-04T17:00")) == []


def test_where_too_few_open_days_are_left_a_step_is_dropped_and_not_moved_later() -> None:
    known = of(COURIER, first=None, pickup_until=date(2026, 11, 24))
    assert times(plan(known)) == [(LAST_DAY, warsaw("2026-11-23T17:00"))]
    assert plan(of(COURIER, first=None, pickup_until=FIRST)) == []


@pytest.mark.parametrize(
    ("until", "steps"),
    [
        (date(2026, 12, 2), [FIRST_WINDOW, BEFORE_LAST, LAST_DAY]),
        (date(2026, 12, 1), [FIRST_WINDOW, BEFORE_LAST, LAST_DAY]),
        (date(2026, 11, 30), [BEFORE_LAST, LAST_DAY]),
        (date(2026, 11, 27), [BEFORE_LAST, LAST_DAY]),
    ],
)
def test_the_first_window_is_spoken_of_only_before_the_days_that_end_sooner(until: date, steps: list[Step]) -> None:
    planned = plan(of(KPA, pickup_until=until))
    assert [each.step for each in planned] == steps
    assert planned == sorted(planned, key=lambda each: each.due_at)


@pytest.mark.parametrize(
    ("until", "before_last", "eve"),
    [
        ("2026-03-30", "2026-03-28T10:00+01:00", "2026-03-29T17:00+02:00"),
        ("2026-03-31", "2026-03-29T10:00+02:00", "2026-03-30T17:00+02:00"),
        ("2026-10-26", "2026-10-24T10:00+02:00", "2026-10-25T17:00+01:00"),
        ("2026-10-27", "2026-10-25T10:00+01:00", "2026-10-26T17:00+01:00"),
    ],
)
def test_the_hours_are_those_of_the_wall_clock_when_it_changes(until: str, before_last: str, eve: str) -> None:
    day = date.fromisoformat(until)
    known = of(COURIER, first=None, pickup_until=day, calendar=LOCKER, as_of=date(2026, 3, 1))
    assert times(plan(known, since=datetime(2026, 3, 1, tzinfo=UTC))) == [
        (BEFORE_LAST, datetime.fromisoformat(before_last)),
        (LAST_DAY, datetime.fromisoformat(eve)),
    ]


@pytest.mark.parametrize(
    ("sms_told", "before_last", "last_day"),
    [(0, BOTH, BOTH), (1, BOTH, BOTH), (2, EMAIL, BOTH), (3, EMAIL, EMAIL), (4, EMAIL, EMAIL), (9, EMAIL, EMAIL)],
)
def test_while_a_second_notice_may_come_one_sms_of_four_is_kept_for_it(
    sms_told: int, before_last: tuple[Channel, ...], last_day: tuple[Channel, ...]
) -> None:
    assert [each.channels for each in plan(of(KPA), sms_told=sms_told)] == [EMAIL, before_last, last_day]


@pytest.mark.parametrize(
    ("sms_told", "before_last", "last_day"),
    [(0, BOTH, BOTH), (2, BOTH, BOTH), (3, EMAIL, BOTH), (4, EMAIL, EMAIL)],
)
@pytest.mark.parametrize(
    "known", [of(KPA, second=date(2026, 12, 1)), of(COURIER, first=None, pickup_until=date(2026, 11, 27))]
)
def test_where_none_can_come_all_four_are_there(
    known: Deadlines, sms_told: int, before_last: tuple[Channel, ...], last_day: tuple[Channel, ...]
) -> None:
    assert [each.channels for each in plan(known, sms_told=sms_told)] == [before_last, last_day]


def test_only_the_last_step_is_about_the_last_day() -> None:
    assert [each.kind for each in plan(of(KPA))] == ["reminder", "reminder", "last_day"]
    assert set(KIND) == set(Step)


def test_nobody_gets_more_than_four_sms_about_one_item() -> None:
    assert SMS_PER_ITEM_MAX == 4


def test_the_last_moment_is_when_the_office_shuts_on_the_safe_day() -> None:
    assert last_moment(of(KPA)) == warsaw("2026-12-07T20:00")


def test_without_a_safe_day_there_is_no_last_moment() -> None:
    assert last_moment(of(COURIER)) is None


def test_an_operators_moment_before_that_is_the_last_one() -> None:
    until = warsaw("2026-12-01T15:30")
    assert last_moment(of(COURIER, pickup_until=until)) == until
    assert last_moment(of(COURIER, pickup_until=warsaw("2026-12-01T20:30"))) == warsaw("2026-12-01T20:00")


@pytest.mark.parametrize(
    ("until", "moment"),
    [
        ("2026-12-01T11:30", "2026-12-01T11:30"),
        ("2026-12-01T12:30", "2026-12-01T12:00"),  # in the break at noon
        ("2026-12-01T15:30", "2026-12-01T15:30"),
        ("2026-12-01T18:30", "2026-12-01T18:00"),
        ("2026-12-02T08:00", "2026-12-01T18:00"),  # it does not open before that moment
    ],
)
def test_of_hours_with_a_break_the_last_that_can_be_used_count(until: str, moment: str) -> None:
    known = of(COURIER, pickup_until=warsaw(until), calendar=FacilityCalendar(hours=(SPLIT,) * 7))
    assert last_moment(known) == warsaw(moment)


def test_a_day_with_a_break_ends_in_the_evening() -> None:
    assert last_moment(of(KPA, calendar=FacilityCalendar(hours=(SPLIT,) * 7))) == warsaw("2026-12-07T18:00")


def test_a_locker_can_be_opened_until_the_operators_moment_over_a_change_of_the_clock() -> None:
    until = warsaw("2026-10-26T09:00")
    assert last_moment(of(COURIER, first=None, pickup_until=until, calendar=LOCKER)) == until
    assert last_moment(of(COURIER, first=None, pickup_until=date(2026, 10, 25), calendar=LOCKER)) == datetime(
        2026, 10, 25, 23, tzinfo=UTC
    )
