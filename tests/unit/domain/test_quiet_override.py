"""Nobody's quiet hours are waited for when the last opening before the safe day is over would be missed meanwhile."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.domain.calendar import zone
from app.domain.channel import Channel
from app.domain.deadline import Inputs, deadlines
from app.domain.decision import Hold, News, Notify, Planned, Suppress, plan, quiet_end
from app.domain.event import Closure, LegalRegime, OpeningInterval
from app.domain.facility_calendar import ALWAYS_OPEN, FacilityCalendar
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule
from app.domain.reminder import last_moment
from tests.unit.domain.people import consent, contact, person

DEFAULT = QuietHours()
NIGHT = QuietHours(rule=QuietRule.OWN, starts=time(22), ends=time(6))
LATE_RISER = QuietHours(rule=QuietRule.OWN, starts=time(21), ends=time(12))
SHORT_NIGHT = QuietHours(rule=QuietRule.OWN, starts=time(22), ends=time(2, 30))
LOCKER = FacilityCalendar(hours=ALWAYS_OPEN)


def warsaw(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone("Europe/Warsaw"), fold=fold).astimezone(UTC)


def office(opens: int, closes: int, *, closures: tuple[Closure, ...] = ()) -> FacilityCalendar:
    """Open from Monday to Saturday during these hours."""
    day = (OpeningInterval(opens=time(opens), closes=time(closes)),)
    return FacilityCalendar(hours=(day,) * 6 + ((),), closures=closures)


def latest(until: date | datetime, calendar: FacilityCalendar) -> datetime:
    """The last moment of an item that the operator keeps until then."""
    known = deadlines(
        Inputs(
            regime=LegalRegime.COURIER,
            first_notice_on=None,
            second_notice_on=None,
            pickup_from=None,
            pickup_until=until,
            calendar=calendar,
            as_of=date(2026, 1, 1),
        )
    )
    moment = last_moment(known)
    assert moment is not None
    return moment


def waits_until(now: str, hours: QuietHours, last: datetime | None, channel: Channel = Channel.SMS) -> datetime | None:
    return quiet_end(person(quiet_hours=hours), channel, now=warsaw(now), last_moment=last)


@pytest.mark.parametrize(
    ("opens", "closes", "until"),
    [
        (6, 8, None),  # shut when the night is over
        (6, 7, None),
        (6, 9, "2026-11-24T08:00"),
        (8, 20, "2026-11-24T08:00"),
    ],
)
def test_on_the_eve_of_the_safe_day_the_night_is_waited_for_if_the_office_is_open_after_it(
    opens: int, closes: int, until: str | None
) -> None:
    last = latest(date(2026, 11, 24), office(opens, closes))
    assert waits_until("2026-11-23T22:00", DEFAULT, last) == (warsaw(until) if until else None)


def test_while_a_later_day_is_open_the_night_is_waited_for() -> None:
    last = latest(date(2026, 11, 25), office(6, 7))
    assert waits_until("2026-11-23T22:00", DEFAULT, last) == warsaw("2026-11-24T08:00")


def test_a_closure_of_that_later_day_lets_the_message_go_at_once() -> None:
    shut = (Closure(first_on=date(2026, 11, 25), last_on=date(2026, 11, 25)),)
    last = latest(date(2026, 11, 25), office(6, 7, closures=shut))
    assert waits_until("2026-11-23T22:00", DEFAULT, last) is None


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("2026-11-22T09:30", None),  # a Sunday is quiet until ten
        ("2026-11-22T10:00", None),
        ("2026-11-22T10:01", "2026-11-22T10:00"),
    ],
)
def test_the_longer_quiet_of_a_sunday_is_waited_for_only_as_long(until: str, end: str | None) -> None:
    last = latest(warsaw(until), LOCKER)
    assert waits_until("2026-11-21T20:30", DEFAULT, last) == (warsaw(end) if end else None)


@pytest.mark.parametrize(("until", "end"), [("2026-11-11T09:59", None), ("2026-11-11T11:00", "2026-11-11T10:00")])
def test_so_is_that_of_a_day_off(until: str, end: str | None) -> None:
    last = latest(warsaw(until), LOCKER)
    assert waits_until("2026-11-10T23:00", DEFAULT, last) == (warsaw(end) if end else None)


def test_the_office_of_the_last_day_before_holidays_is_not_missed() -> None:
    # 24 December to Sunday the 27th are off; the office of the 23rd shuts at eight, as the night ends.
    last = latest(date(2026, 12, 27), office(6, 8))
    assert last == warsaw("2026-12-23T08:00")
    assert waits_until("2026-12-22T21:00", DEFAULT, last) is None
    assert waits_until("2026-12-21T21:00", DEFAULT, last) == warsaw("2026-12-22T08:00")


def test_quiet_hours_of_a_holiday_evening_are_waited_for_when_the_next_day_is_open() -> None:
    last = latest(date(2026, 11, 12), office(8, 20))
    assert waits_until("2026-11-11T18:30", DEFAULT, last) == warsaw("2026-11-12T08:00")


@pytest.mark.parametrize(
    ("hours", "closes", "until"),
    [
        (LATE_RISER, 12, None),
        (LATE_RISER, 13, "2026-11-24T12:00"),
        (NIGHT, 12, "2026-11-24T06:00"),
        (NEVER_QUIET, 12, None),
    ],
)
def test_a_persons_own_hours_are_overridden_no_sooner(hours: QuietHours, closes: int, until: str | None) -> None:
    last = latest(date(2026, 11, 24), office(8, closes))
    assert waits_until("2026-11-23T23:00", hours, last) == (warsaw(until) if until else None)


def test_own_hours_by_day_are_overridden_too() -> None:
    by_day = QuietHours(rule=QuietRule.OWN, starts=time(9), ends=time(17))
    last = latest(date(2026, 11, 23), office(8, 17))
    assert waits_until("2026-11-23T12:00", by_day, last) is None
    assert waits_until("2026-11-23T08:30", by_day, last) is None  # not quiet yet


@pytest.mark.parametrize(
    ("now", "hours", "until", "end"),
    [
        # The night of 29 March: the clock jumps from two to three.
        ("2026-03-28T22:30", NIGHT, "2026-03-29T06:00", None),
        ("2026-03-28T22:30", NIGHT, "2026-03-29T06:01", "2026-03-29T06:00"),
        ("2026-03-28T22:30", SHORT_NIGHT, "2026-03-29T03:00", None),
        ("2026-03-28T22:30", SHORT_NIGHT, "2026-03-29T03:01", "2026-03-29T03:00"),
        ("2026-03-28T20:30", DEFAULT, "2026-03-29T10:00", None),
        # The night of 25 October: the hour from two to three comes twice.
        ("2026-10-24T22:30", NIGHT, "2026-10-25T06:00", None),
        ("2026-10-24T22:30", NIGHT, "2026-10-25T06:01", "2026-10-25T06:00"),
        ("2026-10-24T22:30", SHORT_NIGHT, "2026-10-25T02:30", None),
        ("2026-10-24T22:30", SHORT_NIGHT, "2026-10-25T03:00", "2026-10-25T02:30"),
        ("2026-10-24T20:30", DEFAULT, "2026-10-25T10:01", "2026-10-25T10:00"),
    ],
)
def test_moments_are_compared_and_not_clocks_when_the_clock_changes(
    now: str, hours: QuietHours, until: str, end: str | None
) -> None:
    last = latest(warsaw(until), LOCKER)
    assert waits_until(now, hours, last) == (warsaw(end) if end else None)


def test_the_second_passing_of_an_hour_is_later_than_the_quiet_that_ends_at_the_first() -> None:
    last = latest(warsaw("2026-10-25T02:30", fold=1), LOCKER)
    assert waits_until("2026-10-24T22:30", SHORT_NIGHT, last) == warsaw("2026-10-25T02:30")


def test_forty_eight_hours_of_a_locker_end_an_hour_earlier_or_later_by_the_clock() -> None:
    spring = latest(warsaw("2026-03-27T09:30") + timedelta(hours=48), LOCKER)
    autumn = latest(warsaw("2026-10-23T10:30") + timedelta(hours=48), LOCKER)
    assert (spring, autumn) == (warsaw("2026-03-29T10:30"), warsaw("2026-10-25T09:30"))
    assert waits_until("2026-03-28T23:00", DEFAULT, spring) == warsaw("2026-03-29T10:00")
    assert waits_until("2026-10-24T23:00", DEFAULT, autumn) is None


def test_the_quiet_hours_of_another_time_zone_are_waited_for_only_as_long() -> None:
    abroad = replace(person(quiet_hours=DEFAULT), time_zone="America/New_York")
    now, last = warsaw("2026-11-24T05:00"), latest(date(2026, 11, 24), office(8, 14))
    assert quiet_end(abroad, Channel.SMS, now=now, last_moment=last) is None
    later = last + timedelta(seconds=1)
    assert quiet_end(abroad, Channel.SMS, now=now, last_moment=later) == warsaw("2026-11-24T14:00")


def test_when_the_last_moment_is_over_there_is_no_hurry() -> None:
    last = latest(date(2026, 11, 23), office(8, 20))
    assert waits_until("2026-11-23T20:00", DEFAULT, last) == warsaw("2026-11-24T08:00")
    assert waits_until("2026-11-23T21:00", DEFAULT, last) == warsaw("2026-11-24T08:00")


def test_without_a_last_moment_quiet_hours_hold() -> None:
    assert waits_until("2026-11-23T22:00", DEFAULT, None) == warsaw("2026-11-24T08:00")


@pytest.mark.parametrize("last", [None, warsaw("2026-11-24T07:00"), warsaw("2026-12-24T07:00")])
def test_mail_never_waits(last: datetime | None) -> None:
    assert waits_until("2026-11-23T22:00", DEFAULT, last, Channel.EMAIL) is None


def sms_at_night(*, last: datetime | None, expires_at: datetime) -> Planned:
    recipient = person([contact()], [consent()], quiet_hours=DEFAULT)
    news = News(kind="notice_left", channels=(Channel.SMS,), expires_at=expires_at, last_moment=last)
    (planned,) = plan(news, recipient, now=warsaw("2026-11-23T22:00"))
    return planned


def test_a_plan_sends_at_once_what_cannot_wait_and_holds_what_can() -> None:
    end_of_day = warsaw("2026-11-25T00:00")
    early, usual = (latest(date(2026, 11, 24), office(6, closes)) for closes in (8, 20))
    assert sms_at_night(last=early, expires_at=end_of_day).decision == Notify()
    assert sms_at_night(last=usual, expires_at=end_of_day).decision == Hold(until=warsaw("2026-11-24T08:00"))


def test_what_would_have_expired_when_the_night_is_over_goes_at_once_if_it_is_of_use_before() -> None:
    expires_at = warsaw("2026-11-24T07:30")
    last = latest(expires_at, LOCKER)
    assert sms_at_night(last=last, expires_at=expires_at).decision == Notify()
    assert sms_at_night(last=None, expires_at=expires_at).decision == Suppress(reason="stale")
