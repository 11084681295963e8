"""Until when an item can be collected: the law's days and the operator's, and the last safe one of them. Pure.

All days are local calendar dates in Poland; the day of an event does not count, N days from D0 end with D0+N.
Informs only: nothing here says when a deadline for a reply or an appeal ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.calendar import DAYS_OFF_VERSION, local_day, rolled, working_day_after
from app.domain.event import LegalRegime
from app.domain.facility_calendar import FacilityCalendar

RULESET = "2026-11"

FIRST_WINDOW = timedelta(days=7)
STORAGE_FROM_FIRST = timedelta(days=14)
STORAGE_FROM_SECOND = timedelta(days=7)
WORKING_DAYS_OF_GRACE = 2

# KPA art. 44, PPSA art. 73, Ordynacja podatkowa art. 150: 14 days from the first notice, whenever the second came.
FROM_FIRST_NOTICE = frozenset({LegalRegime.KPA, LegalRegime.PPSA, LegalRegime.OP})
# KPC art. 139 and its regulation, KPK art. 133, budget-discipline act art. 186: 7 days from the real second notice.
FROM_SECOND_NOTICE = frozenset({LegalRegime.KPC, LegalRegime.KPK, LegalRegime.DFP})
STATUTORY = FROM_FIRST_NOTICE | FROM_SECOND_NOTICE
# One of each kind: whatever law an item falls under, one of these dates is its date.
_CANDIDATES = (LegalRegime.KPA, LegalRegime.KPC)


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
    """The end of storage as one law has it."""

    regime: LegalRegime
    end_strict: date
    end_rolled: date
    projected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The days of one item, and what they were computed from and with.

    `end_strict` is the end of storage, `end_rolled` the same moved past days off (disputed, so both are kept),
    `projected` says that it waits for a second notice that has not come. `safe_collect_by` is the last day on which
    the facility is open that no reading of the law or the operator's date makes too late; None when there is none.
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
    two more working days after it was due), `no_open_day` (nothing open is left).
    """
    first = inputs.first_notice_on
    window_end = first + FIRST_WINDOW if first and inputs.regime in STATUTORY | {LegalRegime.UNKNOWN} else None
    expected = working_day_after(window_end) if window_end else None
    candidates = _candidates(inputs, expected)
    end = min(candidates, key=lambda each: each.end_strict, default=None)
    own = _day(inputs.pickup_until)
    latest = _latest(inputs, candidates)
    safe = _safe_day(inputs, latest) if latest else None
    return Deadlines(
        regime=inputs.regime,
        ruleset=RULESET,
        days_off=DAYS_OFF_VERSION,
        first_window_end=window_end,
        second_notice_expected_on=expected,
        second_notice_on=inputs.second_notice_on,
        end_strict=end.end_strict if end else own,
        end_rolled=end.end_rolled if end else own,
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
    regimes = _CANDIDATES if inputs.regime is LegalRegime.UNKNOWN else (inputs.regime,)
    found = (_end_of_storage(regime, inputs, expected) for regime in regimes)
    return tuple(each for each in found if each is not None)


def _end_of_storage(regime: LegalRegime, inputs: Inputs, expected: date | None) -> Candidate | None:
    if regime in FROM_FIRST_NOTICE and inputs.first_notice_on:
        return _candidate(regime, inputs.first_notice_on + STORAGE_FROM_FIRST, projected=False)
    if regime in FROM_SECOND_NOTICE and (second := inputs.second_notice_on or expected):
        return _candidate(regime, second + STORAGE_FROM_SECOND, projected=inputs.second_notice_on is None)
    return None


def _candidate(regime: LegalRegime, end: date, *, projected: bool) -> Candidate:
    return Candidate(regime=regime, end_strict=end, end_rolled=rolled(end), projected=projected)


def _latest(inputs: Inputs, candidates: Iterable[Candidate]) -> date | None:
    """The day after which no reading allows to collect; None when nothing limits it.

    While an end is only projected an early second notice would end storage sooner, but not before D0+14.
    """
    limits = [each.end_strict for each in candidates]
    if inputs.first_notice_on and any(each.projected for each in candidates):
        limits.append(inputs.first_notice_on + STORAGE_FROM_FIRST)
    own = _day(inputs.pickup_until)
    return min([*limits, own] if own else limits, default=None)


def _safe_day(inputs: Inputs, latest: date) -> date | None:
    until = inputs.pickup_until
    known = [_day(inputs.pickup_from), inputs.first_notice_on, inputs.as_of]
    return inputs.calendar.last_open_day(
        first=max(day for day in known if day),
        last=latest,
        before=until if isinstance(until, datetime) else None,
    )


def _anomalies(inputs: Inputs, window_end: date | None, expected: date | None, *, no_open_day: bool) -> Iterable[str]:
    second = inputs.second_notice_on
    if second and window_end and second <= window_end:
        yield "second_notice_early"
    if expected and not second and inputs.as_of >= second_notice_overdue_on(expected):
        yield "second_notice_missing"
    if no_open_day:
        yield "no_open_day"


def _day(moment: date | datetime | None) -> date | None:
    return local_day(moment) if isinstance(moment, datetime) else moment
