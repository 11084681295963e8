"""Figures that anybody may compute again from the facts of the log: how often something happened, by local day."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from app.domain.calendar import DEFAULT_TIME_ZONE, local_day, zone
from app.domain.channel import Channel
from app.domain.names import is_name

HOUR = 3600
DAY = 24 * HOUR

# Up to how many seconds a lag belongs to each bucket, the bound itself included; what is longer is MORE.
LAG_BOUNDS = (60, 300, 900, HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY)
MORE = "more"

COURIER_LENGTH_MAX = 200
_BUCKET = re.compile(r"[a-z0-9_]{0,64}")


class Measure(StrEnum):
    """What is counted. Each names its `bucket`, where it has one."""

    EVENTS = "events"  # the kind, or `quarantined`
    NOTICE_LAG = "notice_lag"  # a bound of the lag; by facility and courier
    NOTICE_LAG_HOUR = "notice_lag_hour"  # the local hour in which the notice was left, and that bound: 09/300
    ANOMALY = "anomaly"  # the code; by facility and courier
    PLANNED = "planned"
    HELD = "held"
    SUPPRESSED = "suppressed"  # the reason
    CANCELLED = "cancelled"  # the reason
    EXPIRED = "expired"
    FAILED = "failed"  # the failure
    SENT = "sent"  # `reconciled`: found out later of an attempt whose outcome was unknown
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    UNRESOLVED = "unresolved"
    STATEMENTS = "statements"  # acknowledged | disputed | misdirected


RECONCILED = "reconciled"
QUARANTINED = "quarantined"
NOTICE_LEFT = "notice_left"

EVENT_QUARANTINED = "event.quarantined"
EVENTS = frozenset({"event.accepted", "event.replayed", EVENT_QUARANTINED})
ANOMALY = "shipment.anomaly"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How a fact about a message is counted: in the bucket `bucket`, or in the one that `key` of its data names."""

    measure: Measure
    key: str | None = None
    bucket: str = ""


_OUTCOMES: Mapping[str, _Outcome] = {
    "notification.planned": _Outcome(measure=Measure.PLANNED),
    "notification.held": _Outcome(measure=Measure.HELD),
    "notification.suppressed": _Outcome(measure=Measure.SUPPRESSED, key="reason"),
    "notification.cancelled": _Outcome(measure=Measure.CANCELLED, key="reason"),
    "notification.expired": _Outcome(measure=Measure.EXPIRED),
    "notification.failed": _Outcome(measure=Measure.FAILED, key="failure"),
    "attempt.accepted": _Outcome(measure=Measure.SENT),
    "attempt.reconciled": _Outcome(measure=Measure.SENT, bucket=RECONCILED),
    "attempt.unknown": _Outcome(measure=Measure.UNKNOWN),
    "attempt.unresolved": _Outcome(measure=Measure.UNRESOLVED),
    "receipt.delivered": _Outcome(measure=Measure.DELIVERED),
    "recipient.acknowledged": _Outcome(measure=Measure.STATEMENTS, bucket="acknowledged"),
    "recipient.disputed": _Outcome(measure=Measure.STATEMENTS, bucket="disputed"),
    "recipient.misdirected": _Outcome(measure=Measure.STATEMENTS, bucket="misdirected"),
}
OUTCOME_MEASURES = frozenset(each.measure for each in _OUTCOMES.values())

# The types of the facts that count; all others say nothing that a figure is made of.
COUNTED_TYPES = EVENTS | {ANOMALY} | _OUTCOMES.keys()


class Figure(NamedTuple):
    """What one number is about. What it is not told apart by is empty."""

    operator: str
    day: date
    measure: Measure
    facility: str = ""
    courier: str = ""
    channel: str = ""
    bucket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSaid:
    """What a `notice_left` event says: where the item waits, who left the slip and when. Empty: not known."""

    facility: str = ""
    courier: str = ""
    left_at: datetime | None = None


NOTHING_SAID = NoticeSaid()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedFact:
    """A fact as it counts: `data` is its document's, `at` its moment.

    `kind`: of an event, as it is understood. `notice`: of a notice that was left what it says, of an anomaly what its
    shipment's newest notice said.
    """

    type: str
    at: datetime
    data: Mapping[str, Any]
    operator: str
    channel: str = ""
    kind: str = ""
    notice: NoticeSaid = field(default=NOTHING_SAID, repr=False)


