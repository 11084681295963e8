"""The first page: how everything is set, and where to change it; for who is not signed in, where one signs in."""

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from app.domain.channel import Channel
from app.domain.contact_value import masked
from app.domain.merge import CONSENT_PURPOSES
from app.domain.recipient import ContactState
from app.web.catalog import speaker
from app.web.pages import LANGUAGE_NAMES
from app.web.preferences.cookies import token_of
from app.web.preferences.messages import granted
from app.web.preferences.sign_in import asking_page
from app.web.preferences.visits import Visit, answered, seeing, shown
from app.web.preferences.words import CHANNELS, LETTERS, PURPOSES, STATES, pause_in_words, quiet_in_words

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How everything is set, in words.

    `agreed` are pairs of a purpose and its channels, `contacts` of a masked value and its state.
    """

    agreed: tuple[tuple[str, str], ...]
    quiet: str
    pause: str
    is_paused: bool
    contacts: tuple[tuple[str, str], ...] = field(repr=False)
    language: str
    letters: str
    phrase: str = field(repr=False)


@router.api_route("/preferences", methods=["GET", "HEAD"])
async def overview(request: Request, ended: str = "") -> Response:
    """All settings at a look. Without a session, the form that asks for a code."""

    async def ask() -> Response:
        return await asking_page(request, ended=bool(ended))

    return await (seeing(request, _show) if token_of(request) else answered(request, ask))


async def _show(visit: Visit) -> Response:
    person, say = visit.person, speaker(visit.language)
    on = granted(person)
    agreed = {
        purpose: ", ".join(say(CHANNELS[channel]) for channel in Channel if (channel, purpose) in on)
        for purpose in CONSENT_PURPOSES
    }
    view = Overview(
        agreed=tuple((say(PURPOSES[purpose]), channels or say("Off")) for purpose, channels in agreed.items()),
        quiet=quiet_in_words(person.quiet_hours, say),
        pause=pause_in_words(person.paused_until, person.time_zone, visit.language, say, now=visit.now),
        is_paused=person.paused_until is not None and person.paused_until > visit.now,
        contacts=tuple(
            (masked(contact.channel, contact.value), say(STATES[contact.state]))
            for contact in person.contact_points
            if contact.state is not ContactState.REMOVED
        ),
        language=LANGUAGE_NAMES[person.language],
        letters=say(LETTERS[person.letters]),
        phrase=person.safety_phrase or say("None"),
    )
    return shown(visit, "overview.html", view=view)
