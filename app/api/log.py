"""The published log (c2sp.org/tlog-tiles): checkpoints, tiles, entries, openings, keys. Free of personal data.

Each shard has its own prefix `/log/<shard>`; `/log` itself answers for the newest one, so that what it says must be
asked again, while what stands below a shard's prefix never changes.
"""

from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from app.api.answer_schemas import reference
from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers, ways_in
from app.api.problems import Problem
from app.api.services import Services, services_of
from app.domain.access import Scope
from app.domain.shard import is_shard_name
from app.merkle.tile_paths import TilePath, parse_tile_path
from app.storage import published_log
from app.storage.published_log import PublishedShard

router = APIRouter(prefix="/log", tags=["log"])

_TEXT, _OCTETS, _JSON = "text/plain; charset=utf-8", "application/octet-stream", "application/json"

# A full tile stays for good; the bytes of a partial one never change either, but soon nobody asks for them.
_FOR_GOOD, _WHILE_PARTIAL, _ASK_AGAIN = "max-age=31536000, immutable", "max-age=3600, immutable", "no-cache"

# With AWIZO_LOG_PUBLIC=no the key is needed; by default nothing is (OpenAPI 3.1 §4.8.30: `{}` makes it optional).
_OPTIONAL_KEY: dict[str, Any] = {"security": [{}, *ways_in(Scope.PROOFS_READ)]}

_require_auditor = require(Scope.PROOFS_READ)


async def _reader(request: Request) -> Services:
    services = services_of(request)
    if not services.log_public:
        await _require_auditor(request)
    return services


_Reader = Annotated[Services, Depends(_reader)]
_Shard = Annotated[str, Path(description="A half-year, with a letter if not the first of it", examples=["2026h2"])]
_Tile = Annotated[
    str, Path(description="`<level>/<index>` or `entries/<index>`, and `.p/<width>`", examples=["0/x001/067.p/112"])
]


@router.get(
    "/checkpoint",
    summary="The newest checkpoint",
    responses=answers(200, 304, 401, 403, 503, media_type="text/plain"),
    openapi_extra=_OPTIONAL_KEY,
)
@router.head("/checkpoint", include_in_schema=False)
async def get_checkpoint(request: Request, services: _Reader) -> Response:
    """A signed note (c2sp.org/tlog-checkpoint) of the newest shard."""
    shard = await _newest(services)
    return _answer(request, services, shard.note, _TEXT, _ASK_AGAIN)


@router.get(
    "/vkey", summary="The log's key and the statements' key", responses=answers(200, 304, 503, media_type="text/plain")
)
@router.head("/vkey", include_in_schema=False)
async def get_vkey(request: Request, services: ServicesDep) -> Response:
    """Two verifier keys (c2sp.org/signed-note), one a line: the log's, then that of statements of completeness."""
    shard = await _newest(services)
    return await _vkey(request, services, shard)


@router.get(
    "/opening.json",
    summary="What opened the newest shard",
    responses=answers(200, 304, 401, 403, 404, 503, schema=reference("Opening")),
    openapi_extra=_OPTIONAL_KEY,
)
@router.head("/opening.json", include_in_schema=False)
async def get_opening(request: Request, services: _Reader) -> Response:
    """Document and salt of its entry 0, which names the last checkpoint of the shard before."""
    shard = await _newest(services)
    return await _opening(request, services, shard, _ASK_AGAIN)


@router.get(
    "/tile/{tile:path}",
    summary="A tile or entry bundle of the newest shard",
    response_class=Response,
    responses=answers(200, 304, 401, 403, 404, 422, 503, media_type=_OCTETS),
    openapi_extra=_OPTIONAL_KEY,
)
@router.head("/tile/{tile:path}", include_in_schema=False)
async def get_tile(tile: _Tile, request: Request, services: _Reader) -> Response:
    """Hashes (c2sp.org/tlog-tiles), or entries, each behind its length in two bytes."""
    wanted = _parse(services, tile)
    shard = await _newest(services)
    return await _tile(request, services, shard, wanted, _ASK_AGAIN)


@router.get(
    "/{shard}/checkpoint",
    summary="The newest checkpoint of one shard",
    responses=answers(200, 304, 401, 403, 404, 422, 503, media_type="text/plain"),
    openapi_extra=_OPTIONAL_KEY,
)
@router.head("/{shard}/checkpoint", include_in_schema=False)
async def get_checkpoint_of_shard(shard: _Shard, request: Request, services: _Reader) -> Response:
    """A signed note (c2sp.org/tlog-checkpoint); of a shard that was closed, its last."""
    found = await _named(services, shard)
    return _answer(request, services, found.note, _TEXT, _ASK_AGAIN)


