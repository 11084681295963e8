"""Signing in by a one-time code, choosing whose settings, and giving a code once more; nothing tells who is known."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.contact_value import masked
from app.domain.one_time_code import Use
from app.domain.recipient import ContactState
from app.rendering.catalog import marked
from app.rendering.words import OPERATORS
from app.storage import sessions as session_store
from app.usecases.give_code import Gone, Wrong
from app.usecases.sessions import digest_of
from app.usecases.sign_in import Asked, AskedTooOften, SignedIn, ask_to_sign_in, sign_in
from app.web.catalog import speaker
from app.web.pages import message_page, page, page_language
from app.web.preferences.cookies import end_token, form_token, is_form_token, set_token, token_of
from app.web.preferences.forms import Form, contact_typed
from app.web.preferences.visits import (
    HOME,
    Visit,
    answered,
    doing,
    posting,
    redirect,
    refused,
    seeing,
    session_over,
    shown,
    visitor_at,
)
from app.web.preferences.words import EXAMPLE, WRITE_CONTACT
from app.web.services import services_of

router = APIRouter(include_in_schema=False)

# Where one goes on after giving a code once more.
THEN: Mapping[str, str] = MappingProxyType(
    {name: f"{HOME}/{name}" for name in ("contacts", "sent", "data", "erase", "bind-code")}
)


async def asking_page(request: Request, *, ended: bool = False) -> Response:
    """The first page of who is not signed in."""
    return page(request, "preferences/sign_in.html", ended=ended, mistakes=())


@router.post("/preferences/sign-in")
async def ask(request: Request) -> Response:
    """Ask for a code. The answer is the same whether anybody has the contact point or not."""

    async def act(form: Form) -> Response:
        typed = contact_typed(form.one("contact"))
        if typed is None:
            say = speaker(page_language(request))
            wrong = say(WRITE_CONTACT, address=EXAMPLE)
            return page(request, "preferences/sign_in.html", 422, ended=False, mistakes=(("contact", wrong),))
        services = services_of(request)
        asked = await services.database.transact(
            lambda tx: ask_to_sign_in(tx, *typed, limits=services.code_limits, surroundings=services.surroundings)
        )
        return too_often(request) if isinstance(asked, AskedTooOften) else code_asked(request, "sign-in", asked)

    return await posting(request, act)


@router.api_route("/preferences/sign-in/{code:uuid}", methods=["GET", "HEAD"])
async def type_in(request: Request, code: UUID) -> Response:
    """The page on which a code is typed in; the same for every id, and it looks nothing up."""
    return page(request, "preferences/code.html", code=code, use="sign-in", then="", form="", mistakes=())


@router.post("/preferences/sign-in/{code:uuid}")
async def give(request: Request, code: UUID) -> Response:
    """Take a code and open a session by it."""

    async def act(form: Form) -> Response:
        services = services_of(request)
        given = await services.database.transact(
            lambda tx: sign_in(
                tx, code, form.one("code"), replacing=token_of(request), surroundings=services.surroundings
            )
        )
        if isinstance(given, SignedIn):
            return set_token(redirect(request, HOME), given.token)
        return wrong_code(request, given, {"code": code, "use": "sign-in", "then": "", "form": ""}, again=HOME)

    return await posting(request, act)


@router.post("/preferences/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session; also one that has ended already."""

    async def act(form: Form) -> Response:
        token, services = token_of(request), services_of(request)
        if token is not None and not is_form_token(request, token, form.one("form")):
            return refused(request)
        if token is not None:
            await services.database.transact(lambda tx: session_store.end(tx, digest_of(token)))
        return end_token(message_page(request, 200, marked("You are signed out"), marked("Your settings are kept.")))

    return await posting(request, act)


@router.api_route("/preferences/whose", methods=["GET", "HEAD"])
async def whose(request: Request) -> Response:
    """Whose settings to open, where the contact point is known to several operators."""

    async def answer() -> Response:
        token = token_of(request)
        if token is None:
            return redirect(request, HOME)
        visitor = await visitor_at(request, token)
        if visitor is None:
            return session_over(request)
        names = [(record.id, OPERATORS.get(record.operator, record.operator)) for record in visitor.people]
        first = visitor.people[0].recipient
        language = first.language if first else None
        return page(request, "preferences/whose.html", language=language, people=names, form=form_token(request, token))

    return await answered(request, answer)


