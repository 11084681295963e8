"""When to try again: full jitter, base 5 s, cap 15 min; 4 h in all for SMS, 24 h for e-mail."""

from datetime import datetime, timedelta

from app.domain.channel import Channel

BASE_SECONDS = 5.0
CAP_SECONDS = 900.0
LIFETIME = {Channel.SMS: timedelta(hours=4), Channel.EMAIL: timedelta(hours=24)}


def next_try(
    *,
    channel: Channel,
    attempts: int,
    first_due_at: datetime,
    now: datetime,
    retry_after_seconds: float | None,
    jitter: float,
) -> datetime | None:
    """When to try next after `attempts` tries, or None when the channel's time is used up.

    `jitter` is a random number in [0, 1). A provider's Retry-After is the earliest moment, never shortened.
    """
    ceiling = min(CAP_SECONDS, BASE_SECONDS * 2 ** min(attempts - 1, 16))
    delay = max(ceiling * jitter, retry_after_seconds or 0.0)
    moment = now + timedelta(seconds=delay)
    return None if moment > first_due_at + LIFETIME[channel] else moment
