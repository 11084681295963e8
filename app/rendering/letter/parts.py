"""What letters are put together from: a letter and its sections, and the parts that many of them share."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from app.domain.reminder import REMINDER_KINDS
from app.rendering.catalog import Say
from app.rendering.dates import clock, date_in_sentence, full_date, local
from app.rendering.free_text import plain, plain_number
from app.rendering.notice import Item, Notice, local_date_of, template_of
from app.rendering.opening_hours import OpenDay
from app.rendering.words import SERVICES, UNKNOWN_SERVICE


class Section(NamedTuple):
    """A titled part: the one thing to see first, then lines, then a list of days.

    `soon` marks a day that is near. `to_page` are the words of a link to the notice's own page, if the part has one;
    where that is, the envelope knows. Templates unpack it in this order.
    """

    title: str
    headline: str = ""
    lines: tuple[str, ...] = ()
    days: tuple[OpenDay, ...] = ()
    soon: bool = False
    to_page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A whole message. Nothing in it is markup, and nothing in it is a link. `phrase` is the person's own, if any."""

    template: str
    language: str
    subject: str
    preheader: str
    phrase: str = field(repr=False)
    heading: str
    lead: str
    sections: tuple[Section, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a letter is written from: its notice, the day on which it is read first, and who says its words."""

    notice: Notice
    today: date
    say: Say

    def letter(self, *, subject: str, preheader: str, heading: str, lead: str, sections: tuple[Section, ...]) -> Letter:
        """The letter with these words, and with what all letters have."""
        notice, say = self.notice, self.say
        phrase = plain(notice.safety_phrase or "")
        return Letter(
            template=template_of(notice),
            language=notice.language,
            subject=subject,
            preheader=preheader,
            phrase=say("Your safety phrase: %(phrase)s", phrase=phrase) if phrase else "",
            heading=heading,
            lead=lead,
            sections=sections,
            closing=(
                say(
                    "This message only informs. It does not replace the paper notice and does not change any deadline."
                ),
                say("We do not ask for extra payments, passwords or card details."),
                say("Proof reference: %(reference)s", reference=str(notice.reference)),
            ),
        )

    @property
    def service(self) -> str:
        """What kind of item it is."""
        return service_in_words(self.notice.service, self.say)

    @property
    def operator(self) -> str:
        """Who has it."""
        return plain(self.notice.operator) or self.say("The operator")

    @property
    def happened(self) -> str:
        """When the reported thing happened, in full."""
        return self.moment(self.notice.happened_at)

    @property
    def happened_on(self) -> str:
        """On which day, in the form that a subject takes."""
        return self.day_in_sentence(self.notice.happened_on)

    def day_in_sentence(self, day: date | datetime) -> str:
        """The local day, in the form that prepositions take."""
        return date_in_sentence(local_date_of(day, self.notice.zone), self.notice.language)

    def full(self, moment: date | datetime) -> str:
        """A date in full; an instant with its local time, too."""
        if isinstance(moment, datetime):
            return self.moment(moment)
        return full_date(moment, self.notice.language)

    def moment(self, moment: datetime) -> str:
        """An instant in full, by the person's clock."""
        there = local(moment, self.notice.zone)
        day = full_date(there.date(), self.notice.language)
        return self.say("%(date)s, %(time)s", date=day, time=clock(there.time()))


def service_in_words(service: str | None, say: Say) -> str:
    """The kind of an item; any postal item when the code says nothing to us."""
    return say(SERVICES.get(service or "", UNKNOWN_SERVICE))


def capitalised(text: str) -> str:
    """`text` as it begins a line."""
    return text[:1].upper() + text[1:]


def items(draft: Draft) -> tuple[Section, ...]:
    """What it is about; nothing when there is one item without a known number, as the heading says the rest."""
    notice, say = draft.notice, draft.say
    listed = [line for item in notice.others if (line := item_line(draft, item))]
    if notice.number:
        own = Item(shipment=notice.shipment, service=notice.service, since=notice.since if notice.others else None)
        listed.insert(0, item_line(draft, own))
    if not listed:
        return ()
    title = say("Items") if notice.others else say("Item")
    return (Section(title=title, lines=tuple(listed) + (() if notice.others else _since(draft))),)


def item_line(draft: Draft, item: Item) -> str:
    """What kind of item it is, its number, and since when it waits, as far as known."""
    say = draft.say
    number = plain_number(item.shipment or "")
    service = capitalised(service_in_words(item.service, say))
    what = say("%(service)s, number %(number)s", service=service, number=_grouped(number)) if number else service
    if item.since is None:
        return what
    return say("%(item)s – waiting since %(date)s", item=what, date=draft.day_in_sentence(item.since))


def _since(draft: Draft) -> tuple[str, ...]:
    """Since when the item waits: the notices before the one that this letter is about."""
    notice, say = draft.notice, draft.say
    if notice.kind in REMINDER_KINDS | {"corrected", "ready_for_pickup"}:
        first, second = notice.first_notice_at, notice.second_notice_at
    else:
        first, second = (notice.first_notice_at if notice.ordinal > 1 else None), None
    lines = [say("First notice: %(when)s", when=draft.moment(first))] if first else []
    lines += [say("Repeat notice: %(when)s", when=draft.moment(second))] if second else []
    if not lines and notice.since and notice.kind in REMINDER_KINDS:
        lines = [say("Waiting since: %(when)s", when=draft.full(local_date_of(notice.since, notice.zone)))]
    return tuple(lines)


def recorded(draft: Draft, *facts: str) -> Section:
    """When the reported thing happened and what else the operator said of it; empty facts are left out."""
    when = draft.say("When: %(when)s", when=draft.happened)
    return Section(title=draft.say("What the operator recorded"), lines=(when, *(fact for fact in facts if fact)))


def source(draft: Draft) -> str:
    """Who says so."""
    return draft.say("Source of this information: %(operator)s.", operator=draft.operator)


def for_you(draft: Draft, *sentences: str) -> Section:
    """What the news means for the person."""
    return Section(title=draft.say("What it means for you"), lines=sentences)


def what_you_can_do(draft: Draft, *sentences: str) -> Section:
    """What can be done now, if anything."""
    return Section(title=draft.say("What you can do"), lines=sentences)


def does_not_match(draft: Draft) -> Section:
    """Whom to ask about news that is not true."""
    say = draft.say
    return Section(
        title=say("Does this not match what you know?"),
        lines=(say("Ask the operator. You can give the proof reference from the end of this message."),),
    )


def _grouped(number: str) -> str:
    """A long number of digits in groups of four, as people read it out."""
    if len(number) < 12 or not (number.isascii() and number.isdigit()):
        return number
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
