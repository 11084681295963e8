"""What an e-mail says, as plain strings in their order. Both its text and its HTML are set from this one value."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from app.domain.event import Facility
from app.rendering.catalog import Say, letter_speaker
from app.rendering.dates import clock, date_in_sentence, full_date, local
from app.rendering.free_text import plain
from app.rendering.notice import Notice, first_day, local_date_of, template_of
from app.rendering.opening_hours import Days, OpenDay, closed_spans, days_to_show, listed_days, never_closes
from app.rendering.words import COLLECTED, MODES, RECEIVER_ROLES, RETURN_REASONS, SERVICES, UNKNOWN_SERVICE


class Section(NamedTuple):
    """A titled part: the one thing to see first, then lines, then a list of days. Templates unpack it in this order."""

    title: str
    headline: str = ""
    lines: tuple[str, ...] = ()
    days: tuple[OpenDay, ...] = ()
    days_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A whole message. Nothing in it is markup, and nothing in it is a link."""

    template: str
    language: str
    subject: str
    preheader: str
    heading: str
    lead: str
    sections: tuple[Section, ...]
    closing: tuple[str, ...]


def letter_of(notice: Notice, *, sent_on: date) -> Letter:
    """What the e-mail of `notice` says; days before `sent_on` are not listed."""
    match template_of(notice):
        case "notice_left" if notice.facility is not None:
            return _notice_left(notice, notice.facility, sent_on)
        case "ready_for_pickup" if notice.facility is not None:
            return _ready_for_pickup(notice, notice.facility, sent_on)
        case "delivered":
            return _delivered(notice)
        case "returned":
            return _returned(notice)
        case _:
            return _general(notice)


def _notice_left(notice: Notice, facility: Facility, sent_on: date) -> Letter:
    say = letter_speaker(notice.language)
    service, repeat = _service(notice, say), notice.ordinal > 1
    left = _full_moment(notice.happened_at, notice, say)
    if repeat:
        heading = say("Still waiting for you: %(service)s", service=service)
        lead = say(
            "%(operator)s reports: a repeat notice was left on %(when)s.", operator=_operator(notice, say), when=left
        )
    else:
        heading = say("Waiting for you: %(service)s", service=service)
        lead = say("%(operator)s reports: a notice was left on %(when)s.", operator=_operator(notice, say), when=left)
    return Letter(
        template="notice_left",
        language=notice.language,
        subject=_notice_subject(notice, service, say, repeat=repeat),
        preheader=_place_and_date(notice, facility, say),
        heading=heading,
        lead=lead,
        sections=(
            *_what(notice, say),
            _where(notice, facility, sent_on, say),
            *_until_when(notice, say),
            _what_to_bring(say),
            _paper_notice(notice, say, repeat=repeat),
        ),
        closing=_closing(notice, say),
    )


def _ready_for_pickup(notice: Notice, facility: Facility, sent_on: date) -> Letter:
    say = letter_speaker(notice.language)
    service = _service(notice, say)
    reported = _full_moment(notice.happened_at, notice, say)
    ready = {"service": _capitalised(service)}
    subject = (
        say("%(service)s: collect by %(date)s, per the operator", date=_until_in_sentence(notice), **ready)
        if notice.until is not None
        else say("%(service)s: can be collected (reported on %(date)s)", date=_happened(notice), **ready)
    )
    return Letter(
        template="ready_for_pickup",
        language=notice.language,
        subject=subject,
        preheader=_place_and_date(notice, facility, say),
        heading=say("Ready for you to collect: %(service)s", service=service),
        lead=say(
            "%(operator)s reports that it can be collected. Reported: %(when)s.",
            operator=_operator(notice, say),
            when=reported,
        ),
        sections=(
            *_what(notice, say),
            _where(notice, facility, sent_on, say),
            *_until_when(notice, say),
            _what_to_bring_for_pickup(say),
        ),
        closing=_closing(notice, say),
    )


