"""A new contact point is confirmed by the code that was sent there; on any device, signed in or not."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.contact_value import masked
from app.rendering.words import OPERATORS
from app.usecases.confirm_contact import Confirmed, confirm_contact
from app.usecases.send_codes import Confirming
from app.web.pages import page, page_language
from app.web.preferences.forms import Form
from app.web.preferences.sign_in import wrong_code
from app.web.preferences.visits import HOME, posting
from app.web.services import services_of

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/confirm/{code}", methods=["GET", "HEAD"])
async def type_in(request: Request, code: UUID) -> Response:
    """The page on which the code is typed in; the same for every id, and it looks nothing up."""
    return page(request, "preferences/code.html", code=code, use="confirm", then="", form="", mistakes=())


@router.post("/preferences/confirm/{code}")
async def confirm(request: Request, code: UUID) -> Response:
    """Take the code and use the contact point from now on."""

    async def act(form: Form) -> Response:
        services = services_of(request)
        confirming = Confirming(limits=services.code_limits, surroundings=services.surroundings)
        given = await services.database.transact(
            lambda tx: confirm_contact(
                tx, code, form.one("code"), language=page_language(request), confirming=confirming
            )
        )
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
