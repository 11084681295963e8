"""Signing in with an auditor's key or access token, and leaving again."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from app.domain.access import Caller, Scope
from app.rendering.catalog import marked
from app.storage import sessions as session_store
from app.usecases.guard_sign_in import may_try, note_failure
from app.usecases.sessions import digest_of, open_session
from app.web.audit.visits import HOME, AuditVisit, answered, posting, refused, shown, visit_of
from app.web.catalog import speaker
from app.web.pages import message_page, page, page_language
from app.web.preferences.cookies import AUDIT, end_token, is_form_token, set_token, token_of
from app.web.preferences.forms import Form
from app.web.preferences.visits import redirect
from app.web.services import services_of

router = APIRouter(include_in_schema=False)

NOT_LIVE = marked("This key does not work: it is mistyped, it has expired, or it was revoked.")
NO_SCOPE = marked("This key may not read proofs: it needs the scope %(scope)s.")
TOO_OFTEN = marked("This key was tried with a wrong secret too often. It can sign in here again in an hour.")


@router.api_route("/audit", methods=["GET", "HEAD"])
async def audit(request: Request, ended: str = "") -> Response:
    """The search of who is signed in, else the page on which one signs in."""

    async def answer() -> Response:
        if token_of(request, AUDIT) is None:
            return _asking(request, ended=bool(ended))
        visit = await visit_of(request)
        return shown(visit, "search.html", asked=None) if isinstance(visit, AuditVisit) else visit

    return await answered(request, answer)


@router.post("/audit/sign-in")
async def sign_in(request: Request) -> Response:
    """Open a session by credentials that may read proofs; none survives from before (session fixation)."""

    async def act(form: Form) -> Response:
        services, credentials = services_of(request), form.one("key")
        surroundings = services.surroundings
        if not await may_try(services.database, credentials, now=surroundings.clock()):
            return _asking(request, 429, mistake=TOO_OFTEN, headers={"Retry-After": "3600"})
        caller = await services.keyring.caller(credentials)
        if caller is None:
            await note_failure(services.database, credentials, now=surroundings.clock())
        if caller is None or not caller.may(Scope.PROOFS_READ):
            return _asking(request, 422, mistake=_mistake(caller))
        before = token_of(request, AUDIT)
        token = await services.database.transact(
            lambda tx: open_session(tx, credentials=credentials, replacing=before, surroundings=surroundings)
        )
        return set_token(redirect(request, HOME), token, AUDIT)

    return await posting(request, act)


@router.post("/audit/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session; also one that has ended already."""

    async def act(form: Form) -> Response:
        token, services = token_of(request, AUDIT), services_of(request)
        if token is not None and not is_form_token(request, token, form.one("form")):
            return refused(request)
        if token is not None:
            await services.database.transact(lambda tx: session_store.end(tx, digest_of(token)))
        return end_token(
            message_page(request, 200, marked("You are signed out"), marked("The key still works.")), AUDIT
        )

    return await posting(request, act)


def _mistake(caller: Caller | None) -> str:
    return NOT_LIVE if caller is None else NO_SCOPE


def _asking(
    request: Request,
    status: int = 200,
    *,
    ended: bool = False,
    mistake: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    said = speaker(page_language(request))(mistake, scope=Scope.PROOFS_READ) if mistake else ""
    mistakes = (("key", said),) if said else ()
    return page(request, "audit/sign_in.html", status, headers=headers, ended=ended, mistakes=mistakes)
