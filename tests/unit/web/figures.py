"""Figures of a month as a service of some size might have them, the same on every run."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from app.domain.duty import Downtime, Duty
from app.domain.figures import DayOutcomes, LagOfHour, PublicFigures
from app.web.status_view import ANOMALIES, REASONS

NOW = datetime(2026, 11, 23, 11, 5, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OPERATORS = ("inpost", "poczta-polska", "dhl", "dhl24-pl", "city-couriers")


def days(*, size: int = 900, seed: int = 7) -> tuple[DayOutcomes, ...]:
    """30 days up to TODAY, of about `size` messages on working days and few on Sundays."""
    random = Random(seed)
    return tuple(_day(random, TODAY - timedelta(days=ago), size) for ago in reversed(range(30)))


def _day(random: Random, day: date, size: int) -> DayOutcomes:
    sent = round(size * random.uniform(0.8, 1.2) * (0.04 if day.weekday() == 6 else 0.4 if day == TODAY else 1))
    failed = round(sent * random.uniform(0.004, 0.012))
    return DayOutcomes(
        day=day,
        sent=sent,
        delivered=round((sent - failed) * random.uniform(0.95, 0.99)),
        unknown=random.choice([0, 0, 0, 1, 2, 5]),
        failed=failed,
        suppressed={reason: round(sent * random.uniform(0, 0.2) / place) for place, reason in enumerate(REASONS, 1)},
    )


def no_days() -> tuple[DayOutcomes, ...]:
    """30 days without any message."""
    return tuple(
        DayOutcomes(day=TODAY - timedelta(days=ago), sent=0, delivered=0, unknown=0, failed=0, suppressed={})
        for ago in reversed(range(30))
    )


def lags(*, seed: int = 7) -> tuple[LagOfHour, ...]:
    """Notices that are left by day, and told the later the later in the day; none at night."""
    random = Random(seed)
    return tuple(
        LagOfHour(hour=hour, notices=random.randrange(40, 400), median_seconds=round(60 * 1.4 ** (hour - 6)))
        if 7 <= hour <= 19
        else LagOfHour(hour=hour, notices=0, median_seconds=None)
        for hour in range(24)
    )


def some_figures(operator: str | None = None) -> PublicFigures:
    """A month with everything in it."""
    return PublicFigures(
        operator=operator,
        days=days(),
        lags=lags(),
        notices=sum(lag.notices for lag in lags()),
        median_lag_seconds=1_140,
        anomalies=dict(zip(ANOMALIES, (127, 86, 41, 12, 3, 1), strict=True)),
        events=31_905,
        origin="awizo.example/log/2026h2",
        size=184_220,
        counted_at=NOW - timedelta(minutes=1),
    )


def nothing_happened() -> PublicFigures:
    """The facts are counted, and nobody was told anything."""
    return PublicFigures(
        operator=None,
        days=no_days(),
        lags=tuple(LagOfHour(hour=hour, notices=0, median_seconds=None) for hour in range(24)),
        notices=0,
        median_lag_seconds=None,
        anomalies={},
        events=0,
        origin="awizo.example/log/2026h2",
        size=1,
        counted_at=NOW,
    )


def not_counted() -> PublicFigures:
    """A service that has just begun."""
    quiet = nothing_happened()
    return PublicFigures(
        operator=None,
        days=quiet.days,
        lags=quiet.lags,
        notices=0,
        median_lag_seconds=None,
        anomalies={},
        events=0,
        origin=None,
        size=None,
        counted_at=None,
    )


def downtime(duty: Duty, *, hours_ago: float, lasting: timedelta | None, index: int | None = None) -> Downtime:
    """One that began so long before NOW; without `lasting` it has not ended."""
    began_at = NOW - timedelta(hours=hours_ago)
    return Downtime(
        duty=duty,
        began_at=began_at,
        ended_at=None if lasting is None else began_at + lasting,
        shard=None if index is None else "2026h2",
        index=index,
    )


PAST = (
    downtime(Duty.SMS, hours_ago=50, lasting=timedelta(minutes=42), index=183_871),
    downtime(Duty.ACCEPT, hours_ago=360, lasting=timedelta(hours=13, minutes=5), index=150_112),
)
PRESENT = (downtime(Duty.EMAIL, hours_ago=0.4, lasting=None),)