@router.get(
    "/{shard}/vkey",
    summary="The keys of one shard",
    responses=answers(200, 304, 404, 422, 503, media_type="text/plain"),
)
@router.head("/{shard}/vkey", include_in_schema=False)
async def get_vkey_of_shard(shard: _Shard, request: Request, services: ServicesDep) -> Response:
    """Two verifier keys (c2sp.org/signed-note), one a line: the log's, then that of statements of completeness."""
    found = await _named(services, shard)
    return await _vkey(request, services, found)


@router.get(
    "/{shard}/opening.json",
    summary="What opened one shard",
    responses=answers(200, 304, 401, 403, 404, 422, 503, schema=reference("Opening")),
    openapi_extra=_OPTIONAL_KEY,
)
@router.head("/{shard}/opening.json", include_in_schema=False)
async def get_opening_of_shard(shard: _Shard, request: Request, services: _Reader) -> Response:
    """Document and salt of its entry 0, which names the last checkpoint of the shard before."""
    found = await _named(services, shard)
    return await _opening(request, services, found, _FOR_GOOD)


@router.get(
    "/{shard}/tile/{tile:path}",
    summary="A tile or entry bundle of one shard",
    response_class=Response,
    responses=answers(200, 304, 401, 403, 404, 422, 503, media_type=_OCTETS),
    openapi_extra=_OPTIONAL_KEY,
)
@router.head("/{shard}/tile/{tile:path}", include_in_schema=False)
async def get_tile_of_shard(shard: _Shard, tile: _Tile, request: Request, services: _Reader) -> Response:
    """Hashes (c2sp.org/tlog-tiles), or entries, each behind its length in two bytes. Full ones never change."""
    wanted = _parse(services, tile)
    found = await _named(services, shard)
    return await _tile(request, services, found, wanted, _FOR_GOOD if wanted.is_full else _WHILE_PARTIAL)


async def _newest(services: Services) -> PublishedShard:
    async with services.database.read() as tx:
        shard = await published_log.published_shard(tx)
    if shard is None:
        raise Problem(503, "No checkpoint is published yet", headers={"Retry-After": "1"} | _for_strangers(services))
    return shard


async def _named(services: Services, name: str) -> PublishedShard:
    if not is_shard_name(name):
        raise _absent(services)
    async with services.database.read() as tx:
        shard = await published_log.published_shard(tx, name)
    if shard is None:
        raise _absent(services)
    return shard


def _parse(services: Services, tile: str) -> TilePath:
    try:
        return parse_tile_path(f"tile/{tile}")
    except ValueError:
        raise _absent(services) from None


async def _tile(request: Request, services: Services, shard: PublishedShard, tile: TilePath, fresh: str) -> Response:
    async with services.database.read() as tx:
        data = await published_log.published_tile(tx, shard, tile)
    if data is None:
        raise _absent(services)
    return _answer(request, services, data, _OCTETS, fresh)


async def _opening(request: Request, services: Services, shard: PublishedShard, fresh: str) -> Response:
    async with services.database.read() as tx:
        data = await published_log.opening(tx, shard.shard) if shard.size else None
    if data is None:
        raise _absent(services)
    return _answer(request, services, data, _JSON, fresh)


async def _vkey(request: Request, services: Services, shard: PublishedShard) -> Response:
    async with services.database.read() as tx:
        data = await published_log.vkey_file(tx, shard)
    return _answer(request, services, data, _TEXT, _ASK_AGAIN)


def _absent(services: Services) -> Problem:
    return Problem(404, headers=_for_strangers(services))


def _answer(request: Request, services: Services, data: bytes, media_type: str, fresh: str) -> Response:
    """`data`, or 304 when the caller has it already (RFC 9110 §13.1.2)."""
    tag = f'"{sha256(data).hexdigest()[:32]}"'
    kept_by = "public" if services.log_public else "private"
    headers = {"ETag": tag, "Cache-Control": f"{kept_by}, {fresh}"} | _for_strangers(services)
    known = {each.strip().removeprefix("W/") for each in ",".join(request.headers.getlist("if-none-match")).split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def _for_strangers(services: Services) -> dict[str, str]:
    """Pages of any origin may read a public log, in order to verify it."""
    return {"Access-Control-Allow-Origin": "*"} if services.log_public else {}
