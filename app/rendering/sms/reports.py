"""SMS about what an operator reports of an item that does not wait."""

from collections.abc import Sequence
from datetime import date, datetime

from app.domain.event import Window
from app.rendering.catalog import marked
from app.rendering.dates import clock, local
from app.rendering.notice import Notice
from app.rendering.sms.fitting import Draft
from app.rendering.sms.items import named, named_on
from app.rendering.sms.places import deadline, still_handed_out
from app.rendering.sms.voice import Voice
from app.rendering.words import COLLECTED


def report(lead: str, happened: date | datetime | None, more: Sequence[str], notice: Notice, voice: Voice) -> Draft:
    """What is reported of an item, when it `happened`, and what more there is to say, the most important first.

    `lead` is a message with an %(item)s.
    """
    say = voice.say
    return Draft(
        lead=lambda item: say(lead, item=item),
        items=named_on(voice.when(happened, notice.zone), notice, voice) if happened else named(notice, voice),
        asides=[sentence for sentence in more if sentence],
        closing=(say("No links, no fees."),),
    )


def out_for_delivery(notice: Notice, voice: Voice) -> Draft:
    """It is with the courier; the hours, if the operator gives any."""
    say, window = voice.say, notice.window
    hours = say("Hours, per operator: %(hours)s.", hours=_hours(window, notice, voice)) if window else ""
    lead = marked("AWIZO: the operator handed it to the courier: %(item)s")
    return report(lead, notice.happened_on, (hours,), notice, voice)


def attempt_failed(notice: Notice, voice: Voice) -> Draft:
    """It could not be handed over; when the next attempt is, if known."""
    say, then = voice.say, notice.next_attempt
    following = say("Next attempt, per operator: %(date)s.", date=voice.when(then, notice.zone)) if then else ""
    lead = marked("AWIZO: the operator reports a failed attempt: %(item)s")
    return report(lead, notice.happened_at, (following, say("The operator has the details.")), notice, voice)


def delivered(notice: Notice, voice: Voice) -> Draft:
    """It was handed over or collected, and whom to ask if that was not you."""
    say, handover = voice.say, notice.handover
    collected = handover is not None and handover.mode in COLLECTED
    lead = (
        marked("AWIZO: the operator reports collection: %(item)s")
        if collected
        else marked("AWIZO: the operator reports delivery: %(item)s")
    )
    return report(lead, notice.happened_at, (say("Not you? Ask the operator."),), notice, voice)


def refused(notice: Notice, voice: Voice) -> Draft:
    """It was not accepted, and whom to ask if that was not you."""
    say, lead = voice.say, marked("AWIZO: the operator reports a refusal: %(item)s")
    more = (_chance(notice, voice), say("Not you? Ask the operator."))
    return report(lead, notice.happened_at, more, notice, voice)


def returned(notice: Notice, voice: Voice) -> Draft:
    """It goes back to the sender; until when it can be had all the same."""
    say, lead = voice.say, marked("AWIZO: the operator reports a return to the sender: %(item)s")
    more = (_chance(notice, voice), say("The operator has the details."))
    return report(lead, notice.happened_on, more, notice, voice)


def news(notice: Notice, voice: Voice) -> Draft:
    """Something that has no words of its own."""
    say, lead = voice.say, marked("AWIZO: news from the operator: %(item)s")
    more = (deadline(notice, voice) if notice.collect_by else "", say("The operator has the details."))
    return report(lead, None, more, notice, voice)


def _chance(notice: Notice, voice: Voice) -> str:
    chance = still_handed_out(notice, voice)
    return f"{chance}." if chance else ""


def _hours(window: Window, notice: Notice, voice: Voice) -> str:
    """`12:00-15:00`, with the days where they are not all the day of the news."""
    starts, until = local(window.starts, notice.zone), local(window.until, notice.zone)
    if starts.date() == until.date() == notice.happened_on:
        return f"{clock(starts.time())}-{clock(until.time())}"
    if starts.date() == until.date():
        return f"{voice.when(starts, notice.zone)}-{clock(until.time())}"
    return f"{voice.when(starts, notice.zone)} - {voice.when(until, notice.zone)}"
