"""Where an item waits and when it is open there; what to bring; where the paper notice should be."""

from collections.abc import Sequence
from datetime import date

from app.domain.event import Facility
from app.rendering.free_text import plain
from app.rendering.letter.parts import Draft, Section, capitalised
from app.rendering.notice import first_day, local_date_of
from app.rendering.opening_hours import Days, OpenDay, closed_spans, days_to_show, listed_days, never_closes
from app.rendering.words import PLACES


def place_of(draft: Draft) -> Facility | None:
    """Where the item waits, if that is a place with a name."""
    facility = draft.notice.facility
    return facility if facility is not None and plain(facility.name) else None


def place_in_a_line(facility: Facility) -> str:
    """Its name, street and town."""
    return ", ".join(part for part in (plain(facility.name), plain(facility.street or ""), _town(facility)) if part)


def where(draft: Draft, facility: Facility, *, until: date | None) -> Section:
    """The place, and when it is open where a list of days up to `until` would say nothing more."""
    notice, say = draft.notice, draft.say
    kind = PLACES.get(notice.place or "")
    lines = [capitalised(say(kind))] if kind else []
    lines += _address(facility)
    starts = notice.pickup.starts if notice.pickup else None
    if starts is not None and local_date_of(starts, notice.zone) >= draft.today:
        lines.append(say("Can be collected from: %(when)s", when=draft.full(starts)))
    lines += _briefly_open(draft, facility, _days(draft, until))
    return Section(title=say("Where"), headline=plain(facility.name), lines=tuple(lines))


def opening_hours(draft: Draft, facility: Facility, *, until: date | None) -> tuple[Section, ...]:
    """Its hours day by day up to `until`; nothing where they are unknown, or the same all day and night."""
    days = _days(draft, until)
    if never_closes(facility, days):
        return ()
    listed = listed_days(facility, days, draft.say, draft.notice.language)
    return (Section(title=draft.say("Opening hours, as given by the operator"), days=listed),) if listed else ()


def another_place(draft: Draft, title: str, facility: Facility, *, until: date | None) -> Section:
    """Any place with its hours day by day from today to `until`, under that title."""
    days = days_to_show(draft.today, until)
    listed = () if never_closes(facility, days) else listed_days(facility, days, draft.say, draft.notice.language)
    lines = (*_address(facility), *_briefly_open(draft, facility, days), *title_of_days(draft, listed))
    return Section(title=title, headline=plain(facility.name), lines=lines, days=listed)


def title_of_days(draft: Draft, listed: Sequence[OpenDay]) -> tuple[str, ...]:
    """What a list of days is, where it has no section of its own; nothing without a list."""
    return (f"{draft.say('Opening hours, as given by the operator')}:",) if listed else ()


def kind_of_place(draft: Draft) -> tuple[Section, ...]:
    """What is known of a place without a name: what kind of place it is, if anything."""
    kind = PLACES.get(draft.notice.place or "")
    return (Section(title=draft.say("Where"), headline=capitalised(draft.say(kind))),) if kind else ()


def what_to_bring(draft: Draft) -> Section:
    """What is asked for where the item waits, and whether somebody else may go."""
    notice, say = draft.notice, draft.say
    someone_else = say("Whether someone else may collect for you depends on the operator's terms.")
    lines: tuple[str, ...]
    match notice.place:
        case "locker":
            lines = (say("The locker opens with the pick-up code or the operator's app."), someone_else)
        case "po_box":
            lines = (say("Bring the key of your PO box."),)
        case _ if notice.kind == "notice_left" or notice.first_notice_at is not None:
            lines = (
                say("Bring an identity document with a photo, and the paper notice if you have it."),
                say("Without the notice, the number of the item helps."),
                say("Someone else may need your written authorisation. The place of pick-up can tell you which."),
            )
        case _:
            lines = (
                say("Bring an identity document with a photo, or the pick-up code if the operator sent you one."),
                someone_else,
            )
    return Section(title=say("What to bring, and who else may collect"), lines=lines)


def paper_notice(draft: Draft) -> tuple[Section, ...]:
    """Where the slip should be, and where to say that it is not; nothing where none was left."""
    notice, say = draft.notice, draft.say
    if notice.kind != "notice_left" and notice.first_notice_at is None and notice.second_notice_at is None:
        return ()
    if notice.paper_place not in (None, "letterbox"):
        expected = say("A paper notice should be at your address as well.")
    elif notice.ordinal > 1 or notice.second_notice_at is not None:
        expected = say("The repeat paper notice should be in your letterbox.")
    else:
        expected = say("The paper notice should be in your letterbox.")
    missing = say("It is not there? Say so on the page of this notice: we record the time.")
    to_page = say("Report that the paper notice is missing")
    return (Section(title=say("The paper notice"), lines=(expected, missing), to_page=to_page),)


def _address(facility: Facility) -> list[str]:
    return [line for line in (plain(facility.street or ""), _town(facility)) if line]


def _briefly_open(draft: Draft, facility: Facility, days: Days) -> list[str]:
    """When it is open, where a list of days would say nothing more, or cannot be made."""
    say = draft.say
    if never_closes(facility, days):
        return [say("Open round the clock.")]
    if not facility.hours and (spans := closed_spans(facility, days, say, draft.notice.language)):
        return [say("Closed, as announced by the operator: %(days)s", days=spans)]
    return []


def _days(draft: Draft, until: date | None) -> Days:
    return days_to_show(max(first_day(draft.notice), draft.today), until)


def _town(facility: Facility) -> str:
    return " ".join(part for part in (plain(facility.post_code or ""), plain(facility.city or "")) if part)
