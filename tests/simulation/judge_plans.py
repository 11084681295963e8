"""What the judge asks of reminders: none too many, none on a wrong day, none missing, one for all items at a place."""

from collections import defaultdict
from datetime import datetime, timedelta

from tests.simulation.books import Row
from tests.simulation.hearing import Item, Standing
from tests.simulation.judge import HOUR, Court, Told, hours, local_day
from tests.simulation.parcels import WARSAW
from tests.simulation.people import Person
from tests.simulation.second_plan import Days, Step, days_of, is_open, is_quiet, steps, wants_sms

_WORKED = timedelta(minutes=30)
_MORNING = 10
_FINAL = {"sent", "delivered", "failed", "expired", "cancelled", "suppressed"}


def judge_plans(court: Court) -> None:
    """Every reminder that was sent, and every one that should have been."""
    for told in court.told:
        if told.is_reminder:
            _reminder(court, told)
    _merging(court)
    people = {(each.operator, each.name): each for each in court.story.people}
    noted = {(number, code) for number, code in court.books.anomalies}
    for item in court.items.values():
        for since, until in _epochs(item):
            where = court.standing(item.number, since + timedelta(milliseconds=1))
            if where is not None and where.waits:
                person = people[item.operator, item.recipient]
                _demands(court, item, person, where, since, until)
                if (item.number, "second_notice_missing") not in noted:
                    _missing_notice(court, item, where, since, until)


def judge_books(court: Court) -> None:
    """Each message that the books call sent left once, and nothing is left open."""
    left = {told.sent.notification for told in (*court.told, *court.of_incidents)}
    for row in court.books.rows.values():
        if row.status not in _FINAL:
            court.verdict.fault("open_end", f"{row.kind} of {row.shipment} by {row.channel} is {row.status}")
        if (row.status in {"sent", "delivered"}) != (row.id in left):
            court.verdict.fault("books", f"{row.kind} of {row.shipment} by {row.channel} is {row.status}")


def _reminder(court: Court, told: Told) -> None:
    for number in told.numbers:
        where = court.standing(number, told.at)
        if where is None or not where.waits:
            court.verdict.fault("not_waiting", f"{told}: {number}")
    where = court.standing(told.numbers[0], told.at)
    if where is None or not where.waits:
        return
    due = _due(court, told, where)
    if due is None:
        court.verdict.fault("unasked", f"{told}: {told.row.step}")
        return
    heard = _last_heard(court, told)
    if told.at - due > _WORKED:
        because = "a person's own quiet hours"
        if court.stood(due):
            because = "a worker that stood still"
        elif heard > due:
            because = "news that came when it was over: an event that was late, or one that was taken back"
        court.verdict.apart[f"reminder shifted by {because}"] += 1
    if not is_open(where, local_day(told.at)):
        if told.sent.channel == "sms" and is_quiet(told.person.quiet, told.at - HOUR):
            court.verdict.apart["of these, moved by quiet hours onto a day on which the place is closed"] += 1
        else:
            court.verdict.fault("closed_day", str(told))


def _due(court: Court, told: Told, where: Standing) -> datetime | None:
    """When the reminder was due, if it left as soon as it could after that, or after all that it tells was known."""
    heard = _last_heard(court, told)
    for day in {local_day(heard), where.first or local_day(heard)}:
        for step in steps(where, day):
            is_over = step.kind == told.row.kind and step.due - _WORKED < told.at
            waited = hours(max(step.due, heard), told.at)
            if is_over and all(_idle(court, where, step, hour, told.person, told.sent.channel) for hour in waited):
                return step.due
    return None


def _idle(court: Court, where: Standing, step: Step, hour: datetime, person: Person, channel: str) -> bool:
    """Whether the reminder could not leave then: nothing could, or the place had not opened on a day again since."""
    if court.idle(hour, person, channel):
        return True
    there = hour.astimezone(WARSAW)
    return there.date() > local_day(step.due) and (not is_open(where, there.date()) or there.hour < _MORNING)


def _last_heard(court: Court, told: Told) -> datetime:
    return max(at for at in court.items[told.numbers[0]].moments if at < told.at)


def _merging(court: Court) -> None:
    by_hour: dict[tuple[object, ...], list[Told]] = defaultdict(list)
    by_day: dict[tuple[object, ...], set[datetime]] = defaultdict(set)
    for told in court.told:
        where = court.standing(told.numbers[0], told.at) if told.is_reminder else None
        if where is not None and where.office:
            hour = told.at.replace(minute=0, second=0, microsecond=0)
            by_hour[told.sent.to, told.row.kind, where.office, hour].append(told)
            by_day[told.sent.to, where.office, local_day(told.at)].add(hour)
    for together in by_hour.values():
        if len(together) > 1 and len({_decided(court, each) for each in together}) == len(together):
            court.verdict.apart["reminders of one hour that were ready to leave at different ones"] += len(together)
        elif len(together) > 1:
            court.verdict.fault("unmerged", "; ".join(str(each) for each in together))
    twice = sum(1 for hours_of_day in by_day.values() if len(hours_of_day) > 1)
    court.verdict.apart["days with one reminder in the morning and another, of another item, in the afternoon"] += twice


