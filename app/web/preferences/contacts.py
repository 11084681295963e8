"""Where messages go: contact points with their state, added and taken away. Each change needs a fresh code."""

from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.contact_value import masked
from app.domain.own_choices import AddContact, RemoveContact
from app.domain.recipient import ContactPoint, ContactState
from app.rendering.catalog import marked
from app.usecases.change_own_record import Changed
from app.usecases.confirm_contact import ask_again
from app.usecases.send_codes import Confirming
from app.web.catalog import speaker
from app.web.pages import message_page
from app.web.preferences.cookies import Change, end_token
from app.web.preferences.forms import Form, contact_typed
from app.web.preferences.visits import HOME, Visit, changed, doing, redirect, seeing, shown
from app.web.preferences.words import CHANNELS, EXAMPLE, STATES, WRITE_CONTACT

router = APIRouter(include_in_schema=False)

PATH = f"{HOME}/contacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A contact point in a list; `channel` and `state` are messages of the catalogs."""

    id: UUID
    channel: str
    shown: str = field(repr=False)
    state: str
    is_active: bool
    waits: bool
    is_away: bool


@router.api_route("/preferences/contacts", methods=["GET", "HEAD"])
async def contacts(request: Request) -> Response:
    """The list, and the form for another one."""

    async def show(visit: Visit) -> Response:
        return _page(visit)

    return await seeing(request, show)


@router.post("/preferences/contacts")
async def add(request: Request) -> Response:
    """Take in a contact point and send a code there; the others hear of it once it is confirmed."""

    async def act(visit: Visit, form: Form) -> Response:
        say, typed = speaker(visit.language), form.one("contact")
        found = contact_typed(typed)
        if not visit.is_proven:
            return _prove_first(visit)
        if found is None:
            wrong = say(WRITE_CONTACT, address=EXAMPLE)
            return _page(visit, typed, mistake=wrong)
        return await _added(visit, AddContact(channel=found[0], value=found[1]), typed)

    return await doing(request, act)


@router.post("/preferences/contacts/return")
async def use_again(request: Request) -> Response:
    """Ask to confirm a contact point that was removed, is out of use, or still waits for its confirmation."""

    async def act(visit: Visit, form: Form) -> Response:
        if not visit.is_proven:
            return _prove_first(visit)
        contact = _named(visit, form)
        if contact is None or contact.state is ContactState.ACTIVE:
            return redirect(request, PATH)
        if contact.state is not ContactState.UNCONFIRMED:
            return await _added(visit, AddContact(channel=contact.channel, value=contact.value), "")
        services = visit.services
        confirming = Confirming(limits=services.code_limits, surroundings=services.surroundings)
        code = await services.database.transact(
            lambda tx: ask_again(tx, visit.record.id, contact.id, confirming=confirming)
        )
        return redirect(request, f"{HOME}/confirm/{code}" if code else PATH)

    return await doing(request, act)


@router.post("/preferences/contacts/remove")
async def remove(request: Request) -> Response:
    """Take a contact point away: nothing more is sent there."""

    async def act(visit: Visit, form: Form) -> Response:
        if not visit.is_proven:
            return _prove_first(visit)
        contact = _named(visit, form)
        if contact is None or contact.state is ContactState.REMOVED:
            return redirect(request, PATH)
        choice = RemoveContact(contact=contact.id)
        await visit.services.database.transact(
            lambda tx: visit.change(tx, choice, act="remove_contact", channel=contact.channel)
        )
        if visit.visitor.contact is not None and contact.id == visit.visitor.contact.id:
            return end_token(
                message_page(
                    request,
                    200,
                    marked("The contact was removed"),
                    marked("Nothing more is sent there. You were signed in by it, so you are signed out now."),
                )
            )
        now = {"act": "removed", "shown": masked(contact.channel, contact.value)}
        return changed(visit, PATH, Change(what="removed", now=now, was={"contact": str(contact.id)}))

    return await doing(request, act)


async def _added(visit: Visit, choice: AddContact, typed: str) -> Response:
    done: Changed = await visit.services.database.transact(
        lambda tx: visit.change(tx, choice, act="add_contact", channel=choice.channel)
    )
    say = speaker(visit.language)
    if done.ignored:
        return _page(visit, typed, mistake=say("There are as many contacts as we can keep. Remove one first."))
    if done.code is None:
        return _page(visit, typed, mistake=say("This contact is in the list already."))
    return redirect(visit.request, f"{HOME}/confirm/{done.code}")


def _prove_first(visit: Visit) -> Response:
    return redirect(visit.request, f"{HOME}/again", then="contacts")


def _named(visit: Visit, form: Form) -> ContactPoint | None:
    return next((each for each in visit.person.contact_points if str(each.id) == form.one("contact")), None)


def _page(visit: Visit, typed: str = "", *, mistake: str = "") -> Response:
    points = tuple(
        Point(
            id=contact.id,
            channel=CHANNELS[contact.channel],
            shown=masked(contact.channel, contact.value),
            state=STATES[contact.state],
            is_active=contact.state is ContactState.ACTIVE,
            waits=contact.state is ContactState.UNCONFIRMED,
            is_away=contact.state is ContactState.DISABLED,
        )
        for contact in visit.person.contact_points
        if contact.state is not ContactState.REMOVED
    )
    mistakes = (("contact", mistake),) if mistake else ()
    return shown(
        visit,
        "contacts.html",
        422 if mistake else 200,
        points=points,
        typed=typed,
        is_proven=visit.is_proven,
        mistakes=mistakes,
    )
