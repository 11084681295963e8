"""What the events of one shipment say together: where it stands, and which news is stale, repeated or untrue. Pure."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from app.domain.calendar import local_day
from app.domain.event import Event, Facility, LegalRegime, Pickup, code_with_vocabulary

_Said = TypeVar("_Said")

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
_ON_THE_WAY = frozenset({"registered", "in_transit", "out_for_delivery"})
WAITING_KINDS = frozenset({"notice_left", "ready_for_pickup"})
# These say where, or until when, an item waits.
TERM_KINDS = WAITING_KINDS | {"terms_changed"}
# What an item that waits is known from: what the others say beside their kind does not matter to it.
STAY_KINDS = TERM_KINDS | {"corrected"}
ENDING_KINDS = frozenset({"pickup_expired", "refused", "returned", "delivered"})
# What waits does not wait any more. Scans in transit are no such end: it is brought to the office after the notice.
_GONE_KINDS = ENDING_KINDS | {"lost"}

# So much later than it arrives may an event claim to happen: clocks differ.
FUTURE_TOLERANCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One event of a shipment, reduced to what the others need to know of it.

    `key` tells it from all others, `corrects` is the key of the event that it takes back (`action` says how), and
    `event` what it says, where that is known and matters. `told`: its `recipient` was registered, so that they were
    told, or it was recorded why not.
    """

    kind: str
    ordinal: int | None
    effective_at: datetime
    id: UUID | None = None
    key: bytes = field(default=b"", repr=False)
    code: str | None = None
    corrects: bytes | None = field(default=None, repr=False)
    told: bool = True
    recipient: UUID | None = None
    event: Event | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An item that waits to be collected, as far as its events say.

    `since` is when it was first said to wait, `newest_at` when last something was said of it; the notices are those of
    paper, of several of one kind the earliest, because no later day is safe; `facility` and `pickup` the newest.
    """

    since: datetime
    newest_at: datetime
    regime: LegalRegime
    service: str | None = None
    facility: Facility | None = None
    pickup: Pickup | None = None
    place: str | None = None
    first_notice_at: datetime | None = None
    second_notice_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Where a shipment stands: the kind of the last event that moved it, and since when. `state` None: nothing known.

    `stay` is the last time that it waited; it `waits` still, or not any more since `ended_at`.
    """

    state: str | None
    since: datetime | None
    stay: Stay | None
    waits: bool
    ended_at: datetime | None = None


def milestone_of(event: Event) -> Milestone:
    """What an event says about its shipment; who keeps it adds its `id`, `key`, `corrects` and `told`."""
    return Milestone(
        kind=event.kind,
        ordinal=event.notice.ordinal if event.notice else None,
        effective_at=event.effective_at,
        code=code_of(event),
        event=event,
    )


def code_of(event: Event) -> str | None:
    """The operator's own code with its vocabulary, as corrections by code look for it; None without a record."""
    return code_with_vocabulary(event.record.vocabulary, event.record.code) if event.record else None


def without_future(known: Iterable[Milestone], *, now: datetime) -> list[Milestone]:
    """Those that no wrong clock dates more than 15 minutes ahead: until then such an event counts for nothing."""
    return [one for one in known if one.effective_at <= now + FUTURE_TOLERANCE]


def in_order(known: Iterable[Milestone]) -> list[Milestone]:
    """Sorted by effective time, then by stage, then by the producer's source and id: the same for every arrival."""
    return sorted(known, key=_order)


def standing(known: Iterable[Milestone]) -> list[Milestone]:
    """Those that no correction takes back, in order, without the corrections; replaced ones say what replaces them."""
    milestones = in_order(known)
    taken_back = corrections(milestones)
    if not taken_back:
        return [one for one in milestones if one.kind != "corrected"]
    return [
        replaced
        for one in milestones
        if one.kind != "corrected" and (replaced := _corrected(one, taken_back.get(one.key))) is not None
    ]


