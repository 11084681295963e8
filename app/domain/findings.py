"""What does not fit together about one shipment, and since when that is known. Pure."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from app.domain.calendar import at_local, local_day
from app.domain.deadline import Deadlines, deadlines, second_notice_overdue_on
from app.domain.shipment import Milestone
from app.domain.stay import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a shipment that does not fit together, and since when that is known."""

    code: str
    since: datetime


def in_the_dark(known: Iterable[Milestone]) -> set[UUID]:
    """The corrections that take back what nobody reported, as far as is known by now."""
    milestones = list(known)
    keys = {one.key for one in milestones}
    return {one.id for one in milestones if one.kind == "corrected" and one.id and one.corrects not in keys}


def findings(recorded: Iterable[tuple[str, datetime]], known: Known) -> list[Finding]:
    """Each code once, since it was first recorded; what the deadlines show and nobody has recorded yet comes with it.

    The earliest come first.
    """
    since: dict[str, datetime] = {}
    for code, detected_at in recorded:
        since[code] = min(detected_at, since.get(code, detected_at))
    for code in known.deadlines.anomalies if known.deadlines else ():
        since.setdefault(code, _shows_since(code, known))
    return sorted(
        (Finding(code=code, since=at) for code, at in since.items()), key=lambda each: (each.since, each.code)
    )


def _shows_since(code: str, known: Known) -> datetime:
    """The event, or the beginning of the day, from which on the deadlines show it."""
    stay, shown = known.stay, known.deadlines
    if stay is None or shown is None:
        raise ValueError("what never waited has no deadlines")
    if code == "second_notice_early" and stay.second_notice_at:
        return stay.second_notice_at
    if code == "second_notice_missing" and shown.second_notice_expected_on:
        return at_local(second_notice_overdue_on(shown.second_notice_expected_on), time())
    first = local_day(stay.since)
    days = range((shown.inputs.as_of - first).days)
    showing = bisect_left(days, True, key=lambda day: code in _as_of(shown, first + timedelta(days=day)).anomalies)
    return max(stay.since, at_local(first + timedelta(days=showing), time()))


def _as_of(shown: Deadlines, day: date) -> Deadlines:
    return deadlines(replace(shown.inputs, as_of=day))
