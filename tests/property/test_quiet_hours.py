"""Quiet hours for any moment, anybody's hours and many clocks."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.calendar import zone
from app.domain.channel import Channel
from app.domain.decision import quiet_end
from app.domain.quiet_hours import QuietHours, QuietRule, quiet_until
from tests.unit.domain.people import person

# Among them clocks that change by half an hour, at midnight, and on other days than ours.
ZONES = ("Europe/Warsaw", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
MINUTES = st.times().map(lambda hour: hour.replace(second=0, microsecond=0))
START = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=6 * 365)).map(lambda later: START + later)
OWN = st.builds(QuietHours, rule=st.just(QuietRule.OWN), starts=MINUTES, ends=MINUTES)
HALF_PAST_TWO = QuietHours(rule=QuietRule.OWN, starts=time(22), ends=time(2, 30))


@settings(deadline=None)  # the days off of a year are computed when first asked for
@given(moment=MOMENTS, hours=st.one_of(st.just(QuietHours()), OWN), time_zone=st.sampled_from(ZONES))
@example(moment=datetime(2026, 10, 25, 1, 10, tzinfo=UTC), hours=HALF_PAST_TWO, time_zone="Europe/Warsaw")
@example(
    moment=datetime(2026, 3, 28, 12, tzinfo=UTC),
    hours=QuietHours(rule=QuietRule.OWN, starts=time(2, 45), ends=time(2, 30)),
    time_zone="Europe/Warsaw",
)
def test_a_quiet_stretch_ends_later_and_its_end_is_not_quiet(
    moment: datetime, hours: QuietHours, time_zone: str
) -> None:
    end = quiet_until(moment, hours, time_zone)
    if end is not None:
        assert end > moment
        assert quiet_until(end, hours, time_zone) is None


@settings(deadline=None)  # the days off of a year are computed when first asked for
@given(moment=MOMENTS)
def test_by_default_nobody_waits_longer_than_sixteen_hours_and_a_change_of_the_clock(moment: datetime) -> None:
    end = quiet_until(moment, QuietHours())
    assert end is None or end - moment <= timedelta(hours=17)


@settings(deadline=None)  # the days off of a year are computed when first asked for
@given(
    moment=MOMENTS,
    share=st.floats(min_value=0, max_value=1, exclude_max=True),
    hours=st.one_of(st.just(QuietHours()), OWN),
    time_zone=st.sampled_from(ZONES),
)
@example(moment=datetime(2026, 3, 28, 23, tzinfo=UTC), share=0.95, hours=HALF_PAST_TWO, time_zone="Europe/Warsaw")
@example(moment=datetime(2026, 10, 25, 1, 10, tzinfo=UTC), share=0.5, hours=HALF_PAST_TWO, time_zone="Europe/Warsaw")
def test_every_moment_until_the_end_is_quiet_too(
    moment: datetime, share: float, hours: QuietHours, time_zone: str
) -> None:
    end = quiet_until(moment, hours, time_zone)
    there = zone(time_zone)
    # A clock that is set back can leave quiet hours and enter them again: one long wait is right, too.
    if end is not None and moment.astimezone(there).utcoffset() <= end.astimezone(there).utcoffset():
        between = min(moment + (end - moment) * share, end - timedelta(microseconds=1))
        assert quiet_until(between, hours, time_zone) == end


@settings(deadline=None)  # the days off of a year are computed when first asked for
@given(moment=MOMENTS, time_zone=st.sampled_from(ZONES))
def test_between_ten_and_six_on_any_day_nothing_waits_by_default(moment: datetime, time_zone: str) -> None:
    if 10 <= moment.astimezone(zone(time_zone)).hour < 18:
        assert quiet_until(moment, QuietHours(), time_zone) is None


@settings(deadline=None)  # the days off of a year are computed when first asked for
@given(
    moment=MOMENTS,
    ahead=st.timedeltas(timedelta(microseconds=1), timedelta(days=2)),
    hours=st.one_of(st.just(QuietHours()), OWN),
    time_zone=st.sampled_from(ZONES),
)
def test_nobody_waits_beyond_the_last_moment_and_otherwise_just_as_long_as_ever(
    moment: datetime, ahead: timedelta, hours: QuietHours, time_zone: str
) -> None:
    recipient = replace(person(quiet_hours=hours), time_zone=time_zone)
    quiet, last = quiet_until(moment, hours, time_zone), moment + ahead
    end = quiet_end(recipient, Channel.SMS, now=moment, last_moment=last)
    assert end is None or end < last
    assert end == quiet or (end is None and quiet is not None and quiet >= last)
