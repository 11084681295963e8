"""Proofs to take away, open or closed: as a bundle, on paper, or as a court pack."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.domain.notification import Notification
from app.domain.recipient import DEFAULT_LANGUAGE
from app.evidence.court_pack import court_pack
from app.rendering.catalog import marked
from app.rendering.statement_pdf.account import UnsoundBundleError
from app.storage import notifications as outbox
from app.usecases.issue_statement import LANGUAGES, StatementIssuer
from app.usecases.prove_notification import NothingPublished
from app.usecases.read_story import prove_one
from app.web.audit.story import seal
from app.web.audit.visits import AuditVisit, doing, not_found, reason_in, seeing, unsealable
from app.web.pages import message_page
from app.web.preferences.forms import Form
from app.web.transport import transport_headers

router = APIRouter(include_in_schema=False)

DAMAGED = marked("What is kept of it is damaged: nothing proves it. The log's operator has to look.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file: what it is called, and how it is made of a bundle in a language."""

    suffix: str
    media_type: str
    made_of: Callable[[bytes, StatementIssuer, str], Awaitable[bytes]]


async def _as_it_is(bundle: bytes, _issuer: StatementIssuer, _language: str) -> bytes:
    return bundle


async def _on_paper(bundle: bytes, issuer: StatementIssuer, language: str) -> bytes:
    return await issuer.issue(bundle, language if language in LANGUAGES else DEFAULT_LANGUAGE)


async def _packed(bundle: bytes, issuer: StatementIssuer, language: str) -> bytes:
    statement = await _on_paper(bundle, issuer, language)
    return await run_in_threadpool(court_pack, bundle, statement=statement)


_BUNDLE = Kind(suffix="json", media_type="application/json", made_of=_as_it_is)
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "bundle": _BUNDLE,
        "statement": Kind(suffix="pdf", media_type="application/pdf", made_of=_on_paper),
        "pack": Kind(suffix="zip", media_type="application/zip", made_of=_packed),
    }
)


@router.api_route("/audit/proof/{notification:uuid}", methods=["GET", "HEAD"])
async def closed_proof(request: Request, notification: UUID) -> Response:
    """The bundle with every field closed, for the page's own verifier. It shows nothing personal and leaves no fact."""

    async def show(visit: AuditVisit) -> Response:
        found = await _owned(visit, notification)
        return not_found(request) if found is None else await _file(visit, found, _BUNDLE, opens=False)

    return await seeing(request, show)


@router.post("/audit/proof")
async def take_away(request: Request) -> Response:
    """A file with the proof of one message; open, and put on record, when there is a reason, else closed."""

    async def act(visit: AuditVisit, form: Form) -> Response:
        found = await _owned(visit, _id(form.one("notification")))
        kind = KINDS.get(form.one("kind"))
        if found is None or kind is None:
            return not_found(request)
        reason = reason_in(form)
        if reason is None and form.one("reason"):
            return message_page(
                request, 422, marked("A reason has at most 1,000 characters."), marked("Go back and shorten it.")
            )
        if reason is not None:
            if not visit.can_be_sealed:
                return unsealable(request)
            await seal(visit, found.operator, [found.recipient], reason)
        return await _file(visit, found, kind, opens=reason is not None)

    return await doing(request, act)


async def _owned(visit: AuditVisit, notification: UUID | None) -> Notification | None:
    if notification is None:
        return None
    async with visit.services.database.read() as tx:
        found = await outbox.by_id(tx, notification)
    return found if found is not None and visit.caller.may_act_for(found.operator) else None


async def _file(visit: AuditVisit, found: Notification, kind: Kind, *, opens: bool) -> Response:
    try:
        async with visit.services.database.read() as tx:
            bundle = await prove_one(tx, found.id, opened=None if opens else frozenset(), proving=visit.proving)
    except (LookupError, InvalidTag):
        return message_page(visit.request, 409, DAMAGED)
    if isinstance(bundle, NothingPublished):
        return _not_ready(visit)
    try:
        made = await kind.made_of(bundle.data, visit.services.statements, visit.language)
    except UnsoundBundleError:
        return message_page(visit.request, 409, DAMAGED)
    headers = {
        "Content-Disposition": f'attachment; filename="awizo-{found.id}.{kind.suffix}"',
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        **transport_headers(visit.request),
    }
    return Response(made, headers=headers, media_type=kind.media_type)


def _not_ready(visit: AuditVisit) -> Response:
    return message_page(
        visit.request,
        409,
        marked("The proof is not ready yet"),
        marked("It will be in a few seconds. Go back and try once more."),
        headers={"Retry-After": "2"},
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
