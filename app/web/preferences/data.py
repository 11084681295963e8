"""Take one's data along, and be erased. Both need a fresh code: they concern everything, at every contact point."""

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.domain.calendar import zone
from app.rendering.words import OPERATORS
from app.storage import sessions as session_store
from app.storage.database import Tx
from app.storage.journal import empty_journal
from app.usecases.erase_recipient import Deferred, erase_recipient
from app.usecases.export_recipient import begin_export
from app.usecases.sessions import digest_of
from app.web.catalog import speaker
from app.web.pages import page
from app.web.preferences.cookies import end_token
from app.web.preferences.forms import Form
from app.web.preferences.visits import HOME, Visit, doing, redirect, seeing, session_over, shown
from app.web.transport import transport_headers

router = APIRouter(include_in_schema=False)

# As facts name who acted, where an operator's key would stand.
ACTOR = "person"


@router.api_route("/preferences/data", methods=["GET", "HEAD"])
async def data(request: Request) -> Response:
    """What there is to take along."""

    async def show(visit: Visit) -> Response:
        return shown(visit, "data.html", is_proven=visit.is_proven)

    return await seeing(request, show)


@router.post("/preferences/data")
async def export(request: Request) -> Response:
    """Everything that is known of the person, as one JSON document; that it was read is a fact (GDPR art. 15, 20)."""

    async def act(visit: Visit, _form: Form) -> Response:
        if not visit.is_proven:
            return redirect(request, f"{HOME}/again", then="data")
        services, person = visit.services, visit.person
        begin = partial(begin_export, actor=ACTOR, surroundings=services.surroundings)
        known = await services.database.transact(lambda tx: begin(tx, person.operator, person.name))
        if known is None:
            return session_over(request)
        headers = {
            "Content-Disposition": 'attachment; filename="awizo-export.json"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **transport_headers(request),
        }
        pieces = services.export_document(services.database, person.name, known)
        return StreamingResponse(pieces, media_type="application/json", headers=headers)

    return await doing(request, act)


@router.api_route("/preferences/erase", methods=["GET", "HEAD"])
async def ask_to_erase(request: Request) -> Response:
    """What goes, what stays and why, before anything is done."""

    async def show(visit: Visit) -> Response:
        return _page(visit)

    return await seeing(request, show)


def _page(visit: Visit, *, mistake: str = "") -> Response:
    mistakes = (("sure", mistake),) if mistake else ()
    return shown(visit, "erase.html", 422 if mistake else 200, is_proven=visit.is_proven, mistakes=mistakes)


@router.post("/preferences/erase")
async def erase(request: Request) -> Response:
    """Erase the person, or note that a legal hold defers it; either way nobody is signed in as them any more."""

    async def act(visit: Visit, form: Form) -> Response:
        if not visit.is_proven:
            return redirect(request, f"{HOME}/again", then="erase")
        if not form.one("sure"):
            say = speaker(visit.language)
            return _page(visit, mistake=say("Tick the box if you are sure."))
        services, person = visit.services, visit.person

        async def end(tx: Tx) -> Deferred | None:
            done = await erase_recipient(
                tx, person.operator, person.name, actor=ACTOR, surroundings=services.surroundings
            )
            await session_store.end(tx, digest_of(visit.token))
            return done if isinstance(done, Deferred) else None

        deferred = await services.database.transact(end)
        if deferred is None:
            await empty_journal(services.database)
        until = deferred.until if deferred else None
        response = page(
            request,
            "preferences/erased.html",
            language=person.language,
            operator=OPERATORS.get(person.operator, person.operator),
            has_others=len(visit.visitor.people) > 1,
            until=until,
            time_zone=zone(person.time_zone),
        )
        return end_token(response)

    return await doing(request, act)