def corrections(known: Iterable[Milestone]) -> dict[bytes, Milestone]:
    """The correction that each event that does not stand is taken back by, by that event's key.

    The newest that holds. One that was itself taken back corrects nothing; of a circle the newest holds.
    """
    correcting = [one for one in known if one.corrects is not None]
    if not correcting:
        return {}
    undecided = {one.key: one for one in reversed(in_order(correcting))}
    everything = frozenset(undecided)
    against = Counter(one.corrects for one in undecided.values())
    decidable = deque(key for key in undecided if not against[key])
    taken_back: dict[bytes, Milestone] = {}
    while undecided:
        one = undecided.pop(decidable.popleft() if decidable else next(iter(undecided)))
        aim = one.corrects or b""
        against[aim] -= 1
        if aim in undecided and not against[aim]:
            decidable.append(aim)
        is_open = aim in undecided or aim not in everything
        if is_open and one.key not in taken_back and (aim not in taken_back or _order(taken_back[aim]) < _order(one)):
            taken_back[aim] = one
    return taken_back


def picture_of(known: Iterable[Milestone]) -> Picture:
    """Fold the events of one shipment, in whatever order they came."""
    milestones = standing(known)
    moved = [one for one in milestones if one.kind in RANK or one.kind == "lost"]
    last = next((one for one in reversed(moved) if not _is_on_the_way_back(one, moved)), None)
    waiting = [one for one in milestones if one.kind in WAITING_KINDS]
    ended = _end_of_waiting([one for one in moved if waiting and _order(one) > _order(waiting[-1])])
    return Picture(
        state=last.kind if last else None,
        since=last.effective_at if last else None,
        stay=_stay(milestones) if waiting else None,
        waits=bool(waiting) and ended is None,
        ended_at=ended.effective_at if ended else None,
    )


def _is_on_the_way_back(scan: Milestone, moved: Sequence[Milestone]) -> bool:
    """Whether it is a scan of an item that was sent back before: that it travels is no news about its state."""
    if scan.kind not in _ON_THE_WAY:
        return False
    return any(one.kind == "returned" and _order(one) < _order(scan) for one in moved)


def _end_of_waiting(later: Sequence[Milestone]) -> Milestone | None:
    """What ended it, of what moved the item later: the first real end, or a courier who has not come back with it."""
    if gone := next((one for one in later if one.kind in _GONE_KINDS), None):
        return gone
    trips = [one for one in later if one.kind in {"out_for_delivery", "attempt_failed"}]
    return trips[-1] if trips and trips[-1].kind == "out_for_delivery" else None


def reason_not_to_tell(news: Milestone, known: Iterable[Milestone]) -> str | None:
    """Why `news` is no news given what is `known` of the shipment, or None when it is.

    `superseded`: it was taken back before it came, or a later notice of the same kind is known. `stale`: something no
    earlier and further in the shipment's life is. `duplicate_content`: the same news of the same local day was told
    them before; that an item goes back is told once, at whatever stage.
    """
    milestones = list(known)
    if news.key in corrections(milestones):
        return "superseded"
    milestones = standing(milestones)
    if news.kind not in RANK or not milestones:
        return None
    rank, ordinal = _position(news)
    later = [_position(m) for m in milestones if m.effective_at >= news.effective_at]
    if any(other_rank > rank for other_rank, _ in later):
        return "stale"
    if any(other_rank == rank and other_ordinal > ordinal for other_rank, other_ordinal in later):
        return "superseded"
    day = local_day(news.effective_at)
    own = [m for m in milestones if m.told and m.recipient == news.recipient]
    same = [m for m in own if (m.kind, m.ordinal) == (news.kind, news.ordinal)]
    told = same if news.kind == "returned" else [m for m in same if local_day(m.effective_at) == day]
    return "duplicate_content" if told else None


def is_under_way(milestones: Iterable[Milestone]) -> bool:
    """Whether, as far as is known, the item is still to come or to be collected."""
    return picture_of(milestones).state not in _GONE_KINDS