@router.post("/preferences/whose")
async def choose(request: Request) -> Response:
    """Open one of those records."""

    async def act(form: Form) -> Response:
        token = token_of(request)
        if token is None:
            return redirect(request, HOME)
        if not is_form_token(request, token, form.one("form")):
            return refused(request)
        visitor = await visitor_at(request, token)
        if visitor is None:
            return session_over(request)
        chosen = next((each.id for each in visitor.people if str(each.id) == form.one("person")), None)
        if chosen is None:
            return redirect(request, f"{HOME}/whose")
        await services_of(request).database.transact(lambda tx: session_store.choose(tx, digest_of(token), chosen))
        return redirect(request, HOME)

    return await posting(request, act)


@router.api_route("/preferences/again", methods=["GET", "HEAD"])
async def ask_once_more(request: Request, then: str = "") -> Response:
    """The page before something that only the person may do: they choose where a fresh code goes."""

    async def show(visit: Visit) -> Response:
        return _where_page(visit, then)

    return await seeing(request, show)


def _where_page(visit: Visit, then: str) -> Response:
    contacts = [contact for contact in visit.person.contact_points if contact.state is ContactState.ACTIVE]
    own = visit.visitor.contact.id if visit.visitor.contact else (contacts[0].id if contacts else None)
    shown_contacts = [(contact.id, masked(contact.channel, contact.value), contact.id == own) for contact in contacts]
    return shown(visit, "again.html", contacts=shown_contacts, then=then if then in THEN else "")


@router.post("/preferences/again")
async def send_once_more(request: Request) -> Response:
    """Ask for a fresh code at one of the person's own contact points."""

    async def act(visit: Visit, form: Form) -> Response:
        services, then = visit.services, form.one("then")
        contact = next(
            (
                each
                for each in visit.person.contact_points
                if str(each.id) == form.one("contact") and each.state is ContactState.ACTIVE
            ),
            None,
        )
        if contact is None:
            return _where_page(visit, then)
        asked = await services.database.transact(
            lambda tx: ask_to_sign_in(
                tx,
                contact.channel,
                contact.value,
                use=Use.STEP_UP,
                limits=services.code_limits,
                surroundings=services.surroundings,
            )
        )
        if isinstance(asked, AskedTooOften):
            return too_often(request)
        return code_asked(request, "again", asked, then=then if then in THEN else "")

    return await doing(request, act)


@router.api_route("/preferences/again/{code:uuid}", methods=["GET", "HEAD"])
async def type_in_once_more(request: Request, code: UUID, then: str = "") -> Response:
    """The page on which the fresh code is typed in."""

    async def show(visit: Visit) -> Response:
        form = form_token(request, visit.token)
        return page(
            request,
            "preferences/code.html",
            language=visit.person.language,
            code=code,
            use="again",
            then=then if then in THEN else "",
            form=form,
            mistakes=(),
        )

    return await seeing(request, show)


@router.post("/preferences/again/{code:uuid}")
async def give_once_more(request: Request, code: UUID) -> Response:
    """Take the fresh code: a new session takes the place of the old one, by the contact point it was sent to."""

    async def act(visit: Visit, form: Form) -> Response:
        services, then = visit.services, form.one("then")
        given = await services.database.transact(
            lambda tx: sign_in(
                tx,
                code,
                form.one("code"),
                use=Use.STEP_UP,
                opening=visit.record.id,
                replacing=visit.token,
                surroundings=services.surroundings,
            )
        )
        if isinstance(given, SignedIn):
            return set_token(redirect(request, THEN.get(then, HOME)), given.token)
        fields = {"code": code, "use": "again", "then": then if then in THEN else "", "form": form.one("form")}
        return wrong_code(request, given, fields, again=f"{HOME}/again", language=visit.person.language)

    return await doing(request, act)


def code_asked(request: Request, use: str, asked: Asked, **query: str) -> Response:
    """Go on to where the code is typed in."""
    return redirect(request, f"{HOME}/{use}/{asked.code}", **{name: value for name, value in query.items() if value})


def wrong_code(
    request: Request, given: Wrong | Gone, fields: Mapping[str, Any], *, again: str, language: str | None = None
) -> Response:
    """The code was not right: how many tries are left, or that another one is needed. Says nothing of contacts."""
    if isinstance(given, Gone) or not given.tries_left:
        return page(request, "preferences/code_gone.html", 410, language=language, again=again)
    say = speaker(page_language(request, language))
    wrong = say("This is not the code. Tries left: %(count)s.", count=str(given.tries_left))
    return page(request, "preferences/code.html", 422, language=language, **fields, mistakes=(("code", wrong),))


def too_often(request: Request) -> Response:
    """Too many codes were asked for there; whether anybody has the contact point, this does not say either."""
    return message_page(
        request,
        429,
        marked("Too many codes were asked for"),
        marked("A code that came within the last minutes still works: type it in on the page where you asked for it."),
        marked("You can ask for another one in an hour."),
        headers={"Retry-After": "3600"},
    )