def _delivered(notice: Notice) -> Letter:
    say = letter_speaker(notice.language)
    service, handover = _service(notice, say), notice.handover
    collected = handover is not None and handover.mode in COLLECTED
    when = _full_moment(notice.happened_at, notice, say)
    mode = MODES.get(handover.mode or "") if handover else None
    role = RECEIVER_ROLES.get(handover.receiver_role or "") if handover else None
    how = [say("When: %(when)s", when=when)]
    how += [say("How: %(how)s", how=say(mode))] if mode else []
    how += [say("Who took it, as the operator recorded: %(who)s", who=say(role))] if role else []
    heading = (
        say("The operator reports collection: %(service)s", service=service)
        if collected
        else say("The operator reports delivery: %(service)s", service=service)
    )
    subject = (
        say("Collected on %(date)s, per the operator: %(service)s", date=_happened(notice), service=service)
        if collected
        else say("Delivered on %(date)s, per the operator: %(service)s", date=_happened(notice), service=service)
    )
    return Letter(
        template="delivered",
        language=notice.language,
        subject=subject,
        preheader=how[0],
        heading=heading,
        lead=say("Source of this information: %(operator)s.", operator=_operator(notice, say)),
        sections=(
            *_what(notice, say),
            Section(title=say("What the operator recorded"), lines=tuple(how)),
            _does_not_match(say),
        ),
        closing=_closing(notice, say),
    )


def _returned(notice: Notice) -> Letter:
    say = letter_speaker(notice.language)
    service = _service(notice, say)
    reason = RETURN_REASONS.get(notice.reason or "")
    recorded = [say("When: %(when)s", when=_full_moment(notice.happened_at, notice, say))]
    recorded += [say("Reason given by the operator: %(reason)s", reason=say(reason))] if reason else []
    return Letter(
        template="returned",
        language=notice.language,
        subject=say("Return to the sender, %(date)s: %(service)s", date=_happened(notice), service=service),
        preheader=recorded[0],
        heading=say("The operator reports a return to the sender: %(service)s", service=service),
        lead=say("Source of this information: %(operator)s.", operator=_operator(notice, say)),
        sections=(
            *_what(notice, say),
            Section(title=say("What the operator recorded"), lines=tuple(recorded)),
            Section(
                title=say("What you can do"),
                lines=(say("To learn what happens to the item now, ask the operator and give the number."),),
            ),
            _does_not_match(say),
        ),
        closing=_closing(notice, say),
    )


def _general(notice: Notice) -> Letter:
    say = letter_speaker(notice.language)
    service = _service(notice, say)
    reported = _full_moment(notice.happened_at, notice, say)
    waiting = notice.kind in ("notice_left", "ready_for_pickup")
    return Letter(
        template=template_of(notice),
        language=notice.language,
        subject=say("News from the operator, %(date)s: %(service)s", date=_happened(notice), service=service),
        preheader=say("Reported: %(when)s.", when=reported),
        heading=say("There is news about: %(service)s", service=service),
        lead=say(
            "%(operator)s sends news about it. Reported: %(when)s.", operator=_operator(notice, say), when=reported
        ),
        sections=(
            *_what(notice, say),
            *(_until_when(notice, say) if waiting else ()),
            Section(
                title=say("What you can do"),
                lines=(
                    say("We were not given enough details to say more here."),
                    say("Please ask the operator, or look at the paper notice if you have one."),
                ),
            ),
        ),
        closing=_closing(notice, say),
    )


def _notice_subject(notice: Notice, service: str, say: Say, *, repeat: bool) -> str:
    if repeat and notice.until is not None:
        date_ = _until_in_sentence(notice)
        return say("Repeat notice: %(service)s – collect by %(date)s, per the operator", service=service, date=date_)
    if repeat:
        return say("Repeat notice of %(date)s: %(service)s", service=service, date=_happened(notice))
    if notice.until is not None:
        date_ = _until_in_sentence(notice)
        return say("Notice: %(service)s – collect by %(date)s, per the operator", service=service, date=date_)
    return say("Notice of %(date)s: %(service)s", service=service, date=_happened(notice))


def _what(notice: Notice, say: Say) -> tuple[Section, ...]:
    """The item and its number; nothing when the number is unknown, as the heading says the rest."""
    if not notice.number:
        return ()
    number = _grouped(notice.number)
    service = _capitalised(_service(notice, say))
    return (Section(title=say("Item"), lines=(say("%(service)s, number %(number)s", service=service, number=number),)),)


