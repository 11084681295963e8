"""An operator's single-use link to one person's settings: looking at it changes nothing, the button opens it once."""

from fastapi import APIRouter, Request, Response

from app.rendering.catalog import marked
from app.storage.database import Tx
from app.usecases.preference_link import open_link
from app.usecases.sessions import open_session
from app.web.pages import message_page, page
from app.web.preferences.cookies import set_token, token_of
from app.web.preferences.forms import Form
from app.web.preferences.visits import HOME, posting, redirect
from app.web.services import services_of

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/link/{token}", methods=["GET", "HEAD"])
async def ask(request: Request, token: str) -> Response:  # noqa: ARG001 – only the POST looks at it
    """The button; the same for every link, and it looks nothing up: scanners and previews follow links."""
    return page(request, "preferences/link.html")


@router.post("/preferences/link/{token}")
async def use_link(request: Request, token: str) -> Response:
    """Open that person's settings, and no one else's. Contact points change only after a code."""

    async def act(_form: Form) -> Response:
        services = services_of(request)

        async def opened(tx: Tx) -> str | None:
            person = await open_link(tx, token, now=services.surroundings.clock())
            if person is None:
                return None
            return await open_session(
                tx, recipient=person, replacing=token_of(request), surroundings=services.surroundings
            )

        session = await services.database.transact(opened)
        if session is None:
            return message_page(
                request,
                410,
                marked("This link does not work any more"),
                marked("It works once and only for 5 minutes. Nothing has changed."),
                marked("Ask the operator for a new one, or sign in with a code that we send you."),
            )
        return set_token(redirect(request, HOME), session)

    return await posting(request, act)
