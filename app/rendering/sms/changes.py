"""SMS about news that changes earlier news: other terms, a time that has passed, and what was taken back."""

from app.rendering.catalog import marked
from app.rendering.notice import Notice
from app.rendering.sms.fitting import Draft
from app.rendering.sms.items import named
from app.rendering.sms.places import deadline, place_of, still_handed_out
from app.rendering.sms.reports import report
from app.rendering.sms.voice import Voice
from app.rendering.words import CHANGES, DELIVERING_CHANGES, MODES, NEWS


def terms_changed(notice: Notice, voice: Voice) -> Draft:
    """Another place, time or way; the terms as they are now, where it is to be collected and they are known."""
    say, change = voice.say, CHANGES.get(notice.change or "")
    collected = notice.change not in DELIVERING_CHANGES
    place = place_of(notice, voice) if collected else None

    items = named(notice, voice)
    changes = [say("AWIZO change (%(change)s): %(item)s", change=say(change), item=item) for item in items if change]
    bare = [say("AWIZO change: %(item)s", item=item) for item in items]
    return Draft(
        lead=str,
        items=changes or bare,
        barest=bare[-1],
        place=place,
        joint=f". {say('Place')}: ",
        facts=(deadline(notice, voice) if collected else "",),
        asides=(_next_date(notice, voice), "" if place else say("The operator has the details.")),
        closing=(say("No links, no fees."),),
    )


def pickup_expired(notice: Notice, voice: Voice) -> Draft:
    """The time to collect has passed; until when, and where, it can be had all the same."""
    say, chance = voice.say, still_handed_out(notice, voice)
    place = place_of(notice, voice) if chance else None
    return Draft(
        lead=lambda item: say("AWIZO: the time to collect has passed: %(item)s", item=item),
        items=named(notice, voice),
        place=place,
        joint=f". {chance}: ",
        facts=(f"{chance}." if chance and place is None else "",),
        asides=(say("The operator has the details."),),
        closing=(say("No links, no fees."),),
    )


def corrected(notice: Notice, voice: Voice) -> Draft:
    """What was told before is not so; where the item waits, if it does."""
    # Only of what waits is there a safe day.
    return _waits_after_all(notice, voice) if notice.collect_by is not None else _no_longer_holds(notice, voice)


def _waits_after_all(notice: Notice, voice: Voice) -> Draft:
    say, place = voice.say, place_of(notice, voice)
    return Draft(
        lead=lambda item: say("AWIZO correction: %(item)s is waiting", item=item),
        items=named(notice, voice),
        place=place,
        facts=(deadline(notice, voice),),
        asides=("" if place else say("The operator has the details."), _taken_back(notice, voice)),
        closing=(say("No links, no fees."),),
    )


def _no_longer_holds(notice: Notice, voice: Voice) -> Draft:
    say = voice.say
    mode = MODES.get(notice.handover.mode or "") if notice.handover else None
    lead = (
        marked("AWIZO corrects an earlier message: %(item)s")
        if notice.replaced
        else marked("AWIZO takes back an earlier message: %(item)s")
    )
    more = (
        say("Now reported: %(how)s.", how=say(mode)) if mode else "",
        _taken_back(notice, voice),
        say("The operator has the details."),
    )
    return report(lead, None, more, notice, voice)


def _taken_back(notice: Notice, voice: Voice) -> str:
    say, news = voice.say, NEWS.get(notice.corrected or "")
    if news is None:
        return ""
    if notice.replaced:
        return say('The operator corrected: "%(news)s".', news=say(news))
    return say('The operator withdrew: "%(news)s".', news=say(news))


def _next_date(notice: Notice, voice: Voice) -> str:
    """When it comes now, as the operator plans it."""
    say, then = voice.say, notice.next_attempt or notice.new_eta
    return say("New date, per operator: %(date)s.", date=voice.when(then, notice.zone)) if then else ""
