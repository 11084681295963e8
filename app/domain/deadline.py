"""Until when an item can be collected: the law's days and the operator's, and the last safe one of them. Pure.

All days are local calendar dates in Poland; the day of an event does not count, N days from D0 end with D0+N.
Informs only: nothing here says when a deadline for a reply or an appeal ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from app.domain.calendar import DAYS_OFF_VERSION, local_day, rolled, working_day_after
from app.domain.event import LegalRegime
from app.domain.facility_calendar import FacilityCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How long the law keeps an item: `days` after the day of the first or second paper notice."""

    from_notice: int
    days: int


# The version of everything down to the candidates; a result names the version that it was computed with.
RULESET = "2026-11"

FIRST_WINDOW = timedelta(days=7)
WORKING_DAYS_OF_GRACE = 2

# Regimes without an entry follow the operator's terms.
STORAGE = {
    LegalRegime.KPA: Storage(from_notice=1, days=14),  # KPA art. 44
    LegalRegime.PPSA: Storage(from_notice=1, days=14),  # PPSA art. 73
    LegalRegime.OP: Storage(from_notice=1, days=14),  # Ordynacja podatkowa art. 150
    LegalRegime.KPC: Storage(from_notice=2, days=7),  # KPC art. 139 and its regulation
    LegalRegime.KPK: Storage(from_notice=2, days=7),  # KPK art. 133
    LegalRegime.DFP: Storage(from_notice=2, days=7),  # budget-discipline act art. 186
}
# One of each kind: whatever an item falls under, one of these dates is its date.
CANDIDATES = (LegalRegime.KPA, LegalRegime.KPC, LegalRegime.POSTAL)
# A second notice that comes as early as it may, at the end of the first window, would end storage then.
_SAFE_WHILE_PROJECTED = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a deadline is computed from. `as_of` is the local day on which that was known.

    `pickup_from` and `pickup_until` are the operator's: local days, or moments where hours are counted (lockers).
    """

    regime: LegalRegime
    first_notice_on: date | None
    second_notice_on: date | None
    pickup_from: date | datetime | None
    pickup_until: date | datetime | None
    calendar: FacilityCalendar
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The end of storage as one law, or the operator's terms, have it. Only an end by law is ever rolled."""

    regime: LegalRegime
    end_strict: date
    end_rolled: date
    projected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The days of one item, and what they were computed from and with.

    `end_strict` is the end of storage, `end_rolled` the same moved past days off (disputed, so both are kept),
    `projected` says that it waits for a second notice that has not come. `candidates` are the ends under an unknown
    regime, the earliest of which count. `safe_collect_by` is the last day on which the facility is open that no
    reading of the law or the operator's date makes too late; None when there is none.
    """

    regime: LegalRegime
    ruleset: str
    days_off: str
    first_window_end: date | None
    second_notice_expected_on: date | None
    second_notice_on: date | None
    end_strict: date | None
    end_rolled: date | None
    safe_collect_by: date | None
    projected: bool
    candidates: tuple[Candidate, ...]
    anomalies: tuple[str, ...]
    inputs: Inputs


def deadlines(inputs: Inputs) -> Deadlines:
    """Apply the ruleset. Never fails: what cannot be known is None.

    Anomalies: `second_notice_early` (on or before the end of the first window), `second_notice_missing` (none within
    two more working days after it was due, though perhaps later), `no_open_day` (nothing open is left).
    """
    # Equal inputs can be written differently: the same moment in another time zone.
    return replace(_applied(inputs), inputs=inputs)


@lru_cache(maxsize=1024)  # of all that waits at one place much has the same days
def _applied(inputs: Inputs) -> Deadlines:
    first = inputs.first_notice_on
    by_law = inputs.regime in STORAGE or inputs.regime is LegalRegime.UNKNOWN
    window_end = first + FIRST_WINDOW if first and by_law else None
    expected = working_day_after(window_end) if window_end else None
    candidates = _candidates(inputs, expected)
    end = min(candidates, key=lambda each: each.end_strict, default=None)
    latest = _latest(inputs, candidates)
    safe = _safe_day(inputs, latest) if latest else None
    return Deadlines(
        regime=inputs.regime,
        ruleset=RULESET,
        days_off=DAYS_OFF_VERSION,
        first_window_end=window_end,
        second_notice_expected_on=expected,
        second_notice_on=inputs.second_notice_on,
        end_strict=end.end_strict if end else None,
        end_rolled=min((each.end_rolled for each in candidates), default=None),
        safe_collect_by=safe,
        projected=end.projected if end else False,
        candidates=candidates if inputs.regime is LegalRegime.UNKNOWN else (),
        anomalies=tuple(_anomalies(inputs, window_end, expected, no_open_day=latest is not None and safe is None)),
        inputs=inputs,
    )


def second_notice_overdue_on(expected: date) -> date:
    """The first day on which a second notice that has not come is missing."""
    for _ in range(WORKING_DAYS_OF_GRACE):
        expected = working_day_after(expected)
    return expected + timedelta(days=1)


def _candidates(inputs: Inputs, expected: date | None) -> tuple[Candidate, ...]:
    regimes = CANDIDATES if inputs.regime is LegalRegime.UNKNOWN else (inputs.regime,)
    found = (_end_of_storage(regime, inputs, expected) for regime in regimes)
    return tuple(each for each in found if each is not None)


def _end_of_storage(regime: LegalRegime, inputs: Inputs, expected: date | None) -> Candidate | None:
    """None where the notice, or the operator's date, that it depends on is not known."""
    law = STORAGE.get(regime)
    if law is None:
        own = _day(inputs.pickup_until)
        return Candidate(regime=regime, end_strict=own, end_rolled=own, projected=False) if own else None
    real = inputs.first_notice_on if law.from_notice == 1 else inputs.second_notice_on
    notice = real if law.from_notice == 1 else real or expected
    if notice is None:
        return None
    end = notice + timedelta(days=law.days)
    return Candidate(regime=regime, end_strict=end, end_rolled=rolled(end), projected=real is None)


def _latest(inputs: Inputs, candidates: Iterable[Candidate]) -> date | None:
    """The day after which no reading allows to collect; None when nothing limits it."""
    limits = [each.end_strict for each in candidates]
    if inputs.first_notice_on and any(each.projected for each in candidates):
        limits.append(inputs.first_notice_on + _SAFE_WHILE_PROJECTED)
    own = _day(inputs.pickup_until)
    return min([*limits, own] if own else limits, default=None)


def _safe_day(inputs: Inputs, latest: date) -> date | None:
    """The last open day until `latest`. While that is not over, days that are gone are none; later, it stays."""
    gone_before = inputs.as_of if inputs.as_of <= latest else None
    floors = [day for day in (_day(inputs.pickup_from), inputs.first_notice_on, gone_before) if day]
    return inputs.calendar.last_open_day(
        first=max(floors, default=date.min),
        last=latest,
        after=inputs.pickup_from if isinstance(inputs.pickup_from, datetime) else None,
        before=inputs.pickup_until if isinstance(inputs.pickup_until, datetime) else None,
    )


def _anomalies(inputs: Inputs, window_end: date | None, expected: date | None, *, no_open_day: bool) -> Iterable[str]:
    second = inputs.second_notice_on
    if second and window_end and second <= window_end:
        yield "second_notice_early"
    if expected and (second or inputs.as_of) >= second_notice_overdue_on(expected):
        yield "second_notice_missing"
    if no_open_day:
        yield "no_open_day"


def _day(moment: date | datetime | None) -> date | None:
    return local_day(moment) if isinstance(moment, datetime) else moment
