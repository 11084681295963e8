"""Until what hour an item can be had on a day: the one place where hours, outages and the operator's moment meet."""

from datetime import date, datetime

from app.domain.calendar import end_of_day
from app.domain.event import Facility
from app.domain.facility_calendar import ALWAYS_OPEN, FacilityCalendar, calendar_of
from app.rendering.dates import is_at_an_end
from app.rendering.notice import Notice, local_date_of


def goes_at(notice: Notice, day: date) -> datetime | None:
    """The operator's last moment, where it counts hours and they end on that local day."""
    until = notice.until
    return until if isinstance(until, datetime) and local_date_of(until, notice.zone) == day else None


def last_moment_on(notice: Notice, day: date) -> datetime | None:
    """The last moment of that local day at which the item can be had, as far as known.

    None where nothing ends before the day does, or nothing is known. Where the place does not open before the item
    goes, the operator's own moment.
    """
    own = goes_at(notice, day)
    calendar = _known_hours(notice.facility) if notice.facility else None
    if calendar is None or is_at_an_end(day):
        return own
    last = calendar.open_until(day, until=own) or own
    return own if last == end_of_day(day, calendar.time_zone) else last


def _known_hours(facility: Facility) -> FacilityCalendar | None:
    """Where the operator gave no hours only outages are known."""
    if facility.hours:
        return calendar_of(facility)
    return FacilityCalendar(hours=ALWAYS_OPEN, outages=facility.outages) if facility.outages else None
