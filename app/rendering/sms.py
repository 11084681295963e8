"""The SMS of a notice: GSM-7, one part, no link, and never who sent the item or why."""

from datetime import datetime

from app.domain.event import Facility
from app.domain.message import SmsText
from app.rendering.catalog import Say, sms_speaker
from app.rendering.dates import clock, local, sms_date
from app.rendering.free_text import plain
from app.rendering.notice import (
    TEMPLATE_VERSIONS,
    WAITING_KINDS,
    Notice,
    first_day,
    local_date_of,
    template_of,
)
from app.rendering.opening_hours import compact_hours, days_to_show
from app.rendering.sms_segments import GSM7, transliterate
from app.rendering.words import COLLECTED, SERVICES, UNKNOWN_SERVICE

SEPTETS_MAX = 160
_NAMES_SHORTENED = (
    ("Filia Urzedu Pocztowego", "FUP"),
    ("Urzad Pocztowy", "UP"),
    ("Agencja Pocztowa", "AP"),
    ("Punkt Pocztowy", "PP"),
)


def render_sms(notice: Notice) -> SmsText:
    """The notice as one SMS of at most 160 septets.

    When too long, the number shrinks to its last six, then the hours go, then the street, then the place's name is
    shortened; the place, the date and the sentence about links stay. The texts leave at least 20 septets for a name.
    """
    name, say = _template_in_gsm7(notice), sms_speaker(notice.language)
    if name in WAITING_KINDS and notice.facility is not None:
        text = _waiting(notice, notice.facility, say)
    else:
        full, short = (_report(notice, name, item, say) for item in _items(notice, say))
        text = full if len(full) <= SEPTETS_MAX else short
    return SmsText(text=text, encoding=GSM7, parts=1, template=name, template_version=TEMPLATE_VERSIONS[name])


def _template_in_gsm7(notice: Notice) -> str:
    """The fitting template; `general` also where the alphabet leaves nothing readable of the place's name."""
    name = template_of(notice)
    if name in WAITING_KINDS and notice.facility is not None:
        readable = any(char.isalnum() for char in _words(notice.facility.name, notice))
        return name if readable else "general"
    return name


def _waiting(notice: Notice, facility: Facility, say: Say) -> str:
    """The first of ever shorter texts that fits; each is in the default alphabet, where a character is a septet."""
    days = days_to_show(first_day(notice), local_date_of(notice.until, notice.zone) if notice.until else None)
    hours = compact_hours(facility, days, say, notice.language)
    name, street = _words(facility.name, notice), _street(facility, notice)
    full, short = _items(notice, say)

    def text(item: str, *place: str) -> str:
        where = ", ".join(part for part in place if part)
        return transliterate(_waiting_text(notice, item, where, say), notice.language)

    for item, *place in ((full, name, street, hours), (short, name, street, hours), (short, name, street)):
        draft = text(item, *place)
        if len(draft) <= SEPTETS_MAX:
            return draft
    return text(short, _shortened(name, SEPTETS_MAX - len(text(short, "X")) + 1))


def _waiting_text(notice: Notice, item: str, place: str, say: Say) -> str:
    until = _until(notice, say)
    if notice.kind == "ready_for_pickup":
        lead = say("AWIZO: %(item)s can be collected: %(place)s.", item=item, place=place)
        return _sentences(lead, until, say("No links, no fees."))
    if notice.ordinal > 1:
        lead = say("AWIZO repeat notice: %(item)s is still waiting: %(place)s.", item=item, place=place)
        return _sentences(lead, until, say("No links, no fees."))
    lead = say("AWIZO: %(item)s is waiting: %(place)s.", item=item, place=place)
    return _sentences(lead, until, say("Bring ID."), say("We send no links, ask no fees."))


def _report(notice: Notice, name: str, item: str, say: Say) -> str:
    """What is reported of something that does not wait at a known place; with a short number it always fits."""
    reported = {"delivered": _delivered, "returned": _returned}.get(name, _general)
    return transliterate(reported(notice, item, say), notice.language)


def _delivered(notice: Notice, item: str, say: Say) -> str:
    collected = notice.handover is not None and notice.handover.mode in COLLECTED
    when = _moment(notice.happened_at, notice)
    lead = (
        say("AWIZO: the operator reports collection: %(item)s, %(when)s.", item=item, when=when)
        if collected
        else say("AWIZO: the operator reports delivery: %(item)s, %(when)s.", item=item, when=when)
    )
    return _sentences(lead, say("Not you? Ask the operator."), say("No links, no fees."))


def _returned(notice: Notice, item: str, say: Say) -> str:
    when = sms_date(notice.happened_on, notice.language)
    lead = say("AWIZO: the operator reports a return to the sender: %(item)s, %(when)s.", item=item, when=when)
    return _sentences(lead, say("The operator has the details."), say("No links, no fees."))


def _general(notice: Notice, item: str, say: Say) -> str:
    lead = say("AWIZO: news from the operator: %(item)s.", item=item)
    until = _until(notice, say) if notice.kind in WAITING_KINDS else ""
    return _sentences(lead, until, say("The operator has the details."), say("No links, no fees."))


def _items(notice: Notice, say: Say) -> tuple[str, str]:
    """What the message is about, with its whole number and with the last six characters of it."""
    service = say(SERVICES.get(notice.service or "", UNKNOWN_SERVICE))
    if not notice.number:
        return service, service
    number = transliterate(notice.number, notice.language)
    full = f"{service} {number}"
    return full, say("%(service)s no. ..%(end)s", service=service, end=number[-6:]) if len(number) > 8 else full


def _until(notice: Notice, say: Say) -> str:
    """The sentence with the operator's date; empty when he gave none."""
    if notice.until is None:
        return ""
    if isinstance(notice.until, datetime):
        date = _moment(notice.until, notice)
    else:
        date = sms_date(notice.until, notice.language)
    return say("Collect by %(date)s, per operator.", date=date)


def _moment(moment: datetime, notice: Notice) -> str:
    there = local(moment, notice.zone)
    return f"{sms_date(there.date(), notice.language)} {clock(there.time())}"


def _street(facility: Facility, notice: Notice) -> str:
    """The street, with the town unless the place's name says it."""
    street, city = _words(facility.street, notice), _words(facility.city, notice)
    told = city.lower() in _words(facility.name, notice).lower()
    return ", ".join(part for part in (street, "" if told else city) if part)


def _words(text: str | None, notice: Notice) -> str:
    # Harmless once more after transliteration: losing its marks must not turn a word into a domain.
    return plain(transliterate(plain(text), notice.language)) if text and plain(text) else ""


def _shortened(name: str, room: int) -> str:
    """`name` in at most `room` characters: usual abbreviations, then words left out before a closing number."""
    if len(name) <= room:
        return name
    for long, short in _NAMES_SHORTENED:
        name = name.replace(long, short)
    if len(name) <= room:
        return name
    start, _, end = name.rpartition(" ")
    closing = f".. {end}" if start and len(end) <= 5 and any(char.isdigit() for char in end) else ".."
    kept = name[: room - len(closing)]
    at_word = kept.rpartition(" ")[0]
    return (at_word if len(at_word) >= len(kept) // 2 else kept).rstrip(" .,-") + closing


def _sentences(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
