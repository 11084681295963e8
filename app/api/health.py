"""Is it alive, is it ready, how does it do."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.api.dependencies import ServicesDep
from app.api.metrics import refresh_gauges
from app.api.openapi import answers
from app.api.problems import Problem
from app.storage import log
from app.storage.database import DatabaseUnavailableError

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers", responses=answers(200, media_type="text/plain"))
async def healthz() -> Response:
    """Always 200 while the process can answer at all."""
    return Response("ok\n", media_type="text/plain; charset=utf-8")


@router.get("/readyz", summary="Ready to accept", responses=answers(200, 503, media_type="text/plain"))
async def readyz(services: ServicesDep) -> Response:
    """200 when events can be accepted; 503 says what is missing, and names `awizo log recover` if that is needed."""
    if (sentence := services.log_watch.fault or services.log_watch.stuck) is not None:
        raise Problem(503, sentence, headers={"Retry-After": "60"})
    try:
        async with services.database.read() as tx:
            newest = await log.newest_checkpoint(tx)
    except DatabaseUnavailableError:
        raise Problem(503, "The database cannot be reached", headers={"Retry-After": "1"}) from None
    if newest is None:
        raise Problem(503, "The evidence log has no checkpoint yet", headers={"Retry-After": "1"})
    return Response("ready\n", media_type="text/plain; charset=utf-8")


@router.get("/metrics", summary="Figures for Prometheus", responses=answers(200, 503, media_type="text/plain"))
async def metrics(services: ServicesDep) -> Response:
    """Counters of this process, and gauges of the outbox and the log read from the database."""
    async with services.database.read() as tx:
        await refresh_gauges(services.metrics, tx, now=services.surroundings.clock())
    return Response(generate_latest(services.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
