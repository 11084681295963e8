"""A new contact point is confirmed by the code that was sent there; on any device, signed in or not."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.contact_value import masked
from app.rendering.words import OPERATORS
from app.storage.database import Tx
from app.usecases.confirm_contact import Confirmed, confirm_contact
from app.usecases.give_code import Gone, Wrong
from app.usecases.join import sign_in_who_joined
from app.usecases.send_codes import Confirming
from app.web.pages import page, page_language
from app.web.preferences.cookies import set_token, token_of
from app.web.preferences.forms import Form
from app.web.preferences.sign_in import wrong_code
from app.web.preferences.visits import HOME, posting, redirect
from app.web.services import services_of

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/confirm/{code:uuid}", methods=["GET", "HEAD"])
async def type_in(request: Request, code: UUID) -> Response:
    """The page on which the code is typed in; the same for every id, and it looks nothing up."""
    return page(request, "preferences/code.html", code=code, use="confirm", then="", form="", mistakes=())


@router.post("/preferences/confirm/{code:uuid}")
async def confirm(request: Request, code: UUID) -> Response:
    """Take the code and use the contact point from now on; who joined by it goes on to choose what is sent there."""

    async def act(form: Form) -> Response:
        services = services_of(request)
        confirming = Confirming(limits=services.code_limits, surroundings=services.surroundings)
        language, replacing = page_language(request), token_of(request)

        async def confirmed(tx: Tx) -> tuple[Confirmed | Wrong | Gone, str | None]:
            given = await confirm_contact(tx, code, form.one("code"), language=language, confirming=confirming)
            if not isinstance(given, Confirmed):
                return given, None
            surroundings = services.surroundings
            return given, await sign_in_who_joined(tx, given, replacing=replacing, surroundings=surroundings)

        given, token = await services.database.transact(confirmed)
        if token is not None:
            return set_token(redirect(request, f"{HOME}/messages"), token)
        if isinstance(given, Confirmed):
            return page(
                request,
                "preferences/confirmed.html",
                language=given.person.language,
                contact=masked(given.contact.channel, given.contact.value),
                operator=OPERATORS.get(given.person.operator, given.person.operator),
            )
        fields = {"code": code, "use": "confirm", "then": "", "form": ""}
        return wrong_code(request, given, fields, again=f"{HOME}/contacts")

    return await posting(request, act)
