"""`POST /v1/notifications/search`: for auditors, by what must not stand in a URL."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app.api.body import read_json
from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers
from app.api.problems import Problem
from app.api.search_models import SearchData, body_of, cursor_of, position_of, read_search
from app.api.search_views import FOUND_PAGE, found_views
from app.api.services import Services, refuse_while_log_is_untrusted
from app.domain.access import Caller, Scope
from app.storage.search import Search
from app.usecases.read_access import Reading
from app.usecases.search_notifications import seal_search, search_notifications

router = APIRouter(prefix="/v1/notifications", tags=["audit"])

BODY_BYTES_MAX = 16 * 1024


@router.post(
    "/search",
    summary="Find notifications, also by phone number or e-mail address",
    openapi_extra=body_of(SearchData),
    responses=answers(200, 400, 401, 403, 413, 415, 422, 503, schema=FOUND_PAGE),
)
async def search(
    request: Request,
    services: ServicesDep,
    caller: Annotated[Caller, Depends(require(Scope.PROOFS_READ, Scope.SHIPMENTS_READ))],
) -> Response:
    """Newest first. A page can have fewer items than `limit`, or none, and still a `next`: go on until that is null.

    `facts` says of each what its facts show at best, and where its proof is. A search that names a person, a contact or
    a courier is sealed as `access.read` before the answer, whether or not it finds.
    """
    wanted = read_search(await read_json(request, maximum=BODY_BYTES_MAX))
    before = position_of(wanted.cursor)
    if wanted.operator is not None and not caller.may_act_for(wanted.operator):
        raise Problem(403, "This key may not read that operator's notifications")
    looked_for = wanted.search(caller)
    if looked_for.names_somebody:
        refuse_while_log_is_untrusted(services)
    reading = Reading(actor=caller.key_id, act="search", reason=wanted.reason)
    page, _ = await asyncio.gather(  # what is found is given to nobody before it is sealed that they asked
        _page(services, looked_for, before=before, limit=wanted.limit),
        seal_search(services.database, looked_for, reading, surroundings=services.surroundings),
    )
    return Response(orjson.dumps(page), HTTPStatus.OK, media_type="application/json")


async def _page(services: Services, looked_for: Search, *, before: UUID | None, limit: int) -> dict[str, Any]:
    async with services.database.read() as tx:
        found = await search_notifications(tx, looked_for, before=before, limit=limit)
        items = await found_views(tx, found)
    return {"items": items, "next": cursor_of(found.following) if found.following else None}
