"""When to try again."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.channel import Channel
from app.domain.retry import next_try

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


def after(
    attempts: int,
    *,
    channel: Channel = Channel.SMS,
    waited: timedelta = timedelta(0),
    retry_after: float | None = None,
    jitter: float = 0.5,
) -> timedelta | None:
    """How long after `waited` the next try comes."""
    now = NOON + waited
    moment = next_try(
        channel=channel,
        attempts=attempts,
        first_due_at=NOON,
        now=now,
        retry_after_seconds=retry_after,
        jitter=jitter,
    )
    return None if moment is None else moment - now


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2.5), (2, 5), (3, 10), (4, 20), (7, 160), (8, 320), (9, 450), (10, 450), (200, 450)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts: int, seconds: float) -> None:
    assert after(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize("attempts", [1, 5, 50])
def test_jitter_spreads_the_wait_from_zero_to_its_ceiling(attempts: int) -> None:
    ceiling = min(900.0, 5.0 * 2 ** (attempts - 1))
    assert after(attempts, jitter=0.0) == timedelta(0)
    assert after(attempts, jitter=0.999999) == pytest.approx(timedelta(seconds=ceiling), abs=timedelta(seconds=1))


def test_a_providers_retry_after_is_never_shortened() -> None:
    assert after(1, retry_after=120) == timedelta(seconds=120)


def test_a_short_retry_after_does_not_shorten_the_back_off() -> None:
    assert after(9, retry_after=1) == timedelta(seconds=450)


@pytest.mark.parametrize(("channel", "hours"), [(Channel.SMS, 4), (Channel.EMAIL, 24)])
def test_a_channels_time_is_limited(channel: Channel, hours: int) -> None:
    limit = timedelta(hours=hours)
    assert after(1, channel=channel, waited=limit - timedelta(seconds=2.5)) == timedelta(seconds=2.5)
    assert after(1, channel=channel, waited=limit - timedelta(seconds=2.4)) is None


def test_a_retry_after_beyond_the_channels_time_is_not_waited_for() -> None:
    assert after(1, retry_after=4 * 3600 + 1) is None
