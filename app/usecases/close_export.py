"""Close the file of an auditor's export: its manifest, the signed note about it, and the directory of the zip."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from app.evidence.canonical import format_time
from app.evidence.zip_parts import (
    RunningDigest,
    ZipEntry,
    directory_record,
    end_record,
    local_header,
    packed_entry,
)
from app.ports import SigningKeys
from app.storage import audit_exports as export_store
from app.storage import log, log_keys
from app.storage.audit_exports import AuditExport, ExportItem, FilePart
from app.storage.database import Tx
from app.storage.log import PublishedCheckpoint
from app.usecases.export_question import read_question
from app.usecases.sign_notes import signed_by_all

FORMAT = "awizo-audit-export/v1"
MANIFEST, NOTE = "manifest.json", "manifest.note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """How long the whole file is, and the SHA-256 of its manifest."""

    size: int
    digest: bytes


async def close_export(tx: Tx, export: AuditExport, *, keys: SigningKeys, now: datetime) -> Closed:
    """Write what follows the last bundle. Raises MissingKeyError when a key that signs is not on this machine.

    The manifest is made twice, once to know its checksum, which stands before it: so no more of it than a page is
    ever held.
    """
    checkpoint = await log.newest_checkpoint(tx)
    if checkpoint is None:
        raise LookupError("nothing was published yet")
    running, digest = RunningDigest(), sha256()
    async for piece in _manifest(tx, export, checkpoint, now):
        running.update(piece)
        digest.update(piece)
    manifest = ZipEntry(
        name=MANIFEST, crc=running.crc, size=running.size, packed=running.size, deflated=False, begins=export.size
    )
    file = _Tail(tx, export)
    await file.write(local_header(manifest))
    async for piece in _manifest(tx, export, checkpoint, now):
        await file.write(piece)
    text = _note(export, digest.digest(), now)
    signed = signed_by_all(text, (await log_keys.of_shard(tx, checkpoint.shard)).statements, keys)
    note, content = packed_entry(NOTE, signed, begins=file.size)
    await file.write(content)
    await _write_directory(file, [manifest, note])
    return Closed(size=file.size, digest=digest.digest())


class _Tail:
    """Appends parts to a file that concern no one person."""

    def __init__(self, tx: Tx, export: AuditExport) -> None:
        self.tx = tx
        self.export = export
        self.size = export.size

    async def write(self, data: bytes) -> None:
        """The next part."""
        part = FilePart(begins=self.size, data=data, recipient=None, key=self.export.key)
        await export_store.add_parts(self.tx, self.export.id, [part])
        self.size += len(data)


def file_name(item: ExportItem) -> str:
    """Where an item's bundle stands in the zip."""
    return f"bundles/{item.notification}.json"


async def _manifest(
    tx: Tx, export: AuditExport, checkpoint: PublishedCheckpoint, now: datetime
) -> AsyncIterator[bytes]:
    """One JSON object, a notification a line, in pieces."""
    head = {
        "format": FORMAT,
        "export": str(export.id),
        "asked_at": format_time(export.asked_at),
        "asked_by": export.actor,
        "written_at": format_time(now),
        **read_question(export.question).members(),
        "checkpoint": checkpoint.note.decode(),
    }
    yield (_json(head)[:-1] + ',"notifications":[\n').encode()
    first = True
    async for page in export_store.all_items(tx, export.id):
        lines = ",\n".join(_json(_listed(item)) for item in page)
        yield (lines if first else ",\n" + lines).encode()
        first = False
    yield b"\n]}\n"


def _listed(item: ExportItem) -> dict[str, object]:
    listed: dict[str, object] = {"notification": str(item.notification)}
    if item.digest is None:
        return listed | {"omitted": item.omitted}
    return listed | {"file": file_name(item), "sha256": item.digest.hex()}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _note(export: AuditExport, manifest: bytes, now: datetime) -> str:
    """The lines that are signed: format, export, when, how many notifications it lists, SHA-256 of the manifest."""
    return f"{FORMAT}\n{export.id}\n{format_time(now)}\n{export.notifications}\n{manifest.hex()}\n"


async def _write_directory(file: _Tail, last: list[ZipEntry]) -> None:
    begins, entries = file.size, len(last)
    async for page in export_store.all_items(file.tx, file.export.id):
        present = [_entry(item) for item in page if item.digest is not None]
        if present:
            await file.write(b"".join(map(directory_record, present)))
        entries += len(present)
    await file.write(b"".join(map(directory_record, last)))
    await file.write(end_record(entries=entries, begins=begins, size=file.size - begins))


def _entry(item: ExportItem) -> ZipEntry:
    return ZipEntry(
        name=file_name(item),
        crc=item.crc,
        size=item.size,
        packed=item.packed,
        deflated=True,
        begins=item.begins,
    )
