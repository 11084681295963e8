"""Which reminders an item that waits still has coming, and when. Pure.

The first message and the one about a second notice are news and go out with their events. These three follow by
themselves, on days on which the facility is open, never later than they should.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import lru_cache

from app.domain.calendar import at_local, local_day
from app.domain.channel import Channel
from app.domain.deadline import Deadlines

# At most so many SMS about one item that waits; what then comes is sent by e-mail alone.
SMS_PER_ITEM_MAX = 4

MORNING = time(10)
EVE = time(17)


class Step(StrEnum):
    """What a reminder is for."""

    FIRST_WINDOW = "first_window"
    BEFORE_LAST = "before_last"
    LAST_DAY = "last_day"


KIND = {Step.FIRST_WINDOW: "reminder", Step.BEFORE_LAST: "reminder", Step.LAST_DAY: "last_day"}
REMINDER_KINDS = frozenset(KIND.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One step of the plan: when it is due (UTC), on which channels, and the safe day that it tells."""

    step: Step
    due_at: datetime
    channels: tuple[Channel, ...]
    collect_by: date

    @property
    def kind(self) -> str:
        """The kind of its notifications."""
        return KIND[self.step]


def reminders(known: Deadlines, *, since: datetime, sms_told: int) -> list[Reminder]:
    """The steps of an item that has waited since that moment, in their order; none without a safe day.

    Two open days before the end of the first window (e-mail only, until a second notice comes); two open days before
    the safe day; on the open day before the safe day at 17:00. `sms_told`: how many SMS told of it so far; what
    is left of four is kept for a second notice that may come, then for the eve of the last day.
    """
    safe = known.safe_collect_by
    if safe is None:
        return []
    left = _sms_left(known, sms_told)
    return [
        Reminder(step=step, due_at=due_at, channels=_channels(step, sms_left=left), collect_by=safe)
        for step, day, hour in _days(known, safe, local_day(since, known.inputs.calendar.time_zone))
        if (due_at := at_local(day, hour, known.inputs.calendar.time_zone)) > since
    ]


@lru_cache(maxsize=1024)  # of all that waits at one place much has the same days
def _days(known: Deadlines, safe: date, first: date) -> tuple[tuple[Step, date, time], ...]:
    """The steps of what waits since the day `first`, each with its day and local hour."""
    calendar = known.inputs.calendar
    two_before = calendar.open_days_before(safe, 2, first=first)
    eve = calendar.open_days_before(safe, 1, first=first)
    days = []
    if known.first_window_end and known.second_notice_on is None:
        early = calendar.open_days_before(known.first_window_end, 2, first=first)
        # Where the operator's date comes so soon, what follows says all.
        if early and early < (two_before or eve or safe):
            days.append((Step.FIRST_WINDOW, early, MORNING))
    if two_before:
        days.append((Step.BEFORE_LAST, two_before, MORNING))
    if eve:
        days.append((Step.LAST_DAY, eve, EVE))
    return tuple(days)


def _sms_left(known: Deadlines, told: int) -> int:
    second_may_come = known.first_window_end is not None and known.second_notice_on is None
    return SMS_PER_ITEM_MAX - told - int(second_may_come)


def _channels(step: Step, *, sms_left: int) -> tuple[Channel, ...]:
    """An SMS for the eve as long as one is left, for the reminder before it when two are, for the first one never."""
    match step:
        case Step.FIRST_WINDOW:
            has_sms = False
        case Step.BEFORE_LAST:
            has_sms = sms_left >= 2
        case Step.LAST_DAY:
            has_sms = sms_left >= 1
    return (Channel.SMS, Channel.EMAIL) if has_sms else (Channel.EMAIL,)


def last_moment(known: Deadlines) -> datetime | None:
    """The last moment at which the item can be collected on the safe day; None without such a day."""
    if known.safe_collect_by is None:
        return None
    until = known.inputs.pickup_until
    return known.inputs.calendar.open_until(known.safe_collect_by, until=until if isinstance(until, datetime) else None)
