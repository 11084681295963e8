"""An item that waits for one person: what is known of it, its deadlines, and what there is still to say of it. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from app.domain.calendar import local_day
from app.domain.deadline import Deadlines, Inputs, deadlines
from app.domain.event import Facility
from app.domain.facility_calendar import calendar_of
from app.domain.shipment import Milestone, Picture, Stay, picture_of, without_future


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Where a shipment stands and, once it ever waited, its deadlines."""

    picture: Picture
    deadlines: Deadlines | None

    @property
    def stay(self) -> Stay | None:
        """The last time that it waited."""
        return self.picture.stay

    @property
    def waits(self) -> bool:
        """Whether it can be collected now, as far as is known."""
        return self.picture.waits

    def differs(self, other: "Known") -> bool:
        """Whether the two say something else; the day on which it was looked at is no news."""
        return (self.picture, _timeless(self.deadlines)) != (other.picture, _timeless(other.deadlines))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalStay:
    """A stay as one person is told of it.

    `event` is the newest of their events that says where and until when, `event_fact` its leaf hash, `review_at` when
    its plan is to be looked at again, `changed_at` when it became what it is.
    """

    id: UUID
    operator: str
    shipment_index: bytes = field(repr=False)
    recipient: UUID
    event: UUID
    event_fact: bytes = field(repr=False)
    review_at: datetime | None
    changed_at: datetime
    known: Known = field(repr=False)


# What incidents make of the facility at which an item waits: the same with its outages.
Touching = Callable[[Facility], Facility]


def _untouched(facility: Facility) -> Facility:
    return facility


def known_of(milestones: Iterable[Milestone], *, as_of: datetime, touched: Touching = _untouched) -> Known:
    """What the events of one shipment come to, as known at that moment."""
    return as_touched(picture_of(milestones), as_of=as_of, touched=touched)


def as_touched(picture: Picture, *, as_of: datetime, touched: Touching) -> Known:
    """The same of an item of which nothing new was heard, at the facility as incidents leave it."""
    stay = picture.stay
    if stay is None:
        return Known(picture=picture, deadlines=None)
    if stay.facility is not None:
        shut = touched(replace(stay.facility, outages=()))
        # What was over before it waited is nothing to it.
        outages = tuple(each for each in shut.outages if each.until is None or each.until > stay.since)
        stay = replace(stay, facility=replace(shut, outages=outages))
    return Known(picture=replace(picture, stay=stay), deadlines=_deadlines(stay, local_day(as_of)))


def as_it_stands(known: Iterable[Milestone], *, now: datetime, touched: Touching = _untouched) -> Known:
    """Where a shipment stands; the deadlines of an item that does not wait any more as they were when it stopped.

    So they do not move any more. What a wrong clock dates into the future counts for nothing until then.
    """
    milestones = without_future(known, now=now)
    present = known_of(milestones, as_of=now, touched=touched)
    ended_at = present.picture.ended_at
    return present if ended_at is None else known_of(milestones, as_of=ended_at, touched=touched)


def safe_day_at(known: Known, facility: Facility) -> date | None:
    """The last safe day for collecting the item if it waited at `facility`; None without one."""
    if known.stay is None or known.deadlines is None:
        return None
    calendar = calendar_of(facility, is_locker=_is_locker(known.stay))
    return deadlines(replace(known.deadlines.inputs, calendar=calendar)).safe_collect_by


def _timeless(known: Deadlines | None) -> Deadlines | None:
    return replace(known, inputs=replace(known.inputs, as_of=date.min)) if known else None


def _deadlines(stay: Stay, as_of: date) -> Deadlines:
    return deadlines(
        Inputs(
            regime=stay.regime,
            first_notice_on=local_day(stay.first_notice_at) if stay.first_notice_at else None,
            second_notice_on=local_day(stay.second_notice_at) if stay.second_notice_at else None,
            pickup_from=stay.pickup.starts if stay.pickup else None,
            pickup_until=stay.pickup.until if stay.pickup else None,
            calendar=calendar_of(stay.facility, is_locker=_is_locker(stay)),
            as_of=as_of,
        )
    )


def _is_locker(stay: Stay) -> bool:
    """Only lockers count hours, so that a last moment instead of a last day tells one that is not called so."""
    counts_hours = stay.pickup is not None and isinstance(stay.pickup.until, datetime)
    return stay.place == "locker" or (stay.place is None and counts_hours)
