"""Incidents of an area, a facility or a whole operator: what they touch, and until when. Pure."""

from datetime import date, datetime, time

from app.domain.calendar import at_local, end_of_day

# Whoever is told of one of these may be told that it is over.
CLOSING_KIND = "facility_unavailable"
ENDING_KIND = "resolved"


def area_code(post_code: str) -> str:
    """A post code, or a `*` area of them, as it is compared: `03729` for `03-729`, `037*` for `03-7*`."""
    return "".join(each for each in post_code.upper() if each.isalnum() or each == "*")


def areas_of(post_code: str) -> tuple[str, ...]:
    """Every area that this post code lies in: itself, and each beginning of it with a `*`, the longest first."""
    code = area_code(post_code)
    return (code, *(f"{code[:length]}*" for length in range(len(code), 0, -1))) if code else ()


def first_moment(moment: date | datetime) -> datetime:
    """When what begins on that local day, or at that moment, begins."""
    return moment if isinstance(moment, datetime) else at_local(moment, time())


def last_moment(moment: date | datetime) -> datetime:
    """When what lasts until that local day, that day included, or until that moment, ends."""
    return moment if isinstance(moment, datetime) else end_of_day(moment)
