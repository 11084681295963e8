"""Letters about an item that has come to wait: a paper notice was left, or it can be collected."""

from app.domain.event import Facility
from app.rendering.letter.parts import Draft, Letter, Section, capitalised, items
from app.rendering.letter.place import opening_hours, paper_notice, place_in_a_line, place_of, what_to_bring, where
from app.rendering.letter.term import day_of_subject, last_day, until_when


def notice_left(draft: Draft) -> Letter:
    """A first or a repeat paper notice."""
    say, service = draft.say, draft.service
    if draft.notice.ordinal > 1:
        heading = say("Still waiting for you: %(service)s", service=service)
        lead = say(
            "%(operator)s reports: a repeat notice was left on %(when)s.", operator=draft.operator, when=draft.happened
        )
    else:
        heading = say("Waiting for you: %(service)s", service=service)
        lead = say("%(operator)s reports: a notice was left on %(when)s.", operator=draft.operator, when=draft.happened)
    return draft.letter(
        subject=_subject(draft),
        preheader=place_and_day(draft),
        heading=heading,
        lead=lead,
        sections=(*items(draft), *collecting(draft), *paper_notice(draft)),
    )


def ready_for_pickup(draft: Draft) -> Letter:
    """The item is really there."""
    say = draft.say
    service = capitalised(draft.service)
    day = day_of_subject(draft)
    return draft.letter(
        subject=say("%(service)s: collect by %(date)s", date=day, service=service)
        if day
        else say("%(service)s: can be collected (reported on %(date)s)", date=draft.happened_on, service=service),
        preheader=place_and_day(draft),
        heading=say("Ready for you to collect: %(service)s", service=draft.service),
        lead=say(
            "%(operator)s reports that it can be collected. Reported: %(when)s.",
            operator=draft.operator,
            when=draft.happened,
        ),
        sections=(*items(draft), *collecting(draft)),
    )


def collecting(draft: Draft, *, soon: bool = False) -> tuple[Section, ...]:
    """Where, until when, at which hours, and what to bring; without a known place only until when."""
    facility = place_of(draft)
    if facility is None:
        return until_when(draft, soon=soon)
    last = last_day(draft.notice)
    return (
        where(draft, facility, until=last),
        *until_when(draft, soon=soon),
        *opening_hours(draft, facility, until=last),
        what_to_bring(draft),
    )


def place_and_day(draft: Draft) -> str:
    """What a list of messages shows beside the subject: the place and the day, as far as known."""
    facility = place_of(draft)
    return _place_and_day(draft, facility) if facility else draft.say("Reported: %(when)s.", when=draft.happened)


def _place_and_day(draft: Draft, facility: Facility) -> str:
    place, day = place_in_a_line(facility), day_of_subject(draft)
    return draft.say("%(place)s – by %(date)s", place=place, date=day) if day else place


def _subject(draft: Draft) -> str:
    say, service, day = draft.say, draft.service, day_of_subject(draft)
    if draft.notice.ordinal > 1:
        if day:
            return say("Repeat notice: %(service)s – collect by %(date)s", service=service, date=day)
        return say("Repeat notice of %(date)s: %(service)s", service=service, date=draft.happened_on)
    if day:
        return say("Notice: %(service)s – collect by %(date)s", service=service, date=day)
    return say("Notice of %(date)s: %(service)s", service=service, date=draft.happened_on)
