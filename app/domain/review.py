"""What is to be done now about the reminders of one item and one person, and when to look again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.calendar import at_local, local_day
from app.domain.deadline import second_notice_overdue_on
from app.domain.facility_calendar import FacilityCalendar
from app.domain.notification import UNTOLD, WAITING, Notification, Status
from app.domain.reminder import MORNING, Reminder, last_moment, reminders
from app.domain.shipment import STAY_KINDS
from app.domain.stay import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`cancel` what is not in the plan any more, each for its reason; send what is `due`; hold what comes `next`.

    `look_again_at` is when there is something to do again, None when never.
    """

    cancel: tuple[tuple[Notification, str], ...] = ()
    due: Reminder | None = None
    next: Reminder | None = None
    look_again_at: datetime | None = None


def still_to_come(known: Known, told: Sequence[Notification], *, sms_told: int, now: datetime) -> list[Reminder]:
    """The reminders that are neither sent nor too late, in their order; none of an item that does not wait.

    `told` are the person's notifications about the item: nobody is reminded of what they were told just then, and news
    of something else tells nobody until when it waits. Of several reminders that are overdue only the last is kept.
    """
    if known.deadlines is None or known.stay is None or not known.waits:
        return []
    ends_at = last_moment(known.deadlines)
    if ends_at is None or ends_at <= now:
        return []
    done = {
        (n.step, n.collect_by, n.channel)
        for n in told
        if n.step and not n.waits_for_its_day and n.status is not Status.CANCELLED
    }
    heard_at = [n.created_at for n in told if n.kind in STAY_KINDS and n.status not in UNTOLD]
    plan = reminders(known.deadlines, since=max([known.stay.newest_at, *heard_at]), sms_told=sms_told)
    coming = _on_open_days(*_parted(plan, now), known.deadlines.inputs.calendar, now)
    left = (
        replace(one, channels=tuple(c for c in one.channels if (one.step, one.collect_by, c) not in done))
        for one in coming
    )
    return [reminder for reminder in left if reminder.channels]


def _on_open_days(
    overdue: list[Reminder], later: list[Reminder], calendar: FacilityCalendar, now: datetime
) -> list[Reminder]:
    """What is overdue waits for the morning of the next day on which the place is open, if it is shut today.

    Where the next step is due that day, that one says all.
    """
    today = local_day(now, calendar.time_zone)
    if not overdue or calendar.is_open(today):
        return [*overdue, *later]
    (reminder,) = overdue
    day = calendar.next_open_day(after=today, last=reminder.collect_by)
    if day is None or (later and local_day(later[0].due_at, calendar.time_zone) <= day):
        return later
    return [replace(reminder, due_at=at_local(day, MORNING, calendar.time_zone)), *later]


def review(known: Known, told: Sequence[Notification], *, sms_told: int, now: datetime) -> Review:
    """Compare what is to come with what is held: every step once, nothing that is not true any more."""
    coming = still_to_come(known, told, sms_told=sms_told, now=now)
    due = coming[0] if coming and coming[0].due_at <= now else None
    later = coming[1:] if due else coming
    return Review(
        cancel=tuple((n, _reason(n, known)) for n in told if n.step and _is_untrue(n, known, due, later)),
        due=due,
        next=later[0] if later else None,
        look_again_at=min(
            (at for at in (later[0].due_at if later else None, _missing_at(known, now)) if at), default=None
        ),
    )


def moves_plan(before: Known, after: Known, *, now: datetime) -> bool:
    """Whether a review may find something to do because what was known of an item became something else.

    `before` was reviewed: what was to be held then is held. Days on which the place is shut move nothing by themselves.
    """
    if not (before.waits and after.waits and before.deadlines and after.deadlines and before.stay and after.stay):
        return True
    since, shut = after.stay.newest_at, after.deadlines.inputs
    plan = reminders(before.deadlines, since=since, sms_told=0)
    overdue, later = _parted(plan, now)
    return (
        before.stay.newest_at != since
        or replace(before.deadlines, inputs=shut) != after.deadlines
        or last_moment(before.deadlines) != last_moment(after.deadlines)
        or plan != reminders(after.deadlines, since=since, sms_told=0)
        or _on_open_days(overdue, later, before.deadlines.inputs.calendar, now)
        != _on_open_days(overdue, later, shut.calendar, now)
    )


def _parted(plan: Sequence[Reminder], now: datetime) -> tuple[list[Reminder], list[Reminder]]:
    """The last of those that are overdue, and those that come later."""
    overdue = [reminder for reminder in plan if reminder.due_at <= now]
    return overdue[-1:], list(plan[len(overdue) :])


def _is_untrue(notification: Notification, known: Known, due: Reminder | None, later: Sequence[Reminder]) -> bool:
    if notification.status not in WAITING:
        return False
    if untrue_because(notification, known):
        return True
    if not notification.waits_for_its_day:
        return False
    if due and due.step is notification.step:
        return notification.channel not in due.channels
    return not any(
        each.step is notification.step
        and each.due_at == notification.not_before
        and notification.channel in each.channels
        for each in later[:1]
    )


def untrue_because(reminder: Notification, known: Known) -> str | None:
    """Why a reminder that was planned is not to be sent any more, given what is known of its item; None when it is."""
    if not known.waits:
        return "collected" if known.picture.state == "delivered" else "superseded"
    return "terms_changed" if _is_moved(reminder, known) else None


def _reason(notification: Notification, known: Known) -> str:
    return untrue_because(notification, known) or "superseded"


def _is_moved(notification: Notification, known: Known) -> bool:
    return known.deadlines is None or notification.collect_by != known.deadlines.safe_collect_by


def _missing_at(known: Known, now: datetime) -> datetime | None:
    """When a second notice that is due will be missing; None when it came, is not due, or is missing already."""
    deadlines = known.deadlines
    if not known.waits or deadlines is None or deadlines.second_notice_on or not deadlines.second_notice_expected_on:
        return None
    overdue_on = second_notice_overdue_on(deadlines.second_notice_expected_on)
    missing_at = at_local(overdue_on, MORNING, deadlines.inputs.calendar.time_zone)
    return missing_at if missing_at > now else None
