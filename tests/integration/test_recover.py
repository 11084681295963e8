"""After an old backup nothing is signed or sent before the log was recovered, and what is lost is counted."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from adapters.mark_file import MarkFile
from app.domain.notification import Status
from app.evidence.verifier import parse_vkeys, verify_bundle
from app.ports import Surroundings
from app.storage import log
from app.storage.database import Database
from app.storage.log_directory import LogDirectory
from app.usecases.ask_witnesses import Witnesses
from app.usecases.export_log import export_log
from app.usecases.log_fault import LogFaultError
from app.usecases.record_support import ActingSupport
from app.usecases.recover_log import LostRange, NothingToRecover, Recovery, recover_log
from app.usecases.release_restored import release_notifications
from tests.integration.ledger import new_ledger
from tests.integration.restoring import Backup, checked, notices, recover, restart
from tests.integration.sealed import sealed_facts
from tests.integration.world import KEYS, ORIGIN_BASE, World, signer_for
from tests.second_verifier import verify


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
            tx,
            [waiting[0], sent[0]],
            by=ActingSupport(actor="console", reason="the letter still waits"),
            surroundings=surroundings,
        )
    )
    assert [(each.id, each.outcome, each.reason) for each in done] == [
        (waiting[0], "released", None),
        (sent[0], "refused", "not_restored"),
    ]
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
