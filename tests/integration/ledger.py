"""A log with nothing around it: database, mark, and as many small facts as a test needs."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from adapters.mark_file import MarkFile
from app.merkle.checkpoint import parse_checkpoint
from app.merkle.note import parse_note, parse_vkey, verify_note
from app.ports import Mark, Signer, Surroundings
from app.storage import log
from app.storage.database import Database
from app.usecases.check_log import Difference, check_log
from app.usecases.record_facts import new_fact_sheet
from app.usecases.seal_log import Sealer
from tests.integration.world import KEYS, ORIGIN_BASE, SeededKeys, signer_for


class RecordingMark:
    """A mark that remembers the size of every note written to it."""

    def __init__(self, inner: Mark) -> None:
        self._inner = inner
        self.sizes: list[int] = []

    def read(self) -> bytes | None:
        return self._inner.read()

    def claim(self) -> bytes | None:
        return self._inner.claim()

    def write(self, note: bytes) -> None:
        self._inner.write(note)
        self.sizes.append(size_of(note))


class OnlyKey(SeededKeys):
    """Signs every shard with one signer, whatever it does."""

    def __init__(self, signer: Signer) -> None:
        super().__init__()
        self._signer = signer

    def newest(self, name: str) -> Signer:
        return super().newest(name) if name.endswith("/statements") else self._signer

    def holding(self, vkey: str) -> Signer | None:
        return self._signer if vkey == self._signer.vkey else super().holding(vkey)


def size_of(note: bytes) -> int:
    """The tree size that a checkpoint states, signature and all."""
    vkey = parse_vkey(signer_for(parse_note(note).text.partition("\n")[0]).vkey)
    return parse_checkpoint(verify_note(note, [vkey]).text).size


@dataclass(slots=True, kw_only=True)
class Ledger:
    database: Database
    surroundings: Surroundings
    mark: RecordingMark

    def sealer(self, signer: Signer | None = None, mark: Mark | None = None) -> Sealer:
        """Another process's sealer; `signer` and `mark` may stand in for the real ones."""
        return Sealer(
            self.database,
            origin_base=ORIGIN_BASE,
            keys=OnlyKey(signer) if signer else KEYS,
            mark=mark or self.mark,
            surroundings=self.surroundings,
        )

    async def record(self, count: int) -> None:
        """`count` facts in one transaction."""
        async with self.database.write() as tx:
            sheet = await new_fact_sheet(tx, self.surroundings)
            for number in range(count):
                sheet.record("log.incident", at=self.surroundings.clock(), data={"detail": f"number {number}"})
            await sheet.write(tx)

    async def seal(self, *counts: int) -> None:
        """Facts in as many transactions as there are counts, each published before the next."""
        sealer = self.sealer()
        await sealer.start()
        for count in counts:
            await self.record(count)
            while await sealer.turn():
                pass

    async def size(self) -> int:
        async with self.database.read() as tx:
            head = await log.current_head(tx)
        assert head is not None
        return head.range.size

    async def published(self) -> list[tuple[int, bytes, bytes]]:
        """Size, root and note of every published checkpoint, the smallest first."""
        async with self.database.read() as tx:
            query = text("SELECT size, root, note FROM checkpoints WHERE shard = '2026h2' ORDER BY size")
            return [(row.size, row.root, row.note) for row in await tx.execute(query)]

    async def difference(self) -> str | None:
        """The sentence of the whole-log check, or None when all holds."""
        results = await check_log(
            self.database,
            keys=KEYS,
            mark=self.mark.read(),
            progress=lambda _count: None,
        )
        assert results
        return next((result.sentence for result in results if isinstance(result, Difference)), None)

    async def as_superuser(self, *statements: str) -> None:
        """Run statements with the triggers out of the way, as somebody who owns the database can."""
        async with self.database.write() as tx:
            if tx.is_postgres:
                await tx.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                for table in ("leaves", "tiles", "checkpoints"):
                    for act in ("update", "delete"):
                        await tx.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{act}"))
            for statement in statements:
                done = await tx.execute(text(statement))
                assert done.rowcount != 0, statement


def new_ledger(database: Database, surroundings: Surroundings, directory: Path) -> Ledger:
    return Ledger(database=database, surroundings=surroundings, mark=RecordingMark(MarkFile(directory / "mark")))
