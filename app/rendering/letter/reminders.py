"""Letters that come by themselves: an item still waits, or its last safe day is near."""

from datetime import timedelta

from app.rendering.letter.parts import Draft, Letter, items
from app.rendering.letter.place import paper_notice, place_in_a_line, place_of
from app.rendering.letter.term import day_of_subject, safe_day
from app.rendering.letter.waiting import collecting
from app.rendering.words import counted_items


def reminder(draft: Draft) -> Letter:
    """The item, or several at one place, are still there."""
    return _letter(draft, _subject(draft), _heading(draft), soon=False)


def last_day(draft: Draft) -> Letter:
    """The last safe day is tomorrow, today, or on its date; a reminder where there is none (any more)."""
    say, safe, what = draft.say, safe_day(draft.notice), _what(draft)
    if safe is None:
        return reminder(draft)
    date = draft.day_in_sentence(safe)
    if safe == draft.today + timedelta(days=1):
        heading = say("Tomorrow is the last safe day for collecting: %(item)s", item=what)
        subject = say("Tomorrow, %(date)s: last safe day for collecting: %(item)s", item=what, date=date)
    elif safe == draft.today:
        heading = say("Today is the last safe day for collecting: %(item)s", item=what)
        subject = say("Today, %(date)s: last safe day for collecting: %(item)s", item=what, date=date)
    else:
        heading = say("The last safe day for collecting is %(date)s: %(item)s", item=what, date=date)
        subject = say("Last safe day for collecting: %(date)s – %(item)s", item=what, date=date)
    return _letter(draft, subject, heading, soon=True)


def _letter(draft: Draft, subject: str, heading: str, *, soon: bool) -> Letter:
    say, facility = draft.say, place_of(draft)
    return draft.letter(
        subject=subject,
        preheader=place_in_a_line(facility) if facility else say("Source: %(operator)s.", operator=draft.operator),
        heading=heading,
        lead=" ".join(
            (
                say("We have no report of collection so far."),
                say("Source: %(operator)s.", operator=draft.operator),
                say("Collected already? Then there is nothing to do."),
            )
        ),
        sections=(*items(draft), *collecting(draft, soon=soon), *paper_notice(draft)),
    )


def _subject(draft: Draft) -> str:
    say, day = draft.say, day_of_subject(draft)
    if day:
        return say("Reminder: %(item)s – collect by %(date)s", item=_what(draft), date=day)
    return say("Reminder of %(date)s: %(item)s", item=_what(draft), date=draft.day_in_sentence(draft.today))


def _heading(draft: Draft) -> str:
    say, others = draft.say, draft.notice.others
    if not others:
        return say("Still waiting for you: %(service)s", service=draft.service)
    return say.plural(
        "%(count)s item is still waiting for you", "%(count)s items are still waiting for you", 1 + len(others)
    )


def _what(draft: Draft) -> str:
    others = draft.notice.others
    return counted_items(1 + len(others), draft.say) if others else draft.service
