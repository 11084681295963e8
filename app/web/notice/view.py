"""What the page of a notice says, as plain strings: how things stand now first, then the place and the day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.domain.reminder import REMINDER_KINDS
from app.domain.shipment import ENDING_KINDS, STAY_KINDS, Picture
from app.rendering.catalog import Say, letter_speaker, marked
from app.rendering.letter import Section, letter_of
from app.rendering.letter.parts import Draft, capitalised, items
from app.rendering.letter.place import opening_hours, paper_notice, place_of, what_to_bring, where
from app.rendering.letter.term import last_day, until_when
from app.rendering.notice import Notice
from app.rendering.opening_hours import OpenDay
from app.usecases.read_notice import NoticeNow
from app.web.catalog import speaker

DAYS_SHOWN = 7
_SOON = timedelta(days=1)

# What became of an item that does not wait any more.
ENDS: Mapping[str, str] = {
    "delivered": marked("Already collected or delivered"),
    "refused": marked("Reported as refused"),
    "pickup_expired": marked("The time for collecting is over"),
    "returned": marked("Sent back to the sender"),
    "lost": marked("Reported as lost"),
    "out_for_delivery": marked("The courier is bringing it again"),
}
_OTHER_END = marked("It no longer waits to be collected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Something to be read before all else; `tone` as in docs/pages.md."""

    tone: str
    heading: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """The page without its answers. `place` and `until` are there while an item waits at a known place.

    `title` names the page, `kind_of_news` stands above the place. `later` are the days of which the list is folded up.
    `closing` is what every message of ours says of itself.
    """

    title: str
    phrase: str = field(repr=False)
    box: Box | None = None
    kind_of_news: str = ""
    lead: str = ""
    place: Section | None = None
    until: Section | None = None
    days: tuple[OpenDay, ...] = ()
    later: tuple[OpenDay, ...] = ()
    sections: tuple[Section, ...] = ()
    closing: tuple[str, ...] = ()


def notice_view(found: NoticeNow, notice: Notice) -> NoticeView:
    """The page in the language of `notice`, which is that of `found` or a translation of it."""
    told_on = notice.told_on
    if told_on is None:
        raise ValueError("a page is read on some day")
    draft = Draft(notice=notice, today=told_on, say=letter_speaker(notice.language))
    say = speaker(notice.language)
    waits = found.known is not None and found.known.waits
    if waits and place_of(draft) is not None:
        return _waiting(found, draft, say)
    about_waiting = notice.kind in STAY_KINDS | REMINDER_KINDS
    if found.untrue or (about_waiting and not waits and found.known is not None):
        return _over(found, draft, say)
    return _told(found, draft, say)


def _waiting(found: NoticeNow, draft: Draft, say: Say) -> NoticeView:
    """The item waits at a place with a name."""
    place = place_of(draft)
    if place is None:
        raise ValueError("nobody said where it waits")
    last = last_day(draft.notice)
    hours = opening_hours(draft, place, until=last)
    days = hours[0].days if hours else ()
    until = until_when(draft)
    heading = draft.say("Waiting for you: %(service)s", service=draft.service)
    letter = draft.letter(subject="", preheader="", heading=heading, lead="", sections=())
    return NoticeView(
        title=heading,
        phrase=letter.phrase,
        box=_before_the_place(found, draft, say),
        kind_of_news=heading,
        place=where(draft, place, until=last),
        until=until[0] if until else None,
        days=days[:DAYS_SHOWN],
        later=days[DAYS_SHOWN:],
        sections=(what_to_bring(draft), *items(draft), *_slip(draft)),
        closing=letter.closing,
    )


def _slip(draft: Draft) -> tuple[Section, ...]:
    """Where the slip should be; what to do where it is not, the answers say."""
    return tuple(section._replace(lines=section.lines[:1]) for section in paper_notice(draft))


def _before_the_place(found: NoticeNow, draft: Draft, say: Say) -> Box | None:
    """What has changed since the message, or is near."""
    notice, place, last = draft.notice, place_of(draft), last_day(draft.notice)
    if place is not None and found.told_place not in (None, place.id):
        return Box(
            tone="soon",
            heading=say("It has moved since our message"),
            lines=(say("It now waits at another place, which is named here."),),
        )
    if last is not None and last < draft.today:
        return Box(
            tone="problem",
            heading=say("The last safe day has passed"),
            lines=(say("Nobody has told us yet that the item is gone. Ask at the place, or ask the operator."),),
        )
    if last is not None and last <= draft.today + _SOON:
        heading = say("Today is the last safe day") if last == draft.today else say("Tomorrow is the last safe day")
        return Box(tone="soon", heading=heading, lines=(say("Check below until what hour the place is open."),))
    if notice.kind not in STAY_KINDS | REMINDER_KINDS:
        return Box(
            tone="",
            heading=say("Since our message, it has come to wait for you"),
            lines=(say("You can collect it at the place that is named here."),),
        )
    return None


def _over(found: NoticeNow, draft: Draft, say: Say) -> NoticeView:
    """What the message told is no longer so."""
    picture = found.known.picture if found.known else None
    if found.untrue:
        heading, line = say("This news is out of date"), say("Since our message, newer news has come or it has ended.")
    elif picture is None or picture.stay is None:
        heading, line = say("The operator took this report back"), say("What our message said is no longer so.")
    else:
        heading, line = _end(picture, draft, say)
    what = capitalised(draft.service)
    letter = draft.letter(subject="", preheader="", heading=heading, lead="", sections=())
    return NoticeView(
        title=heading,
        phrase=letter.phrase,
        kind_of_news="" if found.untrue else what,
        lead=line,
        sections=items(draft) if not found.untrue else (),
        closing=letter.closing,
    )


def _end(picture: Picture, draft: Draft, say: Say) -> tuple[str, str]:
    heading = say(ENDS.get(picture.state or "", _OTHER_END))
    at = picture.ended_at or picture.since
    if at is None:
        return heading, say("%(operator)s reports it.", operator=draft.operator)
    return heading, say("%(operator)s reports it for %(when)s.", operator=draft.operator, when=draft.moment(at))


def _told(found: NoticeNow, draft: Draft, say: Say) -> NoticeView:
    """News without a place where something waits: what the message said, and before it what has come since."""
    letter = letter_of(draft.notice, sent_on=draft.today)
    return NoticeView(
        title=letter.heading,
        phrase=letter.phrase,
        box=_since_then(found, draft, say),
        lead=letter.lead,
        sections=letter.sections,
        closing=letter.closing,
    )


def _since_then(found: NoticeNow, draft: Draft, say: Say) -> Box | None:
    """That the item has come to an end which this message did not tell."""
    picture = found.known.picture if found.known else None
    if picture is None or picture.state not in ENDING_KINDS | {"lost"} or picture.state == draft.notice.kind:
        return None
    if picture.since is None or picture.since <= draft.notice.happened_at:
        return None
    heading, line = _end(picture, draft, say)
    return Box(tone="", heading=heading, lines=(line,))