def makes_untrue(news: Milestone, planned: Milestone) -> str | None:
    """Why `news` ends a message planned about `planned`, or None when it does not.

    `collected`, `terms_changed` (it waits elsewhere, or for another time), `superseded` (by a later stage, because it
    is taken back, or because the item that is said to wait is lost). That an item waits is told as it was put right.
    """
    if news.corrects is not None and news.corrects == planned.key:
        return None if _puts_right(news.event) and planned.kind in TERM_KINDS else "superseded"
    if news.effective_at < planned.effective_at:
        return None
    if news.kind == "terms_changed" and planned.kind in WAITING_KINDS:
        return "terms_changed"
    if news.kind == "lost" and planned.kind in WAITING_KINDS:
        return "superseded"
    if _position(news) <= _position(planned):
        return None
    return "collected" if news.kind == "delivered" else "superseded"


def _position(milestone: Milestone) -> tuple[int, int]:
    return RANK.get(milestone.kind, -1), milestone.ordinal or 0


def _order(one: Milestone) -> tuple[datetime, int, int, str, str, bytes]:
    # Of what cannot be read the producer's names are not known; their digest tells it from others as well.
    source, name = (one.event.source, one.event.id) if one.event else ("", "")
    return one.effective_at, *_position(one), source, name, one.key


def _corrected(one: Milestone, correction: Milestone | None) -> Milestone | None:
    """What stands of an event once `correction` is heard; None when nothing does."""
    if correction is None:
        return one
    now = correction.event
    if now is None or not _puts_right(now):
        return None
    ordinal, happened_at = one.ordinal, one.effective_at
    if one.kind == "notice_left" and now.notice:
        ordinal, happened_at = now.notice.ordinal, now.notice.left_at
    if one.kind == "delivered" and now.handover:
        happened_at = now.handover.delivered_at or happened_at
    event = _put_right(one.event, now, happened_at) if one.event else None
    return replace(one, event=event, ordinal=ordinal, effective_at=happened_at)


def _puts_right(now: Event | None) -> bool:
    """Whether the correction says what stands instead of what it takes back."""
    if now is None or now.correction is None or now.correction.action != "replace":
        return False
    return any((now.notice, now.facility, now.pickup, now.legal_regime, now.handover))


def _put_right(said: Event, now: Event, happened_at: datetime) -> Event:
    return replace(
        said,
        notice=now.notice or said.notice,
        facility=now.facility or said.facility,
        pickup=now.pickup or said.pickup,
        legal_regime=now.legal_regime or said.legal_regime,
        handover=now.handover or said.handover,
        effective_at=happened_at,
    )


def _stay(milestones: Sequence[Milestone]) -> Stay:
    waiting = [one for one in milestones if one.kind in WAITING_KINDS]
    told = [one.event for one in milestones if one.event and one.kind in STAY_KINDS]
    notices = [one for one in waiting if one.kind == "notice_left"]
    return Stay(
        since=waiting[0].effective_at,
        newest_at=max(one.effective_at for one in milestones if one.kind in STAY_KINDS),
        regime=_regime(told, has_notice=bool(notices)),
        service=_newest([each.service for each in told]),
        facility=_facility([each.facility for each in told if each.facility]),
        pickup=_newest([each.pickup for each in told]),
        place=_newest([each.place for each in told]),
        first_notice_at=next((one.effective_at for one in notices if one.ordinal == 1), None),
        second_notice_at=next((one.effective_at for one in notices if one.ordinal == 2), None),
    )


def _facility(told: Sequence[Facility]) -> Facility | None:
    """The newest; with the hours and closures that it is known by where only its name was said again."""
    if not told or told[-1].hours is not None:
        return told[-1] if told else None
    newest = told[-1]
    known = next((each for each in reversed(told) if each.id == newest.id and each.hours is not None), newest)
    return replace(newest, hours=known.hours, closures=newest.closures or known.closures)


def _regime(told: Sequence[Event], *, has_notice: bool) -> LegalRegime:
    """The newest that was said; unsaid, a paper notice may fall under any law, and what else waits under terms."""
    said = _newest([each.legal_regime for each in told])
    return said or (LegalRegime.UNKNOWN if has_notice else LegalRegime.POSTAL)


def _newest(values: Sequence[_Said | None]) -> _Said | None:
    return next((each for each in reversed(values) if each is not None), None)
