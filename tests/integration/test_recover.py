"""After an old backup nothing is signed or sent before the log was recovered, and what is lost is counted."""

import json
from pathlib import Path
from uuid import UUID

import pytest
import rfc8785
from sqlalchemy import text

from adapters.mark_file import MarkFile
from app.domain.notification import Status
from app.evidence.verifier import parse_vkeys, verify_bundle
from app.ports import Surroundings
from app.storage import log, recovery
from app.storage.database import Database
from app.storage.log_directory import LogDirectory
from app.usecases.ask_witnesses import Witnesses
from app.usecases.check_log import Difference, check_log
from app.usecases.export_log import export_log
from app.usecases.log_fault import LogFaultError
from app.usecases.read_copy import CopyError
from app.usecases.recover_log import LostRange, NothingToRecover, Recovery, recover_log
from app.usecases.restore_notifications import release_notifications
from tests.builders import event
from tests.integration.ledger import new_ledger
from tests.integration.sealed import sealed_facts
from tests.integration.world import KEYS, ORIGIN_BASE, World, sealer, signer_for
from tests.second_verifier import verify

TABLES = (
    "recipients", "recipient_keys", "contact_points", "consents", "events", "notifications", "attempts", "receipts",
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


@pytest.fixture
async def restored(world: World) -> tuple[World, list[UUID], list[UUID]]:
    """A backup was made when two notices waited and two were sent; all were sent meanwhile, and two more came."""
    await world.register()
    sent = await notices(world, "sent-before")
    await world.dispatch()
    waiting = await notices(world, "waiting")
    await world.seal()
    backup = Backup(world.database)
    await backup.make()
    await world.dispatch()
    await notices(world, "forgotten")
    await world.dispatch()
    await world.seal()
    await backup.restore()
    world.gateway.journal.clear()
    return world, sent, waiting


async def test_nothing_is_signed_before_the_recovery(restored: tuple[World, list[UUID], list[UUID]]) -> None:
    world, _, _ = restored
    async with world.database.read() as tx:
        before = await log.newest_checkpoint(tx)
    with pytest.raises(LogFaultError, match=r"behind the mark.*awizo log recover"):
        await restart(world)
    async with world.database.read() as tx:
        assert await log.newest_checkpoint(tx) == before
    await recover(world)
    await restart(world)


async def test_a_database_that_is_set_back_under_a_running_sealer_is_noticed_at_its_next_turn(world: World) -> None:
    await world.register()
    await notices(world, "waiting")
    await world.seal()
    backup = Backup(world.database)
    await backup.make()
    await world.dispatch()
    await world.seal()
    await backup.restore()
    with pytest.raises(LogFaultError, match="behind the mark"):
        await world.sealer.turn()
    await recover(world)
    await restart(world)


async def test_without_a_readable_mark_the_shard_ends_whatever_copies_and_witnesses_say(
    world: World, tmp_path: Path
) -> None:
    await world.register()
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    (tmp_path / "mark").write_bytes(b"no checkpoint at all")
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    assert done.successor == "2026h2b"
    await restart(world)


async def test_facts_that_were_sequenced_and_never_published_are_proven_in_the_next_shard(world: World) -> None:
    await world.register()
    await world.seal()
    notices_ = await notices(world, "sequenced")
    await world.database.transact(world.sealer._sequence)
    backup = Backup(world.database)
    await backup.make()
    await world.seal()
    await notices(world, "lost")
    await world.seal()
    await backup.restore()
    done = await recover(world)
    assert isinstance(done, Recovery)
    await restart(world)
    await world.seal()
    names = [f"{ORIGIN_BASE}/{shard}" for shard in ("2026h2", "2026h2b")]
    verdict = verify(await world.bundle(notices_[0]), [signer_for(name).vkey for name in names])
    assert verdict.accepted, verdict.reason


async def test_a_copy_that_lacks_what_it_must_have_is_refused_and_the_log_left_alone(
    world: World, tmp_path: Path
) -> None:
    await world.register()
    await world.seal()
    backup = Backup(world.database)
    await backup.make()
    await notices(world, "later")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    await backup.restore()
    (tmp_path / "empty").mkdir()
    bundle = next((tmp_path / "copy" / "2026h2" / "tile" / "entries").glob("000.p/*"))
    whole = bundle.read_bytes()
    for damaged, sentence in (
        (None, "missing or too short"),
        (whole[:-20], "number 10 in the bundle is not an entry"),
        (whole[:-1] + b"\x00", "does not continue"),
    ):
        bundle.unlink() if damaged is None else bundle.write_bytes(damaged)
        with pytest.raises(CopyError, match=sentence):
            await recover(world, copy=tmp_path / "copy")
    with pytest.raises(CopyError, match="no copy of a log"):
        await recover(world, copy=tmp_path / "empty")
    bundle.write_bytes(whole)
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    assert done.successor is None
    await restart(world)


async def test_a_copy_in_a_circle_is_refused(world: World, tmp_path: Path) -> None:
    await world.register()
    await world.seal()
    copy = LogDirectory(tmp_path / "copy")
    await export_log(world.database, copy, progress=lambda _count, _total: None)
    opening = json.loads(copy.read("2026h2/opening.json") or b"")
    opening["document"]["data"]["previous_checkpoint"] = (copy.read("checkpoint") or b"").decode()
    (tmp_path / "copy" / "2026h2" / "opening.json").write_bytes(rfc8785.dumps(opening))
    with pytest.raises(CopyError, match="circle"):
        await recover(world, copy=tmp_path / "copy")


async def test_without_a_copy_the_shard_ends_at_the_mark_and_a_new_origin_says_why(
    restored: tuple[World, list[UUID], list[UUID]],
) -> None:
    world, _, waiting = restored
    mark = world.mark.read()
    assert mark is not None
    done = await recover(world)
    assert isinstance(done, Recovery)
    async with world.database.read() as tx:
        cut, opened = await log.heads(tx)
    signed = int(mark.split(b"\n")[1])
    assert (done.successor, done.imported, done.unknown) == ("2026h2b", 0, len(waiting))
    assert done.lost == (LostRange(shard="2026h2", first=cut.range.size, last=signed - 1, entries_too=True),)
    assert done.lost_facts == signed - cut.range.size > 0
    assert (cut.final_note, opened.origin) == (mark, f"{ORIGIN_BASE}/2026h2b")
    await restart(world)
    await world.seal()
    facts = [fact for fact in await sealed_facts(world.database) if fact.type in {"log.opened", "log.recovered"}]
    assert [fact.type for fact in facts] == ["log.opened", "log.opened", "log.recovered"]
    assert facts[1].data["previous_checkpoint"] == mark.decode()
    assert facts[1].data["detail"] == "the disk failed"
    assert f"facts lost: {done.lost_facts}" in facts[2].data["detail"]
    assert await checked(world) == []


async def test_what_was_published_comes_back_from_the_copy_under_its_old_indexes(world: World, tmp_path: Path) -> None:
    await world.register()
    waiting = await notices(world, "waiting")
    await world.seal()
    backup = Backup(world.database)
    await notices(world, "not-sealed-in-the-backup")
    await backup.make()
    await world.dispatch()
    for number in range(30):
        await notices(world, f"later-{number}")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    async with world.database.read() as tx:
        true_head = await log.current_head(tx)
    await backup.restore()
    async with world.database.read() as tx:
        old_head = await log.current_head(tx)
        pending = await log.pending_count(tx)
    assert true_head is not None
    assert old_head is not None
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    grown = true_head.range.size - old_head.range.size
    assert (done.successor, done.imported, done.lost_facts) == (None, grown, grown - pending)
    async with world.database.read() as tx:
        head = await log.current_head(tx)
        assert head is not None
        assert head.range == true_head.range
        assert await recovery.lost_count(tx, "2026h2") == done.lost_facts
    await restart(world)
    await world.seal()
    assert await checked(world) == []
    assert [(await world.notification(each)).status for each in waiting] == [Status.UNKNOWN] * 2


async def test_a_copy_that_ends_before_the_mark_gives_back_what_it_has(world: World, tmp_path: Path) -> None:
    await world.register()
    backup = Backup(world.database)
    await backup.make()
    await notices(world, "exported")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    await notices(world, "not-exported")
    await world.seal()
    await backup.restore()
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    assert done.imported > 0
    assert (done.successor, [lost.entries_too for lost in done.lost]) == ("2026h2b", [False, True])
    await restart(world)
    assert await checked(world) == []


async def test_a_copy_of_another_history_gives_nothing_back(
    restored: tuple[World, list[UUID], list[UUID]], tmp_path: Path
) -> None:
    world, _, _ = restored
    async with world.database.read() as tx:
        head = await log.current_head(tx)
    assert head is not None
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    assert (done.imported, done.successor) == (0, "2026h2b")
    await restart(world)


async def test_what_waited_is_unknown_and_never_sent_by_itself(
    restored: tuple[World, list[UUID], list[UUID]],
) -> None:
    world, sent, waiting = restored
    await recover(world)
    await restart(world)
    assert await world.dispatch() == 0
    assert world.gateway.journal == []
    for each in waiting:
        notification = await world.notification(each)
        assert (notification.status, notification.reason, notification.due_at) == (Status.UNKNOWN, "restored", None)
    for each in sent:
        assert (await world.notification(each)).status is Status.SENT
    await world.seal()
    documents = json.loads(await world.bundle(waiting[0]))["facts"]
    assert documents[-1]["document"]["type"] == "attempt.unknown"
    assert documents[-1]["document"]["data"]["code"] == "restored"


async def test_an_operator_releases_named_ones_with_a_sealed_reason(
    restored: tuple[World, list[UUID], list[UUID]], surroundings: Surroundings
) -> None:
    world, sent, waiting = restored
    await recover(world)
    await restart(world)
    done = await world.database.transact(
        lambda tx: release_notifications(
            tx, [waiting[0], sent[0]], reason="the letter still waits", actor="console", surroundings=surroundings
        )
    )
    assert (done.released, done.refused) == ((waiting[0],), (sent[0],))
    await world.dispatch()
    assert (await world.notification(waiting[0])).status is Status.SENT
    assert (await world.notification(waiting[1])).status is Status.UNKNOWN
    await world.seal()
    acted = [fact for fact in await sealed_facts(world.database) if fact.type == "support.acted"]
    assert [fact.data["act"] for fact in acted] == ["released"]
    assert "the letter still waits" not in json.dumps([fact.document for fact in acted])


async def test_proofs_from_before_a_loss_verify_but_nobody_vouches_that_they_are_complete(
    restored: tuple[World, list[UUID], list[UUID]],
) -> None:
    world, sent, _ = restored
    await recover(world)
    await restart(world)
    later = await notices(world, "later")
    await world.dispatch()
    await world.seal()
    names = [f"{ORIGIN_BASE}/{shard}{part}" for shard in ("2026h2", "2026h2b") for part in ("", "/statements")]
    vkeys = [signer_for(name).vkey for name in names]
    before, after = await world.bundle(sent[0]), await world.bundle(later[0])
    assert (json.loads(before)["statement"], json.loads(after)["statement"] is None) == (None, False)
    for bundle in (before, after):
        assert verify(bundle, vkeys).accepted, verify(bundle, vkeys).reason
        assert verify_bundle(bundle, vkeys=parse_vkeys("\n".join(vkeys))).exit_code == 0


async def test_a_second_recovery_finds_nothing_to_do(restored: tuple[World, list[UUID], list[UUID]]) -> None:
    world, _, _ = restored
    await recover(world)
    assert await recover(world) == NothingToRecover()
    await restart(world)
    assert await recover(world) == NothingToRecover()


async def test_a_sound_log_needs_no_recovery(world: World) -> None:
    assert await recover(world) == NothingToRecover()


async def test_where_nobody_remembers_what_was_signed_the_shard_ends_with_what_is_published(
    world: World, tmp_path: Path
) -> None:
    await world.register()
    waiting = await notices(world, "waiting")
    await world.seal()
    world.mark = MarkFile(tmp_path / "another-mark")
    with pytest.raises(LogFaultError, match="mark of the last signed checkpoint is missing"):
        await restart(world)
    done = await recover(world)
    assert isinstance(done, Recovery)
    assert (done.successor, done.unknown, done.lost) == ("2026h2b", len(waiting), ())
    await restart(world)
    assert await checked(world) == []


async def test_a_database_that_was_lost_whole_comes_back_as_far_as_the_copy_goes(world: World, tmp_path: Path) -> None:
    await world.register()
    await notices(world, "lost")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    async with world.database.read() as tx:
        true_head = await log.current_head(tx)
    assert true_head is not None
    empty = Backup(world.database)
    await empty.make()
    async with world.database.write() as tx:
        for table in TABLES:
            await tx.execute(text(f"DELETE FROM backup_{table}"))
    await empty.restore()
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    # What opened the shard is published in clear.
    assert (done.imported, done.lost_facts, done.successor) == (true_head.range.size, true_head.range.size - 1, None)
    await restart(world)
    assert await checked(world) == []


async def test_entries_that_differ_from_the_signed_ones_end_the_shard(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    ledger = new_ledger(database, surroundings, tmp_path)
    await ledger.seal(5)
    await ledger.as_superuser("UPDATE leaves SET commitment = (SELECT salt FROM facts LIMIT 1) WHERE leaf_index = 3")
    with pytest.raises(LogFaultError, match="differ from those that were signed"):
        await ledger.sealer().start()
    done = await recover_log(
        database,
        origin_base=ORIGIN_BASE,
        mark=ledger.mark,
        witnesses=Witnesses((), surroundings=surroundings),
        copy=None,
        reason="somebody edited the database",
        keys=KEYS,
        surroundings=surroundings,
    )
    assert isinstance(done, Recovery)
    assert (done.successor, done.lost_facts) == ("2026h2b", 6)
    await ledger.seal(2)
    assert "entry 3" in (await ledger.difference() or "")
