"""When a duty that was not done makes a downtime, and whether a provider is of any use."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.duty import DOWNTIME_OVER, Duty, Stretch, downtimes_until, is_downtime, is_usable
from app.domain.provider import ProviderState

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)


def provider(*, rests_for: float | None = None, openings: int = 0) -> ProviderState:
    """One that rests so many seconds from now, or whose rest ended before now."""
    until = None if rests_for is None else NOW + timedelta(seconds=rests_for)
    return ProviderState(name="twilio", judged_at=NOW, rests_until=until, openings=openings)


@pytest.mark.parametrize(
    ("passed", "is_one"),
    [
        (timedelta(days=-400), False),
        (timedelta(0), False),
        (DOWNTIME_OVER, False),
        (DOWNTIME_OVER + timedelta(microseconds=1), True),
        (timedelta(days=400), True),
    ],
)
def test_only_what_is_longer_than_the_threshold_is_a_downtime(passed: timedelta, *, is_one: bool) -> None:
    assert is_downtime(NOW, NOW + passed) is is_one


def test_a_duty_that_was_never_done_was_not_down() -> None:
    assert not is_downtime(None, NOW)


def test_each_duty_has_the_downtime_between_its_own_moments() -> None:
    before = {Duty.ACCEPT: NOW, Duty.SMS: NOW - timedelta(hours=1), Duty.EMAIL: NOW - timedelta(hours=2)}
    until = {Duty.ACCEPT: NOW + timedelta(seconds=10), Duty.SMS: NOW, Duty.SEAL: NOW}
    (found,) = downtimes_until(before, until)
    assert found == Stretch(duty=Duty.SMS, began_at=NOW - timedelta(hours=1), ended_at=NOW)


@pytest.mark.parametrize(
    ("state", "usable"),
    [
        (provider(), True),
        (provider(rests_for=5), False),
        (provider(rests_for=5, openings=1), False),
        (provider(rests_for=-1), True),  # 401, 403 or Retry-After: nothing is on trial afterwards
        (provider(rests_for=-1, openings=1), False),
        (provider(rests_for=-39.9, openings=3), False),
        (provider(rests_for=-40, openings=3), True),
        (provider(rests_for=10 * 24 * 3600, openings=1), True),  # said by a clock that was wrong
    ],
)
def test_a_provider_is_of_use_unless_it_rests_or_its_trial_has_not_ended(state: ProviderState, *, usable: bool) -> None:
    assert is_usable(state, NOW) is usable
