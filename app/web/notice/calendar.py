"""The last safe day as a file for the reader's own calendar (iCalendar, RFC 5545)."""

from datetime import date, datetime, timedelta
from uuid import UUID

from icalendar import TRANSP, Alarm, Calendar, Event

from app.rendering.catalog import Say

MEDIA_TYPE = "text/calendar; charset=utf-8"
# Seven hours before the day begins: at 17:00 of the day before, by whatever clock the reader's device shows.
ALARM_BEFORE = timedelta(hours=-7)
_MAKER = "-//awizo//notice//EN"


def calendar_file(*, uid: UUID, day: date, place: str, say: Say, now: datetime) -> bytes:
    """One entry for the whole of `day`, with an alarm on the day before, 17:00.

    Calendars are shown to others, on locked screens, too: neither the number nor the kind of the item stands in it,
    nor any link. A file of the same `uid` replaces the entry of an earlier one.
    """
    summary = say("Last safe day for collecting")
    alarm = Alarm.new(description=summary)
    alarm.add("action", "DISPLAY")
    alarm.TRIGGER = ALARM_BEFORE
    entry = Event.new(
        uid=uid,
        stamp=now,
        start=day,
        end=day + timedelta(days=1),
        summary=summary,
        description=say("What waits, and the opening hours, are in the e-mail."),
        location=place or None,
        transparency=TRANSP.TRANSPARENT,
        sequence=int(now.timestamp()) // 60,
        subcomponents=[alarm],
    )
    whole = Calendar.new(prodid=_MAKER, method="PUBLISH", uid=uid, subcomponents=[entry])
    return bytes(whole.to_ical())
