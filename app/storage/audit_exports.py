"""Exports for auditors: what was asked for, how far it is, and the parts of the file.

The file lies in the database, so that every node can go on with it and serve it, and encrypted part by part: each with
the key of the person whom it is about.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, exists, func, insert, select, update

from app.storage.database import Tx
from app.storage.sql import insert_rows, locked
from app.storage.tables import audit_export_items, audit_export_parts, audit_exports, recipient_keys
from app.storage.tables.audit import UNFINISHED_ROWS
from app.storage.vault import PersonKey

_ITEMS_A_PAGE = 1_000
_PARTS_A_PAGE = 16


class ExportState(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class LeaseLostError(Exception):
    """Somebody else goes on with the export, or it was deleted; nothing of ours may be kept."""


class PartGoneError(Exception):
    """A part of a file cannot be read any more: it was deleted, or the person whom it is about was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExport:
    """One export. `question` is what was asked for as JSON; `passed` how far the listing came; `digest` the manifest's.

    `key` is the export's own: for what belongs to no one person.
    """

    id: UUID
    operator: str
    actor: str
    state: ExportState
    why: str | None
    key: PersonKey = field(repr=False)
    question: bytes = field(repr=False)
    asked_at: datetime
    expires_at: datetime
    passed: UUID | None
    listed: bool
    notifications: int
    written: int
    size: int
    digest: bytes | None
    lease: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportItem:
    """A notification of an export; once written, why there is no bundle (`omitted`), or what it is and where."""

    position: int
    notification: UUID
    omitted: str | None = None
    digest: bytes | None = None
    crc: int = 0
    size: int = 0
    packed: int = 0
    begins: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Some of the file, in its order. `recipient`: whose values it holds, encrypted with `key`."""

    begins: int
    data: bytes = field(repr=False)
    recipient: UUID | None
    key: PersonKey = field(repr=False)


async def add(
    tx: Tx, *, export: UUID, operator: str, actor: str, question: bytes, now: datetime, expires_at: datetime
) -> None:
    """An export that a worker will begin."""
    key, wrapped = tx.vault.new_key(export.bytes)
    row = {
        "id": export,
        "operator": operator,
        "actor": actor,
        "state": ExportState.QUEUED,
        "wrapped_key": wrapped,
        "question": key.seal(question, place=_question_place(export)),
        "asked_at": now,
        "expires_at": expires_at,
    }
    await tx.execute(insert(audit_exports).values(row))


async def count_of(tx: Tx, operator: str, *, now: datetime, limit: int) -> int:
    """How many exports of that operator have not expired, counted up to `limit`."""
    column = audit_exports.c
    living = select(column.id).where(column.operator == operator, column.expires_at > now).limit(limit).subquery()
    return int((await tx.execute(select(func.count()).select_from(living))).scalar_one())


async def find(tx: Tx, export: UUID, *, now: datetime) -> AuditExport | None:
    """One export; None when there is none, or it has expired."""
    query = select(audit_exports).where(audit_exports.c.id == export, audit_exports.c.expires_at > now)
    row = (await tx.execute(query)).one_or_none()
    return _export(tx, row) if row else None


async def claim(tx: Tx, *, lease: UUID, now: datetime, until: datetime) -> AuditExport | None:
    """An unfinished export that nobody is working on, the oldest first; ours until then. None when there is none."""
    column = audit_exports.c
    free = (column.lease_until.is_(None)) | (column.lease_until <= now)
    query = select(audit_exports).where(UNFINISHED_ROWS, free, column.expires_at > now).order_by(column.id).limit(1)
    row = (await tx.execute(locked(tx, query, skip=True))).one_or_none()
    if row is None:
        return None
    values = {"state": ExportState.RUNNING, "lease": lease, "lease_until": until}
    await tx.execute(update(audit_exports).where(column.id == row.id).values(values))
    return _export(tx, row, **values)


async def require_lease(tx: Tx, export: AuditExport) -> None:
    """Lock an export for the next step. Raises LeaseLostError when it is not ours any more."""
    query = select(audit_exports.c.lease).where(audit_exports.c.id == export.id)
    if (await tx.execute(locked(tx, query))).scalar_one_or_none() != export.lease:
        raise LeaseLostError


async def save(tx: Tx, export: AuditExport, **values: Any) -> None:
    """Write how far an export came and let it go; its lease is ours."""
    given_back = {"lease": None, "lease_until": None, **values}
    await tx.execute(update(audit_exports).where(audit_exports.c.id == export.id).values(given_back))


async def begin_again(tx: Tx, export: UUID) -> None:
    """Have the file of a finished export written anew."""
    done = (audit_exports.c.id == export) & (audit_exports.c.state == ExportState.DONE)
    values = {"state": ExportState.QUEUED, "written": 0, "size": 0, "digest": None}
    if (await tx.execute(update(audit_exports).where(done).values(values))).rowcount == 1:
        await drop_parts(tx, export)


async def drop_parts(tx: Tx, export: UUID) -> None:
    """Delete what is written of a file."""
    await tx.execute(delete(audit_export_parts).where(audit_export_parts.c.export_id == export))


async def remove(tx: Tx, export: UUID) -> None:
    """Delete an export with its file."""
    # Its row first, and with it the lock that whoever writes parts of it holds.
    await tx.execute(delete(audit_exports).where(audit_exports.c.id == export))
    await drop_parts(tx, export)
    await tx.execute(delete(audit_export_items).where(audit_export_items.c.export_id == export))


async def expired(tx: Tx, *, now: datetime) -> UUID | None:
    """An export whose time is over."""
    query = select(audit_exports.c.id).where(audit_exports.c.expires_at <= now).limit(1)
    return (await tx.execute(query)).scalar_one_or_none()


async def list_items(tx: Tx, export: UUID, items: Sequence[ExportItem]) -> None:
    """Write which notifications belong to an export."""
    rows = [{"export_id": export, "position": item.position, "notification_id": item.notification} for item in items]
    await insert_rows(tx, audit_export_items, rows)


async def items_from(tx: Tx, export: UUID, position: int, *, limit: int = _ITEMS_A_PAGE) -> list[ExportItem]:
    """Up to `limit` items of an export, those from that position on."""
    column = audit_export_items.c
    query = select(audit_export_items).where(column.export_id == export, column.position >= position)
    return [
        ExportItem(
            position=row.position,
            notification=row.notification_id,
            omitted=row.omitted,
            digest=row.digest,
            crc=row.crc or 0,
            size=row.size or 0,
            packed=row.packed or 0,
            begins=row.begins or 0,
        )
        for row in await tx.execute(query.order_by(column.position).limit(limit))
    ]


async def all_items(tx: Tx, export: UUID) -> AsyncIterator[list[ExportItem]]:
    """Every item of an export, a page at a time."""
    position = 0
    while page := await items_from(tx, export, position):
        yield page
        position = page[-1].position + 1


async def save_items(tx: Tx, export: UUID, items: Iterable[ExportItem]) -> None:
    """Write what became of items."""
    column = audit_export_items.c
    for item in items:
        await tx.execute(
            update(audit_export_items)
            .where(column.export_id == export, column.position == item.position)
            .values(
                omitted=item.omitted,
                digest=item.digest,
                crc=item.crc,
                size=item.size,
                packed=item.packed,
                begins=item.begins,
            )
        )


async def add_parts(tx: Tx, export: UUID, parts: Sequence[FilePart]) -> None:
    """Write the next parts of a file."""
    rows = [
        {
            "export_id": export,
            "begins": part.begins,
            "size": len(part.data),
            "recipient_id": part.recipient,
            "data": part.key.seal(part.data, place=_part_place(export, part.begins)),
        }
        for part in parts
    ]
    await insert_rows(tx, audit_export_parts, rows)


async def lacks_somebody(tx: Tx, export: UUID) -> bool:
    """Whether somebody whose values the file holds has been erased since."""
    parts = audit_export_parts.c
    theirs = exists().where(recipient_keys.c.recipient_id == parts.recipient_id)
    gone = select(parts.begins).where(parts.export_id == export, parts.recipient_id.is_not(None), ~theirs).limit(1)
    return (await tx.execute(gone)).scalar_one_or_none() is not None


async def parts_from(tx: Tx, export: AuditExport, begins: int) -> list[tuple[int, bytes]]:
    """The next parts of a file, from the one on in which the byte `begins` lies: where each begins, and its bytes.

    Raises PartGoneError when one of them cannot be read any more.
    """
    column = audit_export_parts.c
    first = select(func.max(column.begins)).where(column.export_id == export.id, column.begins <= begins)
    query = (
        select(audit_export_parts, recipient_keys.c.wrapped_key)
        .outerjoin(recipient_keys, recipient_keys.c.recipient_id == column.recipient_id)
        .where(column.export_id == export.id, column.begins >= first.scalar_subquery())
        .order_by(column.begins)
        .limit(_PARTS_A_PAGE)
    )
    found = [(row.begins, _opened(tx, export, row)) for row in await tx.execute(query)]
    if not found:
        raise PartGoneError
    return found


def _opened(tx: Tx, export: AuditExport, row: Any) -> bytes:
    try:
        if row.recipient_id is None:
            key = export.key
        elif row.wrapped_key is None:
            raise PartGoneError
        else:
            key = tx.vault.unwrap(row.wrapped_key, row.recipient_id.bytes)
        return key.open(row.data, place=_part_place(export.id, row.begins))
    except InvalidTag:
        raise PartGoneError from None


def _export(tx: Tx, row: Any, **changed: Any) -> AuditExport:
    key = tx.vault.unwrap(row.wrapped_key, row.id.bytes)
    return AuditExport(
        id=row.id,
        operator=row.operator,
        actor=row.actor,
        state=ExportState(changed.get("state", row.state)),
        why=row.why,
        key=key,
        question=key.open(row.question, place=_question_place(row.id)),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        passed=row.passed,
        listed=row.listed,
        notifications=row.notifications,
        written=row.written,
        size=row.size,
        digest=row.digest,
        lease=changed.get("lease", row.lease),
    )


def _question_place(export: UUID) -> bytes:
    return b"audit export" + export.bytes


def _part_place(export: UUID, begins: int) -> bytes:
    return b"audit export part" + export.bytes + begins.to_bytes(8, "big")
