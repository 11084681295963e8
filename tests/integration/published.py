"""Logs of any size made fast, their exports, and what is found in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from app.merkle.checkpoint import Checkpoint
from app.merkle.note import VKey, parse_vkey, sign_note
from app.storage import log
from app.storage.log import PendingEntry
from app.storage.log_directory import LogDirectory
from app.usecases.check_copy import CopyDifference, CopySummary, check_copy
from app.usecases.export_log import ExportedShard, export_log
from tests.integration.ledger import Ledger
from tests.integration.world import ORIGIN_BASE, signer_for

SHARD = "2026h2"
LOG_KEY = parse_vkey(signer_for(f"{ORIGIN_BASE}/{SHARD}").vkey)
CHUNK = 4096


async def grow(ledger: Ledger, size: int) -> None:
    """Make the log that large, with entries of no facts, and publish its checkpoint."""
    async with ledger.database.write() as tx:
        head = await log.current_head(tx)
        assert head is not None
        for start in range(head.range.size, size, CHUNK):
            numbers = range(start, min(start + CHUNK, size))
            pending = [
                PendingEntry(position=0, fact=UUID(int=number), commitment=sha256(str(number).encode()).digest())
                for number in numbers
            ]
            head = await log.sequence(tx, head, pending)
            assert head is not None
        checkpoint = Checkpoint(origin=head.origin, size=size, root=head.range.root())
        signer = signer_for(head.origin)
        note = sign_note(checkpoint.text(), vkey=parse_vkey(signer.vkey), sign=signer.sign)
        now = ledger.surroundings.clock()
        await log.publish(tx, shard=head.shard, size=size, root=checkpoint.root, note=note, now=now)


async def export(ledger: Ledger, directory: Path) -> list[ExportedShard]:
    return await export_log(ledger.database, LogDirectory(directory), progress=lambda _done, _total: None)


def check(directory: Path, *vkeys: VKey) -> list[CopySummary | CopyDifference]:
    copy = LogDirectory(directory)
    return check_copy(copy.read, paths=copy.paths, vkeys=vkeys, progress=lambda _count: None)


def differences(directory: Path, *vkeys: VKey) -> list[str]:
    """Each difference as `place: sentence`."""
    found = check(directory, *vkeys)
    return [f"{item.place}: {item.sentence}" for item in found if isinstance(item, CopyDifference)]


def files(directory: Path) -> dict[str, bytes]:
    """Every file below by its path."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@contextmanager
def changed(directory: Path, path: str, content: bytes | None) -> Iterator[None]:
    """The copy with that file of another content, or absent."""
    file = directory / path
    before = file.read_bytes() if file.exists() else None
    if content is None:
        file.unlink()
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    yield
    if before is None:
        file.unlink()
    else:
        file.write_bytes(before)
