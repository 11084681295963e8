"""Reminders of any item, whatever its law, its office and its days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import local_day, zone
from app.domain.channel import Channel
from app.domain.deadline import Deadlines
from app.domain.reminder import EVE, MORNING, SMS_PER_ITEM_MAX, Reminder, Step, last_moment, reminders
from tests.property.test_deadlines import items, known_of
from tests.second_deadlines import Given

WARSAW = zone("Europe/Warsaw")
HOURS = {Step.FIRST_WINDOW: MORNING, Step.BEFORE_LAST: MORNING, Step.LAST_DAY: EVE}
AHEAD = {Step.FIRST_WINDOW: 2, Step.BEFORE_LAST: 2, Step.LAST_DAY: 1}


def _day_of(each: Reminder) -> date:
    return local_day(each.due_at)


def _spoken_of(each: Reminder, known: Deadlines) -> date:
    """The day that the step's own day is counted back from."""
    counted_from = known.first_window_end if each.step is Step.FIRST_WINDOW else known.safe_collect_by
    assert counted_from is not None
    return counted_from


def _about_items(test: Callable[..., None]) -> Callable[..., None]:
    """Any item that waits since some moment of the day of looking at it, and any number of SMS about it."""
    given_all = given(item=items(), minutes=st.integers(0, 24 * 60 - 1), sms_told=st.integers(0, 6))
    return settings(deadline=None)(given_all(test))  # the days off of a year are computed when first asked for


def _since(item: Given, minutes: int) -> datetime:
    return datetime.combine(item.as_of, time(), UTC) + timedelta(minutes=minutes)


@_about_items
def test_each_falls_on_an_open_day_at_its_hour(item: Given, minutes: int, sms_told: int) -> None:
    known = known_of(item)
    for each in reminders(known, since=_since(item, minutes), sms_told=sms_told):
        assert known.inputs.calendar.is_open(_day_of(each))
        assert each.due_at.astimezone(WARSAW).time() == HOURS[each.step]


@_about_items
def test_each_comes_as_many_open_days_before_its_day_as_it_should(item: Given, minutes: int, sms_told: int) -> None:
    known = known_of(item)
    for each in reminders(known, since=_since(item, minutes), sms_told=sms_told):
        between = (_spoken_of(each, known) - _day_of(each)).days
        open_days = [
            day
            for ahead in range(between)
            if known.inputs.calendar.is_open(day := _day_of(each) + timedelta(days=ahead))
        ]
        assert len(open_days) == AHEAD[each.step]


@_about_items
def test_each_comes_before_the_safe_day_that_it_tells_and_after_what_was_heard_last(
    item: Given, minutes: int, sms_told: int
) -> None:
    known, since = known_of(item), _since(item, minutes)
    for each in reminders(known, since=since, sms_told=sms_told):
        assert known.safe_collect_by is not None
        assert each.collect_by == known.safe_collect_by
        assert _day_of(each) < known.safe_collect_by
        assert each.due_at > since


@_about_items
def test_each_step_comes_once_and_one_after_the_other_on_days_of_their_own(
    item: Given, minutes: int, sms_told: int
) -> None:
    planned = reminders(known_of(item), since=_since(item, minutes), sms_told=sms_told)
    days, steps = [_day_of(each) for each in planned], [each.step for each in planned]
    assert days == sorted(set(days))
    assert steps == [step for step in Step if step in steps]


@_about_items
def test_nobody_gets_more_than_four_sms_even_when_a_second_notice_comes(
    item: Given, minutes: int, sms_told: int
) -> None:
    known = known_of(item)
    planned = reminders(known, since=_since(item, minutes), sms_told=sms_told)
    sms = sum(Channel.SMS in each.channels for each in planned)
    second_may_come = known.first_window_end is not None and item.second is None
    assert sms == 0 or sms_told + sms + second_may_come <= SMS_PER_ITEM_MAX
    assert all(Channel.EMAIL in each.channels for each in planned)


@_about_items
def test_without_a_safe_day_there_are_none(item: Given, minutes: int, sms_told: int) -> None:
    known = known_of(item)
    assert known.safe_collect_by or reminders(known, since=_since(item, minutes), sms_told=sms_told) == []


@_about_items
def test_once_the_second_notice_is_real_nothing_is_said_of_the_first_window(
    item: Given, minutes: int, sms_told: int
) -> None:
    if item.second is not None:
        planned = reminders(known_of(item), since=_since(item, minutes), sms_told=sms_told)
        assert Step.FIRST_WINDOW not in {each.step for each in planned}


@_about_items
def test_whoever_hears_of_it_later_gets_what_is_left_of_the_same_plan(item: Given, minutes: int, sms_told: int) -> None:
    known, since = known_of(item), _since(item, minutes)
    later = since + timedelta(days=2, hours=5)
    planned = reminders(known, since=since, sms_told=sms_told)
    assert reminders(known, since=later, sms_told=sms_told) == [each for each in planned if each.due_at > later]


@settings(deadline=None)
@given(item=items())
def test_the_last_moment_is_one_at_which_the_item_can_be_collected(item: Given) -> None:
    known = known_of(item)
    moment = last_moment(known)
    assert (moment is None) == (known.safe_collect_by is None)
    if moment and known.safe_collect_by:
        until = item.pickup_until if isinstance(item.pickup_until, datetime) else None
        openings = known.inputs.calendar.openings(known.safe_collect_by)
        assert any(opening.opens_at < moment <= opening.closes_at for opening in openings)
        assert until is None or moment <= until
        later = [opening for opening in openings if opening.closes_at > moment]
        assert not later or (until is not None and later[-1].opens_at >= until) or moment == until
