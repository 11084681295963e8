"""`GET /v1/shipments/{operator}/{shipment}/statement`: what the log has about one shipment, or that it has nothing."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers
from app.api.opened_fields import Open, opened_fields
from app.api.problems import Problem
from app.api.recipients import Name
from app.api.search_models import reason_in
from app.api.services import Services, refuse_while_log_is_untrusted
from app.api.shipment_statement_schema import STATEMENT_SCHEMA
from app.domain.access import Caller, Scope
from app.domain.reason import REASON_MAX
from app.storage import events as event_store
from app.storage import shipment_facts
from app.usecases.prove_notification import NothingPublished
from app.usecases.read_access import Reading, seal_reading
from app.usecases.state_shipment import LISTED_MAX, About, TooManyFacts, state_shipment

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])

ACT = "shipment_statement"


@router.get(
    "/{operator}/{shipment}/statement",
    summary="What the log has about one shipment until a moment, signed; also that it has nothing",
    response_class=Response,
    responses=answers(200, 401, 403, 404, 409, 422, 503, schema=STATEMENT_SCHEMA),
)
async def get_shipment_statement(
    operator: Name,
    shipment: Name,
    request: Request,
    services: ServicesDep,
    caller: Annotated[Caller, Depends(require(Scope.PROOFS_READ))],
    opened: Open = None,
    because: Annotated[str | None, Header(alias="Awizo-Reason", max_length=12 * REASON_MAX)] = None,
) -> Response:
    """Event facts with their proofs, notifications by their last leaf, and the log's signed word that these are all.

    A shipment that nobody ever named is answered as well: that there is no event about it until `until` is what is
    stated then. 404 only for an operator whom the key does not act for: his names are his own, and the same name is
    another shipment there. `?open=shipment,event` reveals only those fields, `?open=none` none, not even the name of
    the shipment. Whoever reads fields is put on record as `access.read` for each person whom the events name, with
    the reason that `Awizo-Reason` gives (percent-encoded UTF-8). 409 before anything is published, and for a shipment
    with more than 1,000 facts of events or notifications.
    """
    fields = opened_fields(request, opened)
    reading = Reading(actor=caller.key_id, act=ACT, reason=reason_in(because))
    if not caller.may_act_for(operator):
        raise Problem(404)
    people = set() if fields == frozenset() else await _put_on_record(services, operator, shipment, reading)
    async with services.database.read() as tx:
        file = await state_shipment(
            tx,
            About(operator=operator, shipment=shipment, opened=fields, people=people),
            keys=services.keys,
            surroundings=services.surroundings,
            witnesses=services.witness_policy,
            quorum=services.witness_quorum,
        )
    match file:
        case NothingPublished():
            raise Problem(409, "Nothing can be stated of it yet", headers={"Retry-After": "1"})
        case TooManyFacts():
            raise Problem(409, f"More than {LISTED_MAX} facts of events, or notifications, are about it")
        case _:
            return Response(file.data, media_type="application/json")


async def _put_on_record(services: Services, operator: str, shipment: str, reading: Reading) -> set[UUID]:
    """Seal the reading for everybody whom events about the shipment name; who they are."""
    refuse_while_log_is_untrusted(services)
    async with services.database.read() as tx:
        index = event_store.shipment_index(tx, operator, shipment)
        people = await shipment_facts.people(tx, operator, index)
    seal = partial(seal_reading, operator=operator, people=people, reading=reading)
    await services.database.transact(partial(seal, surroundings=services.surroundings))
    return people
