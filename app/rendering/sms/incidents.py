"""SMS about what went wrong with one item: what happened, what to do until when, and when more is known."""

from collections.abc import Mapping

from app.rendering.catalog import marked
from app.rendering.notice import Notice
from app.rendering.sms.fitting import Draft
from app.rendering.sms.reports import report
from app.rendering.sms.voice import Voice
from app.rendering.words import ADDRESS_PROBLEMS, DAMAGES, DELAY_REASONS, SEVERITIES


def delayed(notice: Notice, voice: Voice) -> Draft:
    """It comes later; when, or that nobody knows, and why."""
    say, then, lead = voice.say, notice.new_eta, marked("AWIZO: the operator reports a delay: %(item)s")
    expected = (
        say("New date, per operator: %(date)s.", date=voice.when(then, notice.zone))
        if then
        else say("The operator has given no new date.")
    )
    return report(lead, None, (expected, _reason(DELAY_REASONS, notice, voice)), notice, voice)


def damaged(notice: Notice, voice: Voice) -> Draft:
    """It was damaged, or something of it is missing."""
    say, lead = voice.say, marked("AWIZO: the operator reports damage: %(item)s")
    severity, found = SEVERITIES.get(notice.severity or ""), DAMAGES.get(notice.reason or "")
    more = (
        say("Damage, per operator: %(how)s.", how=say(severity)) if severity else "",
        say("Per operator: %(what)s.", what=say(found)) if found else "",
        _what_to_do(notice, voice),
        say("We keep a record of this report."),
    )
    return report(lead, notice.happened_on, more, notice, voice)


def lost(notice: Notice, voice: Voice) -> Draft:
    """It cannot be found."""
    say, lead = voice.say, marked("AWIZO: the operator reports a loss: %(item)s")
    more = (_what_to_do(notice, voice), say("We keep a record of this report."))
    return report(lead, notice.happened_on, more, notice, voice)


def address_problem(notice: Notice, voice: Voice) -> Draft:
    """The address does not do; until when the operator waits to hear, and why."""
    lead = marked("AWIZO: the operator reports a problem with the address: %(item)s")
    more = (_what_to_do(notice, voice), _reason(ADDRESS_PROBLEMS, notice, voice))
    return report(lead, None, more, notice, voice)


def item_held(notice: Notice, voice: Voice) -> Draft:
    """The operator keeps it for now. Why is nobody's business on a lock screen."""
    lead = marked("AWIZO: the operator keeps it for now: %(item)s")
    return report(lead, notice.happened_on, (_what_to_do(notice, voice),), notice, voice)


def _reason(known: Mapping[str, str], notice: Notice, voice: Voice) -> str:
    say, reason = voice.say, known.get(notice.reason or "")
    return say("Reason: %(reason)s.", reason=say(reason)) if reason else ""


def _what_to_do(notice: Notice, voice: Voice) -> str:
    say, until = voice.say, notice.action_until
    if until is None:
        return say("The operator has the details.")
    return say("The operator expects word from you by %(date)s.", date=voice.when(until, notice.zone))
