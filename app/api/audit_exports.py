"""`/v1/audit/exports`: proofs in bulk, written by a worker and fetched as one file."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ValidationError

from app.api.body import read_json
from app.api.dependencies import ServicesDep, require
from app.api.event_fields import Name
from app.api.openapi import answers
from app.api.problems import Problem
from app.api.search_models import FilterData, Reason, SealedName, body_of, faulty
from app.api.services import Services, refuse_while_log_is_untrusted
from app.domain.access import Caller, Scope
from app.storage import audit_exports as export_store
from app.storage.audit_exports import AuditExport, ExportState
from app.storage.database import Database
from app.usecases.export_bundles import EXPORTS_MAX, TooManyExports, ask_for_export
from app.usecases.export_question import ExportQuestion

router = APIRouter(prefix="/v1/audit/exports", tags=["audit"])

BODY_BYTES_MAX = 16 * 1024

_ZIP = "application/zip"
_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))")
_Auditor = Annotated[Caller, Depends(require(Scope.PROOFS_READ))]


class ExportData(FilterData):
    """Which notifications of one operator, and why; `open` names the fields to open, without it all are.

    The filter is that of a search. The reason is sealed with the question, and for each person whose fields are opened.
    """

    operator: Name
    reason: Reason
    open: list[SealedName] | None = None


class ExportView(BaseModel):
    """How far an export is. `notifications` grows while they are listed; `written` counts those gone through.

    `size` is the file's in bytes, once it is `done`; `why` says what became of one that `failed`.
    """

    export: UUID
    state: ExportState
    notifications: int
    written: int
    size: int | None
    why: str | None
    asked_at: datetime
    expires_at: datetime


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    summary="Ask for the proofs of many notifications in one file",
    openapi_extra=body_of(ExportData),
    responses=answers(400, 401, 403, 409, 413, 415, 422, 503),
)
async def post(request: Request, services: ServicesDep, caller: _Auditor) -> ExportView:
    """A worker writes it. What was made after this call is not in it. 409 while the operator has ten exports."""
    wanted = _read(await read_json(request, maximum=BODY_BYTES_MAX))
    if not caller.may_act_for(wanted.operator):
        raise Problem(403, "This key may not read that operator's notifications")
    refuse_while_log_is_untrusted(services)
    question = ExportQuestion(
        search=wanted.search(caller),
        opened=None if wanted.open is None else frozenset(wanted.open),
        reason=wanted.reason,
    )
    ask = partial(ask_for_export, question=question, actor=caller.key_id, surroundings=services.surroundings)
    export = await services.database.transact(ask)
    if isinstance(export, TooManyExports):
        raise Problem(409, f"There are {EXPORTS_MAX} exports of that operator; delete one, or wait until one expires")
    return _shown(await _owned(services, export, caller))


@router.get("/{export}", summary="How far an export is", responses=answers(401, 403, 404, 422, 503))
async def get(export: UUID, services: ServicesDep, caller: _Auditor) -> ExportView:
    """Its state: `queued`, `running`, `done` or `failed`."""
    return _shown(await _owned(services, export, caller))


@router.delete(
    "/{export}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Delete an export and its file",
    responses=answers(204, 401, 403, 404, 422, 503),
)
async def delete(export: UUID, services: ServicesDep, caller: _Auditor) -> None:
    """It ends by itself seven days after it was asked for. Again: 404."""
    await _owned(services, export, caller)
    await services.database.transact(partial(export_store.remove, export=export))


@router.get(
    "/{export}/file",
    summary="The file of an export",
    response_class=Response,
    responses=answers(
        200, 206, 401, 403, 404, 409, 416, 422, 503, schema={"type": "string", "format": "binary"}, media_type=_ZIP
    ),
)
async def get_file(export: UUID, request: Request, services: ServicesDep, caller: _Auditor) -> Response:
    """A zip of bundles with a signed manifest. `Range` and `If-Range` go on with a download that was broken off.

    409 until it is written, and again when somebody was erased meanwhile: then it is written anew without them.
    """
    found = await _owned(services, export, caller)
    async with services.database.read() as tx:
        stale = found.state is ExportState.DONE and await export_store.lacks_somebody(tx, export)
    if stale:
        await services.database.transact(partial(export_store.begin_again, export=export))
    if stale or found.state is not ExportState.DONE or found.digest is None:
        raise Problem(409, "The file is not written yet", headers={"Retry-After": "5"})
    headers = {
        "ETag": f'"{found.digest.hex()}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="awizo-{export}.zip"',
    }
    start, end = _range(request, found.size, headers["ETag"])
    partly = (start, end) != (0, found.size)
    if partly:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    headers["Content-Length"] = str(end - start)
    status = HTTPStatus.PARTIAL_CONTENT if partly else HTTPStatus.OK
    return StreamingResponse(_bytes(services.database, found, start, end), status, headers, _ZIP)


def _range(request: Request, size: int, etag: str) -> tuple[int, int]:
    """Which bytes are asked for, as [start, end): all of them unless one range is given that fits (RFC 9110 §14.2)."""
    matched = _RANGE.fullmatch(request.headers.get("range", ""))
    if matched is None or request.headers.get("if-range", etag) != etag:
        return 0, size
    first, last, suffix = matched.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return 0, size
    if start >= end:
        raise Problem(416, "The file is shorter than that", headers={"Content-Range": f"bytes */{size}"})
    return start, end


async def _bytes(database: Database, export: AuditExport, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes [start, end) of a file, some parts at a time.

    When the file goes meanwhile the answer breaks off, and whoever goes on with it learns why.
    """
    at = start
    while at < end:
        async with database.read() as tx:
            parts = await export_store.parts_from(tx, export, at)
        for begins, data in parts:
            piece = data[at - begins : end - begins]
            if piece:
                yield piece
            at = min(end, begins + len(data))


async def _owned(services: Services, export: UUID, caller: Caller) -> AuditExport:
    async with services.database.read() as tx:
        found = await export_store.find(tx, export, now=services.surroundings.clock())
    if found is None or not caller.may_act_for(found.operator):
        raise Problem(404)
    return found


def _shown(export: AuditExport) -> ExportView:
    return ExportView(
        export=export.id,
        state=export.state,
        notifications=export.notifications,
        written=export.written,
        size=export.size if export.state is ExportState.DONE else None,
        why=export.why,
        asked_at=export.asked_at,
        expires_at=export.expires_at,
    )


def _read(body: object) -> ExportData:
    try:
        return ExportData.model_validate(body)
    except ValidationError as error:
        raise faulty(error) from None
