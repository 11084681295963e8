"""What one person will still be sent about an item by itself. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.calendar import local_day
from app.domain.channel import Channel
from app.domain.deadline import Deadlines
from app.domain.decision import Hold, News, Suppress, plan
from app.domain.notification import WAITING, Notification
from app.domain.recipient import Recipient
from app.domain.reminder import Reminder, last_moment
from app.domain.review import still_to_come
from app.domain.stay import Known


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Coming:
    """A message that will be sent by itself: on which local day, of which kind, on which channel."""

    on: date
    kind: str
    channel: Channel


def coming(
    known: Known, recipient: Recipient, told: Iterable[Notification], *, sms_told: int, now: datetime
) -> set[Coming]:
    """What one person will still be sent about an item by itself, as things stand.

    That is reminders that are not held back any more and have not left, and each that is to come, on the channels on
    which the person could get it now. `told` are their notifications about the item.
    """
    notifications = list(told)
    released = {
        Coming(on=local_day(n.not_before or now), kind=n.kind, channel=n.channel)
        for n in notifications
        if n.step and n.status in WAITING and not n.waits_for_its_day
    }
    if known.deadlines is None:
        return released
    later = still_to_come(known, notifications, sms_told=sms_told, now=now)
    return released.union(*(_sendings(each, known.deadlines, recipient, now=now) for each in later))


def _sendings(reminder: Reminder, shown: Deadlines, recipient: Recipient, *, now: datetime) -> set[Coming]:
    due_at, ends_at = max(reminder.due_at, now), last_moment(shown)
    until = ends_at or due_at
    news = News(kind=reminder.kind, expires_at=until, channels=reminder.channels, last_moment=ends_at)
    decided = [(each.channel, each.decision) for each in plan(news, recipient, now=due_at)]
    return {
        Coming(
            on=local_day(decision.until if isinstance(decision, Hold) else due_at),
            kind=reminder.kind,
            channel=channel,
        )
        for channel, decision in decided
        if not isinstance(decision, Suppress)
    }
