"""SMS about what waits to be collected: the first and the repeat notice, what is ready, and reminders."""

from collections.abc import Sequence
from datetime import date, timedelta

from app.rendering.catalog import marked
from app.rendering.notice import Notice
from app.rendering.sms.fitting import Draft, Place
from app.rendering.sms.items import item_collected, items_to_collect, items_waiting, named
from app.rendering.sms.places import deadline, last_safe_day, place_of, place_on
from app.rendering.sms.voice import Voice

_REPEAT = 2

_FIRST = marked("AWIZO: %(item)s is waiting")
_AGAIN = marked("AWIZO repeat notice: %(item)s is still waiting")
_READY = {
    "locker": marked("AWIZO: %(item)s is waiting in the parcel locker"),
    "point": marked("AWIZO: %(item)s is waiting at the collection point"),
    "branch": marked("AWIZO: %(item)s is waiting at the branch"),
    "po_box": marked("AWIZO: %(item)s is waiting in the PO box"),
}
_READY_ANYWHERE = marked("AWIZO: %(item)s can be collected")


def notice_left(notice: Notice, voice: Voice) -> Draft:
    """A paper notice was left; the repeat says that it is one."""
    say, place = voice.say, place_of(notice, voice)
    first = notice.ordinal < _REPEAT
    lead = _FIRST if first else _AGAIN
    usual = say("No links, no fees.")
    return Draft(
        lead=lambda item: say(lead, item=item),
        items=named(notice, voice),
        place=place,
        facts=(deadline(notice, voice) if first else last_safe_day(notice, voice),),
        brief=(deadline(notice, voice),),
        extras=(say("Bring ID."), *_details(place, voice)) if first else _details(place, voice),
        closing=(say("We send no links, ask no fees."), usual) if first else (usual,),
    )


def ready_for_pickup(notice: Notice, voice: Voice) -> Draft:
    """The item is really there now."""
    say, place = voice.say, place_of(notice, voice)
    lead, items = _READY.get(notice.place or "", _READY_ANYWHERE), named(notice, voice)
    return Draft(
        lead=str,
        items=[say(lead, item=item) for item in items],
        barest=say(_FIRST, item=items[-1]),
        place=place,
        facts=(deadline(notice, voice),),
        extras=_details(place, voice),
        closing=(say("No links, no fees."),),
    )


def reminder(notice: Notice, voice: Voice) -> Draft:
    """It still waits, or several items do."""
    say, place, waiting = voice.say, place_of(notice, voice), items_waiting(notice, voice)
    return Draft(
        lead=str,
        items=waiting[:-1] or waiting,
        barest=waiting[-1],
        place=place,
        facts=(last_safe_day(notice, voice),),
        brief=(deadline(notice, voice),),
        asides=(*_details(place, voice), _already(notice, voice)),
        closing=(say("No links, no fees."),),
    )


def last_day(notice: Notice, voice: Voice) -> Draft:
    """Tomorrow, or whenever it is, is the last safe day; without such a day it is a reminder."""
    day = notice.collect_by
    if day is None:
        return reminder(notice, voice)
    say, place, items = voice.say, place_on(day, notice, voice), items_to_collect(notice, voice)
    return Draft(
        lead=lambda item: _is_last(day, item, notice, voice),
        items=items[:-1] or items,
        barest=items[-1],
        place=place,
        asides=(*_details(place, voice), _already(notice, voice)),
        closing=(say("No links, no fees."),),
    )


def _is_last(day: date, item: str, notice: Notice, voice: Voice) -> str:
    say, told_on = voice.say, notice.told_on
    if told_on == day:
        return say("AWIZO: today (%(day)s) is the last day to collect %(item)s", day=voice.short_date(day), item=item)
    if told_on == day - timedelta(days=1):
        return say(
            "AWIZO: tomorrow (%(day)s) is the last day to collect %(item)s", day=voice.short_date(day), item=item
        )
    return say("AWIZO: %(date)s is the last day to collect %(item)s", date=voice.weekday_date(day), item=item)


def _already(notice: Notice, voice: Voice) -> str:
    """What to do for whom has it already; of several items it says nothing, their numbers matter more."""
    say = voice.say
    if notice.others:
        return ""
    return say("Got %(item)s? Ignore this.", item=item_collected(notice, voice))


def _details(place: Place | None, voice: Voice) -> Sequence[str]:
    """Whom to ask where it waits, when we cannot say it."""
    say = voice.say
    return () if place else (say("The operator has the details."),)
