"""Until when an item can be collected: the last safe day, as computed, and the operator's own day."""

from datetime import date

from app.rendering.dates import clock, full_date, local
from app.rendering.last_hour import goes_at, last_moment_on
from app.rendering.letter.parts import Draft, Section
from app.rendering.notice import Notice, local_date_of


def safe_day(notice: Notice) -> date | None:
    """The safe day; None where there is none, or where the operator's day has come to lie before it."""
    own = operators_day(notice)
    return notice.collect_by if notice.collect_by and (own is None or own >= notice.collect_by) else None


def operators_day(notice: Notice) -> date | None:
    """The operator's last local day."""
    return local_date_of(notice.until, notice.zone) if notice.until is not None else None


def last_day(notice: Notice) -> date | None:
    """The day that a message shows: the safe one, else the operator's."""
    return safe_day(notice) or operators_day(notice)


def day_of_subject(draft: Draft) -> str:
    """That day as a subject or preheader says it, and whose it is where it is not ours; empty when there is none."""
    day = last_day(draft.notice)
    if day is None:
        return ""
    shown = draft.day_in_sentence(day)
    return shown if safe_day(draft.notice) else draft.say("%(date)s, per the operator", date=shown)


def until_when(draft: Draft, *, soon: bool = False) -> tuple[Section, ...]:
    """The safe day and the operator's, why they may differ; the operator's alone where there is no safe one."""
    notice, say = draft.notice, draft.say
    safe = safe_day(notice)
    if safe is None:
        return _operators_alone(draft, soon=soon)
    own = operators_day(notice)
    headline = full_date(safe, notice.language)
    if own is None:
        lines = [
            say(
                "It is the last day on which the place is open and collecting is not too late, "
                "however days are counted."
            )
        ]
    elif own > safe:
        lines = [
            say("The operator's own last day: %(when)s", when=_operators_moment(draft)),
            say(
                "The safe day can be earlier: it is the last day on which the place is open and collecting is not too "
                "late, however days are counted."
            ),
        ]
    elif (last := last_moment_on(notice, safe)) and goes_at(notice, safe):
        headline = say("%(date)s, until %(time)s", date=headline, time=clock(local(last, notice.zone).time()))
        if last == notice.until:
            lines = [say("The operator gave this day and time.")]
        else:
            lines = [say("The operator's own last day: %(when)s", when=_operators_moment(draft))]
    else:
        lines = [say("The operator gave the same day.")]
    return (Section(title=say("Last safe day for collecting"), headline=headline, lines=tuple(lines), soon=soon),)


def _operators_alone(draft: Draft, *, soon: bool) -> tuple[Section, ...]:
    if draft.notice.until is None:
        return ()
    return (
        Section(
            title=draft.say("Until when, per the operator"),
            headline=_operators_moment(draft),
            lines=(draft.say("This is the operator's date. We have not calculated it."),),
            soon=soon,
        ),
    )


def _operators_moment(draft: Draft) -> str:
    until = draft.notice.until
    return draft.full(until) if until is not None else ""
