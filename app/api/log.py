"""The published log: its newest checkpoint and its keys. Public, and free of personal data."""

from fastapi import APIRouter, Response

from app.api.dependencies import ServicesDep
from app.api.openapi import answers
from app.api.problems import Problem
from app.evidence.statement import statement_key_name
from app.storage import log

router = APIRouter(prefix="/log", tags=["log"])

_TEXT = "text/plain; charset=utf-8"


@router.get("/checkpoint", summary="The newest checkpoint", responses=answers(200, 503, media_type="text/plain"))
async def get_checkpoint(services: ServicesDep) -> Response:
    """A signed note (c2sp.org/tlog-checkpoint) of the shard that is being written."""
    async with services.database.read() as tx:
        newest = await log.newest_checkpoint(tx)
    if newest is None:
        raise Problem(503, "No checkpoint is published yet", headers={"Retry-After": "1"})
    return Response(newest.note, media_type=_TEXT, headers={"Cache-Control": "no-cache"})


@router.get(
    "/vkey", summary="The log's key and the statements' key", responses=answers(200, 503, media_type="text/plain")
)
async def get_vkey(services: ServicesDep) -> Response:
    """Two verifier keys (c2sp.org/signed-note), one a line: the log's, then that of statements of completeness."""
    async with services.database.read() as tx:
        head = await log.current_head(tx)
    if head is None:
        raise Problem(503, "The log is not open yet", headers={"Retry-After": "1"})
    names = (head.origin, statement_key_name(head.origin))
    keys = "".join(f"{services.signer_for(name).vkey}\n" for name in names)
    return Response(keys, media_type=_TEXT)