def figures_of(fact: CountedFact) -> Iterator[Figure]:
    """Which figures the fact makes larger by one, each once. Raises ValueError or KeyError for a damaged one."""
    if not is_name(fact.operator) or fact.channel not in _CHANNELS:
        raise ValueError("a fact of nobody")
    day = local_day(fact.at)
    if fact.type in EVENTS:
        yield from _event(fact, day)
    elif fact.type == ANOMALY:
        said, code = fact.notice, _bucket(fact.data["code"])
        yield Figure(fact.operator, day, Measure.ANOMALY, said.facility, said.courier, bucket=code)
    else:
        counted = _OUTCOMES[fact.type]
        bucket = _bucket(fact.data[counted.key]) if counted.key else counted.bucket
        yield Figure(fact.operator, day, counted.measure, channel=fact.channel, bucket=bucket)


_CHANNELS = frozenset({"", *Channel})


def _event(fact: CountedFact, day: date) -> Iterator[Figure]:
    kind = QUARANTINED if fact.type == EVENT_QUARANTINED else _bucket(fact.kind)
    yield Figure(fact.operator, day, Measure.EVENTS, bucket=kind)
    if kind != NOTICE_LEFT or fact.notice.left_at is None:
        return
    said, left_at = fact.notice, fact.notice.left_at
    bound = lag_bucket((instant(fact.data["received_at"]) - left_at).total_seconds())
    hour = left_at.astimezone(zone(DEFAULT_TIME_ZONE)).hour
    yield Figure(fact.operator, day, Measure.NOTICE_LAG, said.facility, said.courier, bucket=bound)
    yield Figure(fact.operator, day, Measure.NOTICE_LAG_HOUR, bucket=f"{hour:02}/{bound}")


def _bucket(said: object) -> str:
    if said is None:
        return ""
    if not isinstance(said, str) or _BUCKET.fullmatch(said) is None:
        raise ValueError("no code")
    return said


def instant(said: object) -> datetime:
    """A moment as documents and events write it. Raises ValueError for anything else."""
    if isinstance(said, str) and (moment := datetime.fromisoformat(said.upper())).tzinfo is not None:
        return moment
    raise ValueError("no moment")


def notice_said(event: Mapping[str, Any]) -> NoticeSaid:
    """What a structured CloudEvent that tells of a paper notice says of it; without `notice` its own time counts.

    Raises ValueError, KeyError or TypeError for what is no such event.
    """
    data = event["data"]
    notice, facility = data.get("notice") or {}, data.get("facility") or {}
    where, who = facility.get("id"), notice.get("courier")
    return NoticeSaid(
        facility=where if isinstance(where, str) and is_name(where) else "",
        courier=who if isinstance(who, str) and len(who) <= COURIER_LENGTH_MAX and "\0" not in who else "",
        left_at=instant(notice.get("left_at") or data.get("delivered_at") or event["time"]),
    )


def lag_bucket(seconds: float) -> str:
    """The bucket of a lag; a negative one counts as none at all."""
    return next((str(bound) for bound in LAG_BOUNDS if seconds <= bound), MORE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lags:
    """How many notices became known how late: `counts` by bucket, those without any left out."""

    counts: Mapping[str, int]

    @property
    def notices(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def median_seconds(self) -> int | None:
        """The median, as if the lags of each bucket were spread evenly over it; None without notices.

        Of MORE only its beginning is known, so a median in there is said to be that.
        """
        half, before, lower = self.notices / 2, 0, 0
        if not half:
            return None
        for upper in LAG_BOUNDS:
            count = self.counts.get(str(upper), 0)
            if count and before + count >= half:
                return round(lower + (half - before) / count * (upper - lower))
            before, lower = before + count, upper
        return lower


NO_LAGS = Lags(counts={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The figures of one day, facility or courier, or of several days together.

    `hours`: the lags by the local hour in which the notices were left. `anomalies` by code, `events` by kind,
    `outcomes` by channel, measure and bucket.
    """

    lags: Lags
    hours: Mapping[int, Lags]
    anomalies: Mapping[str, int]
    events: Mapping[str, int]
    outcomes: Mapping[str, Mapping[str, Mapping[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedUpTo:
    """The facts of the first `size` entries of the log `origin`, and of all logs before it, are counted."""

    origin: str
    size: int
    counted_at: datetime


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
