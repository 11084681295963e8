"""What a person wants to be told, and how: every purpose on every channel, each by itself, with a sample of it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from app.domain.calendar import local_day
from app.domain.channel import Channel, Purpose
from app.domain.consent_texts import published_texts
from app.domain.merge import CONSENT_PURPOSES
from app.domain.own_choices import SetConsent
from app.domain.recipient import ContactState, Recipient
from app.storage.database import Tx
from app.web.preferences.cookies import Change, set_change
from app.web.preferences.forms import Form
from app.web.preferences.samples import Sample, sample
from app.web.preferences.visits import HOME, Visit, changed, doing, redirect, seeing, shown
from app.web.preferences.words import BOXES, CHANNELS, PURPOSES, SENTENCES, Box, box_name, boxes_named

router = APIRouter(include_in_schema=False)

PATH = f"{HOME}/messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One box of the table: `name` in the form, `label` in messages of the catalogs."""

    name: str
    label: str
    on: bool
    sample: Sample = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One purpose; `heading` and `sentence` are messages of the catalogs."""

    purpose: Purpose
    heading: str
    sentence: str
    switches: tuple[Switch, ...]


@router.api_route("/preferences/messages", methods=["GET", "HEAD"])
async def messages(request: Request) -> Response:
    """The table."""

    async def show(visit: Visit) -> Response:
        person, on = visit.person, granted(visit.person)
        today = local_day(visit.now, person.time_zone)
        rows = tuple(
            Row(
                purpose=purpose,
                heading=PURPOSES[purpose],
                sentence=SENTENCES[purpose],
                switches=tuple(
                    Switch(
                        name=box_name((channel, purpose)),
                        label=CHANNELS[channel],
                        on=(channel, purpose) in on,
                        sample=sample(channel, purpose, person, today=today),
                    )
                    for channel in Channel
                ),
            )
            for purpose in CONSENT_PURPOSES
        )
        missing = tuple(CHANNELS[channel] for channel in Channel if not _has_active(person, channel))
        return shown(visit, "messages.html", rows=rows, missing=missing)

    return await seeing(request, show)


@router.post("/preferences/messages")
async def choose(request: Request) -> Response:
    """End at once what is no longer ticked; for what is ticked newly, show what one agrees to first.

    Who takes a withdrawal back has agreed to the very text before, so that it is granted again at once. That may be
    on a page that stayed open while other things changed: it touches only what was changed then.
    """

    async def act(visit: Visit, form: Form) -> Response:
        wanted = set(boxes_named(" ".join(form.all("on")).split()))
        before = granted(visit.person)
        if "instead" in form.fields:
            touched = wanted ^ set(boxes_named(form.one("instead").split()))
            wanted = (before - touched) | (wanted & touched)
        text = form.one("text")
        again = wanted - before if text and text == published_texts().newest else set()

        async def keep(tx: Tx) -> None:
            for box in BOXES:
                if box in before - wanted:
                    await set_consent(tx, visit, box, granted=False)
                elif box in again:
                    await set_consent(tx, visit, box, granted=True, text=text)

        await visit.services.database.transact(keep)
        after = (before & wanted) | again
        change = change_of_boxes(visit.person, before, after) if before != after else None
        asked = wanted - after
        if not asked:
            return changed(visit, PATH, change)
        response = redirect(visit.request, f"{HOME}/agree", want=_names(asked))
        return set_change(response, change) if change else response

    return await doing(request, act)


async def set_consent(tx: Tx, visit: Visit, box: Box, *, granted: bool, text: str | None = None) -> None:
    """Keep one choice, with what was said."""
    channel, purpose = box
    choice = SetConsent(channel=channel, purpose=purpose, granted=granted, text_version=text)
    await visit.change(tx, choice, act="consent", channel=channel, purpose=purpose, granted=granted, text_version=text)


def granted(person: Recipient) -> set[Box]:
    """What the person has agreed to."""
    return {(consent.channel, consent.purpose) for consent in person.consents if consent.granted}


def change_of_boxes(person: Recipient, before: Collection[Box], after: Collection[Box]) -> Change:
    """What changed in the table, and from what it is taken back.

    The text that all of it was agreed to is named where it is the newest one.
    """
    newest = published_texts().newest
    texts = {
        consent.text_version
        for consent in person.consents
        if consent.granted and (consent.channel, consent.purpose) not in after
    }
    was = {"on": _names(before), "instead": _names(after)}
    return Change(
        what="messages",
        now={"on": _names(after)},
        was=was | ({"text": newest} if texts == {newest} else {}),
    )


def _names(boxes: Collection[Box]) -> str:
    return " ".join(box_name(box) for box in BOXES if box in boxes)


def _has_active(person: Recipient, channel: Channel) -> bool:
    return any(c.channel is channel and c.state is ContactState.ACTIVE for c in person.contact_points)
