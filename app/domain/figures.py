"""Figures that anybody may compute again from the facts of the log: how often something happened, by local day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOutcomes:
    """What became of the messages on one local day; `suppressed` by reason."""

    day: date
    sent: int
    delivered: int
    unknown: int
    failed: int
    suppressed: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LagOfHour:
    """How late the news came of paper notices that were left in one hour of the local day (0 to 23).

    `median_seconds` is None where there were none.
    """

    hour: int
    notices: int
    median_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFigures:
    """What everybody may know, of one operator or (None) of all together: nobody's courier, nobody's facility.

    `days` are the last 30 local days, the oldest first, those without messages too; `lags` the 24 hours. `origin` and
    `size` name the checkpoint up to which the facts are counted; they and `counted_at` are None before the first.
    """

    operator: str | None
    days: tuple[DayOutcomes, ...]
    lags: tuple[LagOfHour, ...]
    notices: int
    median_lag_seconds: int | None
    anomalies: Mapping[str, int]
    events: int
    origin: str | None
    size: int | None
    counted_at: datetime | None
