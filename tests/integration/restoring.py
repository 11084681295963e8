"""A database that is set back to an earlier day, and the recovery of its log."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from app.storage.database import Database
from app.storage.log_directory import LogDirectory
from app.usecases.ask_witnesses import Witnesses
from app.usecases.check_log import Difference, check_log
from app.usecases.recover_log import NothingToRecover, Recovery, recover_log
from tests.builders import event
from tests.integration.world import KEYS, ORIGIN_BASE, World, sealer

TABLES = (
    "recipients", "recipient_keys", "contact_points", "consents", "events", "stays", "former_stays", "anomalies",
    "notifications", "attempts", "receipts",
    "facts", "pending_entries", "leaves", "tiles", "tree_heads", "checkpoints", "log_keys",
)  # fmt: skip


class Backup:
    """All rows of a database at one moment, and the way back to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self) -> None:
        await self._run("CREATE TABLE backup_{0} AS SELECT * FROM {0}", TABLES)

    async def restore(self) -> None:
        async with self._database.write() as tx:
            if tx.is_postgres:
                await tx.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                await tx.execute(text("PRAGMA defer_foreign_keys = ON"))
                triggers = (await tx.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))).all()
                for trigger in triggers:
                    await tx.execute(text(f"DROP TRIGGER {trigger.name}"))
            for table in reversed(TABLES):
                await tx.execute(text(f"DELETE FROM {table}"))
            for table in TABLES:
                override = "OVERRIDING SYSTEM VALUE " if tx.is_postgres and table == "pending_entries" else ""
                await tx.execute(text(f"INSERT INTO {table} {override}SELECT * FROM backup_{table}"))
            if not tx.is_postgres:
                for trigger in triggers:
                    await tx.execute(text(trigger.sql))

    async def _run(self, statement: str, tables: tuple[str, ...]) -> None:
        async with self._database.write() as tx:
            for table in tables:
                await tx.execute(text(statement.format(table)))


async def recover(world: World, *, copy: Path | None = None) -> Recovery | NothingToRecover:
    return await recover_log(
        world.database,
        origin_base=ORIGIN_BASE,
        mark=world.mark,
        witnesses=Witnesses((), surroundings=world.surroundings),
        copy=LogDirectory(copy).read if copy else None,
        reason="the disk failed",
        keys=KEYS,
        surroundings=world.surroundings,
    )


async def restart(world: World) -> None:
    """A new process takes the world's log over."""
    world.sealer = sealer(world.database, world.mark, world.surroundings)
    await world.sealer.start()


async def checked(world: World) -> list[str]:
    results = await check_log(
        world.database,
        keys=KEYS,
        mark=world.mark.read(),
        progress=lambda _count: None,
    )
    return [result.sentence for result in results if isinstance(result, Difference)]


async def notices(world: World, shipment: str) -> list[UUID]:
    accepted = await world.accepted(event(id=shipment, data={"shipment": shipment}))
    return [notification.id for notification in accepted.notifications]