def _decided(court: Court, told: Told) -> datetime | None:
    """The hour at which a reminder was ready to leave, be it that it was quiet then."""
    where = court.standing(told.numbers[0], told.at)
    due = _due(court, told, where) if where is not None else None
    at = max(due, _last_heard(court, told)) if due else None
    while at is not None and court.stood(at):
        at += HOUR
    return at.replace(minute=0, second=0, microsecond=0) if at else None


def _epochs(item: Item) -> list[tuple[datetime, datetime]]:
    """The stretches between hearing something of an item; the last one has no end."""
    at = item.moments
    return list(zip(at, [*at[1:], at[-1] + timedelta(days=400)], strict=True))


def _demands(court: Court, item: Item, person: Person, where: Standing, since: datetime, until: datetime) -> None:
    as_of = local_day(since)
    days = days_of(where, as_of)
    for step in steps(where, as_of):
        if since < step.due < until - _WORKED and days.last_moment and step.due < days.last_moment:
            for channel, to in _contacts(person):
                if not person.agreed(channel, "delivery"):
                    continue
                if channel == "sms" and not wants_sms(step, days, _sms_about(court, item, to, step.due)):
                    continue
                _demand(court, item, person, where, step, days, (channel, to), until)


def _contacts(person: Person) -> list[tuple[str, str]]:
    return [*(("sms", phone) for phone in person.phones), *([("email", person.email)] if person.email else [])]


def _sms_about(court: Court, item: Item, phone: str, before: datetime) -> int:
    return sum(
        1
        for told in court.about(item.number)
        if told.sent.to == phone and told.purpose == "delivery" and _was_meant(told, before)
    )


def _was_meant(told: Told, before: datetime) -> bool:
    """Whether it was sent before that moment or, being news, waited to be."""
    return (told.at if told.is_reminder else told.row.created_at) < before


def _demand(
    court: Court,
    item: Item,
    person: Person,
    where: Standing,
    step: Step,
    days: Days,
    contact: tuple[str, str],
    until: datetime,
) -> None:
    channel, to = contact
    leaves_at = _leaves_at(court, where, step, days, person, channel)
    if leaves_at is None or leaves_at >= until:
        court.verdict.apart["reminder overtaken while it could not leave"] += 1
        return
    told = [each for each in court.about(item.number) if each.sent.to == to and each.row.kind == step.kind]
    if any(step.due - _WORKED < each.at < leaves_at + _WORKED + HOUR for each in told):
        court.verdict.apart["reminders demanded, and sent"] += 1
    elif any(each.row.step == step.name and each.row.collect_by == days.safe for each in told if each.at < step.due):
        court.verdict.apart["reminders demanded, and sent before"] += 1
    else:
        rows = [_said(row) for row in court.books.rows.values() if row.shipment == item.number and row.step]
        court.verdict.fault(
            "missing", f"{step.name} of {item.number} by {channel}, due {step.due:%a %Y-%m-%d %H:%M}: {'; '.join(rows)}"
        )


def _said(row: Row) -> str:
    return f"{row.step} {row.channel} {row.status} {row.reason or ''} {row.created_at:%m-%d %H}"


def _leaves_at(court: Court, where: Standing, step: Step, days: Days, person: Person, channel: str) -> datetime | None:
    """When it must have left at the latest; None when it became untrue meanwhile, or another took its place."""
    now = step.due
    while _idle(court, where, step, now, person, channel):
        if not court.stood(now) and days.last_moment and _waits_too_long(person, now, days.last_moment):
            return now
        now += HOUR
        if days.last_moment is None or now >= days.last_moment:
            return None
    was_stopped = any(court.stood(step.due + HOUR * n) for n in range(int((now - step.due) / HOUR) + 1))
    next_is_due = step.name != "last_day" and was_stopped and now - step.due > timedelta(hours=20)
    return None if next_is_due else now


def _waits_too_long(person: Person, now: datetime, last_moment: datetime) -> bool:
    """Whether quiet hours last until the last moment to collect, so that they are not waited for."""
    while is_quiet(person.quiet, now) and now < last_moment:
        now += timedelta(minutes=15)
    return now >= last_moment


def _missing_notice(court: Court, item: Item, where: Standing, since: datetime, until: datetime) -> None:
    missing_from = days_of(where, local_day(since)).missing_from
    if missing_from is None:
        return
    noticed = datetime(missing_from.year, missing_from.month, missing_from.day, 10, tzinfo=WARSAW)
    while court.stood(noticed):
        noticed += HOUR
    if since < noticed < until - HOUR:
        court.verdict.fault("missing_anomaly", f"{item.number}: since {missing_from}")