def _where(notice: Notice, facility: Facility, sent_on: date, say: Say) -> Section:
    lines = [line for line in (plain(facility.street or ""), _town(facility)) if line]
    starts = notice.pickup.starts if notice.pickup else None
    lines += [say("Can be collected from: %(when)s", when=_full(starts, notice, say))] if starts is not None else []
    days = days_to_show(max(first_day(notice), sent_on), _until_day(notice))
    listed = () if never_closes(facility, days) else listed_days(facility, days, say, notice.language)
    if not listed:
        lines += _hours_in_a_line(facility, days, say, notice.language)
    return Section(
        title=say("Where"),
        headline=plain(facility.name),
        lines=tuple(lines),
        days=listed,
        days_note=say("Opening hours as given by the operator.") if listed else "",
    )


def _hours_in_a_line(facility: Facility, days: Days, say: Say, language: str) -> list[str]:
    if never_closes(facility, days):
        return [say("Open round the clock.")]
    spans = closed_spans(facility, days, language)
    return [say("Closed, as announced by the operator: %(days)s", days=spans)] if spans else []


def _until_when(notice: Notice, say: Say) -> tuple[Section, ...]:
    if notice.until is None:
        return ()
    return (
        Section(
            title=say("Until when, per the operator"),
            headline=_full(notice.until, notice, say),
            lines=(say("This is the operator's date. We have not calculated it."),),
        ),
    )


def _what_to_bring(say: Say) -> Section:
    return Section(
        title=say("What to bring, and who else may collect"),
        lines=(
            say("Bring an identity document with a photo, and the paper notice if you have it."),
            say("Without the notice, the number of the item helps."),
            say("Someone else may need your written authorisation. The place of pick-up can tell you which."),
        ),
    )


def _what_to_bring_for_pickup(say: Say) -> Section:
    return Section(
        title=say("What to bring, and who else may collect"),
        lines=(
            say("Bring an identity document with a photo, or the pick-up code if the operator sent you one."),
            say("Whether someone else may collect for you depends on the operator's terms."),
        ),
    )


def _paper_notice(notice: Notice, say: Say, *, repeat: bool) -> Section:
    if notice.paper_place not in (None, "letterbox"):
        where = say("A paper notice should be at your address as well.")
    elif repeat:
        where = say("The repeat paper notice should be in your letterbox.")
    else:
        where = say("The paper notice should be in your letterbox.")
    return Section(
        title=say("The paper notice"),
        lines=(where, say("It is not there? You can tell the operator and give the number of the item.")),
    )


def _does_not_match(say: Say) -> Section:
    return Section(
        title=say("Does this not match what you know?"),
        lines=(say("Ask the operator. You can give the proof reference from the end of this message."),),
    )


def _closing(notice: Notice, say: Say) -> tuple[str, ...]:
    return (
        say("This message only informs. It does not replace the paper notice and does not change any deadline."),
        say("We do not ask for extra payments, passwords or card details."),
        say("Proof reference: %(reference)s", reference=str(notice.reference)),
    )


def _place_and_date(notice: Notice, facility: Facility, say: Say) -> str:
    parts = (plain(facility.name), plain(facility.street or ""), _town(facility))
    place = ", ".join(part for part in parts if part)
    if notice.until is None:
        return place
    return say("%(place)s – by %(date)s, per the operator", place=place, date=_until_in_sentence(notice))


def _service(notice: Notice, say: Say) -> str:
    return say(SERVICES.get(notice.service or "", UNKNOWN_SERVICE))


def _operator(notice: Notice, say: Say) -> str:
    return plain(notice.operator) or say("The operator")


def _town(facility: Facility) -> str:
    return " ".join(part for part in (plain(facility.post_code or ""), plain(facility.city or "")) if part)


def _until_day(notice: Notice) -> date | None:
    return local_date_of(notice.until, notice.zone) if notice.until is not None else None


def _until_in_sentence(notice: Notice) -> str:
    day = _until_day(notice)
    return date_in_sentence(day, notice.language) if day else ""


def _happened(notice: Notice) -> str:
    return date_in_sentence(notice.happened_on, notice.language)


def _full(moment: date | datetime, notice: Notice, say: Say) -> str:
    """A date in full; an instant with its local time too."""
    if isinstance(moment, datetime):
        return _full_moment(moment, notice, say)
    return full_date(moment, notice.language)


def _full_moment(moment: datetime, notice: Notice, say: Say) -> str:
    there = local(moment, notice.zone)
    return say("%(date)s, %(time)s", date=full_date(there.date(), notice.language), time=clock(there.time()))


def _grouped(number: str) -> str:
    """A long number of digits in groups of four, as people read it out."""
    if len(number) < 12 or not (number.isascii() and number.isdigit()):
        return number
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
