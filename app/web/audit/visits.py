"""Who is at an auditor's page and may do what there: the session, its credentials, forms that only our pages post."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response

from app.domain.access import Caller, Scope
from app.domain.reason import is_reason
from app.rendering.catalog import marked
from app.storage import sessions as session_store
from app.storage.database import DatabaseUnavailableError
from app.usecases.log_fault import LogStuckError
from app.usecases.read_access import Reading
from app.usecases.read_story import Proving
from app.usecases.sessions import Presented, digest_of, needs_noting, presented_in
from app.web.assets import asset_url
from app.web.pages import message_page, page, page_language
from app.web.preferences.cookies import AUDIT, end_token, form_token, is_form_token, is_from_elsewhere, token_of
from app.web.preferences.forms import Form, read_form
from app.web.preferences.visits import redirect
from app.web.services import WebServices, services_of

HOME = "/audit"
STYLESHEET = "audit.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVisit:
    """A request of somebody whose session was opened by credentials that still hold."""

    request: Request
    services: WebServices
    token: str = field(repr=False)
    caller: Caller

    @property
    def language(self) -> str:
        """The language of the page."""
        return page_language(self.request)

    def reading(self, act: str, reason: str | None) -> Reading:
        """What is put on record of reading by that act."""
        return Reading(actor=self.caller.key_id, act=act, reason=reason)

    @property
    def proving(self) -> Proving:
        """What the service proves with."""
        services = self.services
        return Proving(
            keys=services.keys,
            surroundings=services.surroundings,
            witnesses=services.witness_policy,
            quorum=services.witness_quorum,
        )

    @property
    def can_be_sealed(self) -> bool:
        """Whether reading can be put on record just now; nobody reads what is personal when it cannot."""
        return self.services.log_watch.fault is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHere:
    """What every page of a signed-in auditor shows: the key's id, its operators (None: all), and what forms carry."""

    key_id: str
    operators: tuple[str, ...] | None
    form: str = field(repr=False)


Act = Callable[[AuditVisit, Form], Awaitable[Response]]


async def answered(request: Request, answer: Callable[[], Awaitable[Response]]) -> Response:
    """What `answer` says, or that nothing can be read just now."""
    try:
        return await answer()
    except (DatabaseUnavailableError, LogStuckError):
        return message_page(
            request,
            503,
            marked("Nothing can be read right now"),
            marked("Try again in a few minutes. Proofs that you have already taken away can be checked without us."),
            headers={"Retry-After": "2"},
        )


async def seeing(request: Request, show: Callable[[AuditVisit], Awaitable[Response]]) -> Response:
    """A page of the auditor who is signed in; without a session, the page on which one signs in."""

    async def answer() -> Response:
        visit = await visit_of(request)
        return await show(visit) if isinstance(visit, AuditVisit) else visit

    return await answered(request, answer)


async def posting(request: Request, act: Callable[[Form], Awaitable[Response]]) -> Response:
    """What somebody does by a form that no other site has sent."""

    async def answer() -> Response:
        form = None if is_from_elsewhere(request) else await read_form(request)
        return refused(request) if form is None else await act(form)

    return await answered(request, answer)


async def doing(request: Request, act: Act) -> Response:
    """What the auditor who is signed in does by one of our own forms."""

    async def answer(form: Form) -> Response:
        visit = await visit_of(request)
        if not isinstance(visit, AuditVisit):
            return visit
        if not is_form_token(request, visit.token, form.one("form")):
            return refused(request)
        return await act(visit, form)

    return await posting(request, answer)


async def visit_of(request: Request) -> AuditVisit | Response:
    """Who is at the page, or where to go instead. A session ends with the credentials that opened it."""
    services, token = services_of(request), token_of(request, AUDIT)
    now = services.surroundings.clock()
    if token is None:
        return redirect(request, HOME)
    async with services.database.read() as tx:
        presented = await presented_in(tx, token, now=now)
    caller = await services.keyring.caller(presented.credentials) if presented else None
    if presented is None or caller is None or not caller.may(Scope.PROOFS_READ):
        await _end(services, presented)
        return end_token(redirect(request, HOME, ended="yes"), AUDIT)
    if needs_noting(presented.session, now=now):
        await services.database.transact(lambda tx: session_store.seen(tx, digest_of(token), now=now))
    return AuditVisit(request=request, services=services, token=token, caller=caller)


async def _end(services: WebServices, presented: Presented | None) -> None:
    if presented is not None:
        await services.database.transact(lambda tx: session_store.end(tx, presented.session.digest))


def shown(visit: AuditVisit, template: str, status: int = 200, **context: Any) -> Response:
    """A page of an auditor who is signed in."""
    operators = visit.caller.operators
    here = AuditHere(
        key_id=visit.caller.key_id,
        operators=None if operators is None else tuple(sorted(operators)),
        form=form_token(visit.request, visit.token),
    )
    stylesheet = asset_url(visit.request, STYLESHEET)
    return page(visit.request, f"audit/{template}", status, here=here, audit_stylesheet=stylesheet, **context)


def reason_in(form: Form) -> str | None:
    """Why somebody asks, as they wrote it; None when they wrote nothing, or more than a reason may have."""
    reason = form.one("reason")
    return reason if is_reason(reason) else None


def refused(request: Request) -> Response:
    """A form that none of our pages has sent, or one of a session that has ended since, or no form at all."""
    return message_page(
        request,
        403,
        marked("We cannot accept this form"),
        marked("It did not come from a page of yours that is still open. Go back to the search and try once more."),
    )


def not_found(request: Request) -> Response:
    """There is no such record, or not for this key: both look alike."""
    return message_page(
        request,
        404,
        marked("There is nothing at this address"),
        marked("Go back to the search: there may be no such record, or it is not one of your key's operators."),
    )


def unsealable(request: Request) -> Response:
    """Reading cannot be put on record, so nothing personal is read."""
    return message_page(
        request,
        503,
        marked("Personal data cannot be read right now"),
        marked("The evidence log needs its operator, and nobody reads what cannot be put on record."),
        headers={"Retry-After": "60"},
    )
