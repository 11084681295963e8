"""Joining without an operator's record: one contact point, confirmed by a code, opens a new person's settings."""

from fastapi import APIRouter, Request, Response

from app.domain.pumping import is_allowed_destination
from app.domain.recipient import LANGUAGES
from app.usecases.join import JoinedTooOften, join
from app.usecases.send_codes import Confirming
from app.web.catalog import speaker
from app.web.pages import LANGUAGE_NAMES, page, page_language
from app.web.preferences.forms import Form, contact_typed
from app.web.preferences.sign_in import too_often
from app.web.preferences.visits import HOME, answered, posting, redirect
from app.web.preferences.words import EXAMPLE, WRITE_CONTACT
from app.web.services import services_of

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/join", methods=["GET", "HEAD"])
async def ask(request: Request) -> Response:
    """The form: a contact point, and in which language to write there."""

    async def show() -> Response:
        return _page(request, page_language(request))

    return await answered(request, show)


@router.post("/preferences/join")
async def begin(request: Request) -> Response:
    """Send a code to the contact point, and ask for it; the same whether anybody has that contact point or not."""

    async def act(form: Form) -> Response:
        services, say = services_of(request), speaker(page_language(request))
        language = form.one("language")
        if language not in LANGUAGES:
            language = page_language(request)
        typed = contact_typed(form.one("contact"))
        if typed is None:
            return _page(request, language, form.one("contact"), mistake=say(WRITE_CONTACT, address=EXAMPLE))
        if not is_allowed_destination(*typed, services.code_limits):
            wrong = say("We send no codes to numbers of that country. Write an e-mail address instead.")
            return _page(request, language, form.one("contact"), mistake=wrong)
        confirming = Confirming(limits=services.code_limits, surroundings=services.surroundings)
        asked = await services.database.transact(lambda tx: join(tx, *typed, language=language, confirming=confirming))
        if isinstance(asked, JoinedTooOften):
            return too_often(request)
        return redirect(request, f"{HOME}/confirm/{asked.code}")

    return await posting(request, act)


def _page(request: Request, language: str, typed: str = "", *, mistake: str = "") -> Response:
    return page(
        request,
        "preferences/join.html",
        422 if mistake else 200,
        typed=typed,
        chosen=language,
        names=[(each, LANGUAGE_NAMES[each]) for each in LANGUAGES],
        mistakes=(("contact", mistake),) if mistake else (),
    )
