"""A new contact point is confirmed by the code that was sent there; on any device, signed in or not."""

from collections.abc import Awaitable, Callable
from typing import assert_never
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.contact_value import masked
from app.rendering.words import OPERATORS
from app.storage.database import Tx
from app.usecases.confirm_contact import Confirmed, confirm_contact
from app.usecases.confirm_unseen import TypedTooOften, confirm_unseen
from app.usecases.give_code import Gone, Wrong
from app.usecases.join import sign_in_who_joined
from app.usecases.send_codes import Confirming
from app.web.catalog import speaker
from app.web.pages import page, page_language
from app.web.preferences.cookies import set_token, token_of
from app.web.preferences.forms import Form, contact_typed
from app.web.preferences.sign_in import too_often, wrong_code
from app.web.preferences.visits import HOME, posting, redirect
from app.web.preferences.words import EXAMPLE, WRITE_CONTACT
from app.web.services import services_of

router = APIRouter(include_in_schema=False)

Given = Confirmed | Wrong | Gone | TypedTooOften


@router.api_route("/preferences/code", methods=["GET", "HEAD"])
async def type_in_both(request: Request) -> Response:
    """Where whoever got a code by SMS types in number and code, on any device and without an address to go by."""
    return page(request, "preferences/code_got.html", mistakes=())


@router.post("/preferences/code")
async def confirm_both(request: Request) -> Response:
    """The same as below, by the contact in place of the id; the answer is alike whether anybody has it or not."""

    async def act(form: Form) -> Response:
        say = speaker(page_language(request))
        contact = contact_typed(form.one("contact"))
        if contact is None:
            mistake = "contact", say(WRITE_CONTACT, address=EXAMPLE)
            return page(request, "preferences/code_got.html", 422, mistakes=(mistake,))

        async def give(tx: Tx, confirming: Confirming) -> Given:
            typed, language = form.one("code"), page_language(request)
            return await confirm_unseen(tx, contact, typed, language=language, confirming=confirming)

        def wrong(_given: Wrong | Gone) -> Response:
            mistake = "code", say("This is not a code that waits for this contact. Ask for another one if it is old.")
            return page(request, "preferences/code_got.html", 422, mistakes=(mistake,))

        return await _taken(request, give, wrong)

    return await posting(request, act)


@router.api_route("/preferences/confirm/{code:uuid}", methods=["GET", "HEAD"])
async def type_in(request: Request, code: UUID) -> Response:
    """The page on which the code is typed in; the same for every id, and it looks nothing up."""
    return page(request, "preferences/code.html", code=code, use="confirm", then="", form="", mistakes=())


@router.post("/preferences/confirm/{code:uuid}")
async def confirm(request: Request, code: UUID) -> Response:
    """Take the code and use the contact point from now on; who joined by it goes on to choose what is sent there."""

    async def act(form: Form) -> Response:
        async def give(tx: Tx, confirming: Confirming) -> Given:
            typed, language = form.one("code"), page_language(request)
            return await confirm_contact(tx, code, typed, language=language, confirming=confirming)

        def wrong(given: Wrong | Gone) -> Response:
            fields = {"code": code, "use": "confirm", "then": "", "form": ""}
            return wrong_code(request, given, fields, again=f"{HOME}/contacts")

        return await _taken(request, give, wrong)

    return await posting(request, act)


async def _taken(
    request: Request,
    give: Callable[[Tx, Confirming], Awaitable[Given]],
    wrong: Callable[[Wrong | Gone], Response],
) -> Response:
    """What a code leads to: the contact point is in use, and who joined by it is signed in."""
    services, replacing = services_of(request), token_of(request)
    surroundings = services.surroundings
    confirming = Confirming(limits=services.code_limits, surroundings=surroundings)

    async def taken(tx: Tx) -> tuple[Given, str | None]:
        given = await give(tx, confirming)
        if not isinstance(given, Confirmed):
            return given, None
        return given, await sign_in_who_joined(tx, given, replacing=replacing, surroundings=surroundings)

    given, token = await services.database.transact(taken)
    match given:
        case TypedTooOften():
            return too_often(request)
        case Wrong() | Gone():
            return wrong(given)
        case Confirmed(person=person, contact=contact):
            if token is not None:
                return set_token(redirect(request, f"{HOME}/messages"), token)
            operator = OPERATORS.get(person.operator, person.operator)
            shown = masked(contact.channel, contact.value)
            return page(
                request, "preferences/confirmed.html", language=person.language, contact=shown, operator=operator
            )
        case _:
            assert_never(given)
