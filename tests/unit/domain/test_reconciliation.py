"""What is done about unknown attempts, and when: the whole schedule of each channel and provider."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel
from app.domain.reconciliation import GIVEN_UP, LOOKS, Means, Next, Step, after_unclear_look, next_step
from app.usecases.start_attempt import LEASE
from tests.unit.domain.people import NOON

SMS, EMAIL = Channel.SMS, Channel.EMAIL
LOOKED = [("look", 30), ("look", 120), ("look", 600), ("look", 1500)]
SMS_END, EMAIL_END = 27 * 60, 23 * 3600
PROMISED = {SMS: timedelta(minutes=30), EMAIL: timedelta(hours=24)}


def step(channel: Channel, means: Means, *, looks: int, resent: bool = False, after: float = 0) -> Next:
    return next_step(
        channel=channel, means=means, unknown_at=NOON, looks=looks, resent=resent, now=NOON + timedelta(seconds=after)
    )


def schedule(channel: Channel, means: Means, *, resent: bool = False) -> list[tuple[str, float]]:
    """Each step and its second, when all look-ups find nothing, up to the re-send or the end."""
    steps: list[tuple[str, float]] = []
    looks, seconds = 0, 0.0
    while True:
        upcoming = step(channel, means, looks=looks, resent=resent, after=seconds)
        seconds = max(seconds, (upcoming.at - NOON).total_seconds())
        steps.append((str(upcoming.step), seconds))
        if upcoming.step is not Step.LOOK:
            return steps
        looks += 1


@pytest.mark.parametrize(
    ("channel", "means", "steps"),
    [
        (SMS, Means(), [("give_up", SMS_END)]),
        (SMS, Means(has_keys=True), [("give_up", SMS_END)]),
        (SMS, Means(looks_up=True), [*LOOKED, ("give_up", 1500)]),
        (SMS, Means(looks_up=True, has_keys=True), [*LOOKED, ("give_up", 1500)]),
        (SMS, Means(may_resend=True), [("give_up", SMS_END)]),
        (SMS, Means(may_resend=True, has_keys=True), [("resend", 30)]),
        (SMS, Means(may_resend=True, looks_up=True), [*LOOKED, ("resend", 1500)]),
        (SMS, Means(may_resend=True, looks_up=True, has_keys=True), [("resend", 30)]),
        (EMAIL, Means(), [("give_up", EMAIL_END)]),
        (EMAIL, Means(looks_up=True), [("give_up", EMAIL_END)]),
        (EMAIL, Means(may_resend=True), [("resend", 900)]),
        (EMAIL, Means(may_resend=True, looks_up=True), [("resend", 900)]),
        (EMAIL, Means(may_resend=True, has_keys=True), [("resend", 30)]),
    ],
)
def test_the_schedule(channel: Channel, means: Means, steps: list[tuple[str, float]]) -> None:
    assert schedule(channel, means) == steps


@pytest.mark.parametrize(
    ("channel", "means", "steps"),
    [
        (SMS, Means(may_resend=True, has_keys=True), [("give_up", SMS_END)]),
        (SMS, Means(may_resend=True, looks_up=True), [*LOOKED, ("give_up", 1500)]),
        (EMAIL, Means(may_resend=True), [("give_up", EMAIL_END)]),
        (EMAIL, Means(may_resend=True, has_keys=True), [("give_up", EMAIL_END)]),
    ],
)
def test_nothing_is_sent_a_third_time(channel: Channel, means: Means, steps: list[tuple[str, float]]) -> None:
    assert schedule(channel, means, resent=True) == steps


@pytest.mark.parametrize("looks", [0, 1])
def test_an_sms_is_not_sent_again_before_two_look_ups_found_nothing(looks: int) -> None:
    assert step(SMS, Means(may_resend=True), looks=looks).step is Step.GIVE_UP


@pytest.mark.parametrize(
    ("channel", "means", "looks"),
    [
        (SMS, Means(may_resend=True, has_keys=True), 0),
        (SMS, Means(may_resend=True, looks_up=True), len(LOOKS)),
        (EMAIL, Means(may_resend=True), 0),
    ],
)
def test_after_the_last_moment_nothing_is_sent_again(channel: Channel, means: Means, looks: int) -> None:
    end = GIVEN_UP[channel].total_seconds()
    assert step(channel, means, looks=looks, after=end - 1).step is Step.RESEND
    for late in (end, end + 3600, end + 90_000):
        upcoming = step(channel, means, looks=looks, after=late)
        assert upcoming.step is Step.GIVE_UP
        assert upcoming.at <= NOON + timedelta(seconds=late)


def test_a_worker_that_was_away_for_hours_still_looks_before_it_gives_up() -> None:
    assert step(SMS, Means(looks_up=True), looks=0, after=9000) == Next(step=Step.LOOK, at=NOON + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("upcoming_after", "now_after", "step_", "at_after"),
    [
        (30, 31, "look", 91),
        (600, 31, "look", 600),
        (1500, 1501, "look", 1561),
        (1500, 1559, "look", 1619),
        (1500, 1560, "give_up", SMS_END),
        (1500, SMS_END + 5, "give_up", SMS_END + 5),
    ],
)
def test_an_unclear_look_is_made_again_a_minute_later_while_there_is_time(
    upcoming_after: int, now_after: int, step_: str, at_after: int
) -> None:
    upcoming = Next(step=Step.LOOK, at=NOON + timedelta(seconds=upcoming_after))
    found = after_unclear_look(upcoming, channel=SMS, unknown_at=NOON, now=NOON + timedelta(seconds=now_after))
    assert found == Next(step=Step(step_), at=NOON + timedelta(seconds=at_after))


def course(
    channel: Channel, means: Means, unclear: Iterator[bool], left: Iterator[bool], pause: timedelta
) -> tuple[timedelta, int]:
    """How long after it became unknown an attempt is at its end, and how often the message was sent again.

    `unclear`: whether each look-up showed nothing at all; `left`: whether each re-send did; a turn comes `pause` late.
    """
    now, looks, resends = NOON, 0, 0
    while True:
        upcoming = next_step(channel=channel, means=means, unknown_at=NOON, looks=looks, resent=False, now=now)
        now = max(now, upcoming.at) + pause
        match upcoming.step:
            case Step.GIVE_UP:
                return now - NOON, resends
            case Step.RESEND if next(left):
                return now - NOON, resends + 1
            case Step.RESEND:  # refused for now: tried again after a back-off
                now += timedelta(seconds=20)
            case Step.LOOK if next(unclear):
                again = after_unclear_look(
                    next_step(channel=channel, means=means, unknown_at=NOON, looks=looks, resent=False, now=now),
                    channel=channel, unknown_at=NOON, now=now,
                )  # fmt: skip
                if again.step is Step.GIVE_UP and again.at <= now:
                    return now - NOON, resends
                now = max(now, again.at)
            case Step.LOOK:
                looks += 1


@given(
    channel=st.sampled_from(list(Channel)),
    means=st.builds(Means, looks_up=st.booleans(), has_keys=st.booleans(), may_resend=st.booleans()),
    unclear=st.lists(st.booleans(), max_size=40),
    left=st.lists(st.booleans(), max_size=10),
    pause=st.integers(0, 10),
)
def test_each_attempt_is_resolved_sent_again_once_or_left_open_within_the_promised_time(
    channel: Channel, means: Means, unclear: list[bool], left: list[bool], pause: int
) -> None:
    def forever(first: list[bool]) -> Iterator[bool]:
        yield from first
        while True:
            yield bool(first) and first[-1]

    took, resends = course(channel, means, forever(unclear), forever(left), timedelta(seconds=pause))
    assert LEASE[channel] + took <= PROMISED[channel]
    assert resends <= (1 if means.may_resend else 0)
