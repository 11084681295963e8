"""What the events of one shipment say together: which news is stale, repeated, or makes planned news untrue."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.calendar import local_day
from app.domain.event import Event

# Later stages of a shipment's life rank higher. Kinds that do not move a shipment on have no rank.
RANK = {
    "registered": 0,
    "in_transit": 1,
    "out_for_delivery": 2,
    "attempt_failed": 3,
    "notice_left": 4,
    "ready_for_pickup": 5,
    "pickup_expired": 6,
    "refused": 7,
    "returned": 8,
    "delivered": 9,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One event of a shipment, reduced to what the others need to know of it."""

    kind: str
    ordinal: int | None
    effective_at: datetime


def milestone_of(event: Event) -> Milestone:
    """What an event says about its shipment."""
    ordinal = event.notice.ordinal if event.notice else None
    return Milestone(kind=event.kind, ordinal=ordinal, effective_at=event.effective_at)


def _position(milestone: Milestone) -> tuple[int, int]:
    return RANK.get(milestone.kind, -1), milestone.ordinal or 0


def reason_not_to_tell(news: Milestone, known: Iterable[Milestone]) -> str | None:
    """Why `news` is no news given what is `known` of the shipment, or None when it is.

    `stale`: something no earlier and further in the shipment's life is known. `superseded`: a later notice of
    the same kind is. `duplicate_content`: the same news of the same local day was told before.
    """
    milestones = list(known)
    if news.kind not in RANK or not milestones:
        return None
    rank, ordinal = _position(news)
    later = [_position(m) for m in milestones if m.effective_at >= news.effective_at]
    if any(other_rank > rank for other_rank, _ in later):
        return "stale"
    if any(other_rank == rank and other_ordinal > ordinal for other_rank, other_ordinal in later):
        return "superseded"
    day = local_day(news.effective_at)
    same = (m for m in milestones if (m.kind, m.ordinal) == (news.kind, news.ordinal))
    return "duplicate_content" if any(local_day(m.effective_at) == day for m in same) else None


def makes_untrue(news: Milestone, planned: Milestone) -> str | None:
    """Why `news` ends a message planned about `planned`: `collected`, `superseded`, or None when it does not."""
    if news.effective_at < planned.effective_at or _position(news) <= _position(planned):
        return None
    return "collected" if news.kind == "delivered" else "superseded"
