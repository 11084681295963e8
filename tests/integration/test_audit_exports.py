"""Exports for auditors: what stands in the file, that it survives kills and erasures, and what is on record of it."""

import io
import json
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select

from app.merkle.note import parse_vkey, verify_note
from app.storage import audit_exports as export_store
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage.audit_exports import AuditExport, ExportState, PartGoneError
from app.storage.search import Search
from app.storage.tables import audit_export_items, audit_export_parts, facts
from app.usecases import export_bundles
from app.usecases.erase_recipient import erase_recipient
from app.usecases.export_bundles import Exporter, TooManyExports, ask_for_export
from app.usecases.export_question import ExportQuestion
from tests.builders import OPERATOR, PHONE, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.world import KEYS, ORIGIN_BASE, World
from tests.second_verifier import verify

REASON = "audit of November, zażalenie 12"
ACTOR = "0123456789abcdef"


def question(*, opened: Sequence[str] | None = None, **search: Any) -> ExportQuestion:
    return ExportQuestion(
        search=Search(operators=(OPERATOR,), **search),
        opened=None if opened is None else frozenset(opened),
        reason=REASON,
    )


async def ask(world: World, wanted: ExportQuestion) -> UUID:
    export = await world.database.transact(
        partial(ask_for_export, question=wanted, actor=ACTOR, surroundings=world.surroundings)
    )
    assert isinstance(export, UUID)
    return export


def exporter(world: World) -> Exporter:
    return Exporter(world.database, keys=KEYS, surroundings=world.surroundings)


async def present(world: World, export: UUID) -> AuditExport:
    async with world.database.read() as tx:
        found = await export_store.find(tx, export, now=world.surroundings.clock())
    assert found is not None
    return found


async def written(world: World, export: UUID) -> AuditExport:
    while (await present(world, export)).state in {ExportState.QUEUED, ExportState.RUNNING}:
        assert await exporter(world).turn()
    return await present(world, export)


async def file_of(world: World, export: UUID) -> bytes:
    found, data = await present(world, export), b""
    while len(data) < found.size:
        async with world.database.read() as tx:
            data = data + b"".join(each for _, each in await export_store.parts_from(tx, found, len(data)))
    assert len(data) == found.size
    return data


async def unpacked(world: World, export: UUID) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(await file_of(world, export))) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


async def posted(world: World, *shipments: str, recipient: str = RECIPIENT) -> list[UUID]:
    """The notifications about these shipments, sealed."""
    ids = []
    for shipment in shipments:
        made = await world.accepted(event(id=shipment, data={"shipment": shipment, "recipient": recipient}))
        ids += [each.id for each in made.notifications]
    await world.dispatch()
    await world.seal()
    return ids


async def test_an_export_holds_the_proof_of_each_notification_and_a_signed_manifest(world: World) -> None:
    await world.register()
    ids = await posted(world, "s-1", "s-2")
    export = await ask(world, question(kind="notice_left"))
    assert (await written(world, export)).state is ExportState.DONE
    files = await unpacked(world, export)

    manifest = json.loads(files.pop("manifest.json"))
    note = files.pop("manifest.note")
    assert set(files) == {f"bundles/{each}.json" for each in ids}
    assert all(verify(bundle, world.vkeys).accepted for bundle in files.values())
    assert manifest["notifications"] == [
        {"notification": str(each), "file": name, "sha256": sha256(files[name]).hexdigest()}
        for each in reversed(ids)
        for name in [f"bundles/{each}.json"]
    ]
    assert (manifest["reason"], manifest["asked_by"], manifest["filter"]["kind"]) == (REASON, ACTOR, "notice_left")
    assert manifest["checkpoint"].startswith(f"{ORIGIN_BASE}/2026h2\n")
    signed = verify_note(note, [parse_vkey(world.vkeys[1])]).text.split("\n")
    assert signed[:2] == ["awizo-audit-export/v1", str(export)]
    assert signed[3:] == ["4", sha256((await unpacked(world, export))["manifest.json"]).hexdigest(), ""]


async def test_an_export_holds_what_was_there_when_it_was_asked_for(world: World) -> None:
    await world.register()
    ids = await posted(world, "s-1")
    export = await ask(world, question(kind="notice_left"))
    await posted(world, "s-2")
    await written(world, export)
    assert {name for name in await unpacked(world, export) if name.startswith("bundles/")} == {
        f"bundles/{each}.json" for each in ids
    }


async def test_an_export_of_nothing_is_a_manifest_without_notifications(world: World) -> None:
    await world.seal()
    export = await ask(world, question(kind="delivered"))
    await written(world, export)
    files = await unpacked(world, export)
    assert set(files) == {"manifest.json", "manifest.note"}
    assert json.loads(files["manifest.json"])["notifications"] == []


async def test_what_is_not_published_yet_is_named_as_left_out(world: World) -> None:
    await world.register()
    await world.seal()
    made = await world.accepted(event())
    export = await ask(world, question(kind="notice_left"))
    await written(world, export)
    manifest = json.loads((await unpacked(world, export))["manifest.json"])
    assert manifest["notifications"] == [
        {"notification": str(each.id), "omitted": "not_published"} for each in reversed(made.notifications)
    ]


async def test_a_worker_that_is_killed_loses_one_step_and_another_goes_on(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_bundles, "PROVEN_A_STEP", 2)
    monkeypatch.setattr(export_bundles, "LISTED_A_STEP", 3)
    await world.register()
    ids = await posted(world, "s-1", "s-2", "s-3")
    export = await ask(world, question(kind="notice_left"))

    for _ in range(20):
        if (await present(world, export)).state is ExportState.DONE:
            break
        await kill_in_the_middle(exporter(world), monkeypatch)
        assert not await exporter(world).turn()  # somebody holds the lease
        clock.forward(seconds=61)
        assert await exporter(world).turn()
    files = await unpacked(world, export)
    assert {name for name in files if name.startswith("bundles/")} == {f"bundles/{each}.json" for each in ids}


async def kill_in_the_middle(victim: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that does everything but say that it is done."""

    async def die(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(export_store, "save", die)
        with pytest.raises(RuntimeError, match="killed"):
            await victim.turn()


async def test_a_worker_whose_lease_ran_out_writes_nothing_more(world: World, clock: TestClock) -> None:
    await world.register()
    await posted(world, "s-1")
    export = await ask(world, question(kind="notice_left"))
    slow = exporter(world)
    claimed = await world.database.transact(slow._claim)
    assert claimed is not None
    clock.forward(seconds=61)
    await written(world, export)
    before = await file_of(world, export)
    for step in (partial(slow._list), partial(slow._keep, proven=[], reading=None), partial(slow._close)):
        with pytest.raises(export_store.LeaseLostError):
            await world.database.transact(partial(step, export=claimed))
    assert await file_of(world, export) == before


async def test_an_erased_persons_proof_stays_closed(world: World) -> None:
    await world.register()
    (sms, _) = await posted(world, "s-1")
    await erase(world)
    export = await ask(world, question(kind="notice_left"))
    await written(world, export)
    files = await unpacked(world, export)
    bundle = json.loads(files[f"bundles/{sms}.json"])
    assert all(fact["openings"] == {} for fact in bundle["facts"])
    assert not any(PHONE.encode() in each for each in files.values())


async def test_an_erasure_takes_the_persons_values_out_of_files_that_are_written(world: World) -> None:
    await world.register()
    await world.register("somebody-else")
    (sms, *_) = await posted(world, "s-1")
    await posted(world, "s-2", recipient="somebody-else")
    export = await ask(world, question(kind="notice_left"))
    done = await written(world, export)
    assert PHONE.encode() in (await unpacked(world, export))[f"bundles/{sms}.json"]
    await erase(world)

    async with world.database.read() as tx:
        assert await export_store.lacks_somebody(tx, export)
        with pytest.raises(PartGoneError):
            await export_store.parts_from(tx, done, 0)
    await world.database.transact(partial(export_store.begin_again, export=export))
    await written(world, export)
    bundle = json.loads((await unpacked(world, export))[f"bundles/{sms}.json"])
    assert all(fact["openings"] == {} for fact in bundle["facts"])
    async with world.database.read() as tx:
        assert not await export_store.lacks_somebody(tx, export)


async def test_whoever_is_erased_between_proof_and_file_stands_in_it_closed(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register()
    (sms, _) = await posted(world, "s-1")
    export = await ask(world, question(kind="notice_left"))
    late = exporter(world)
    assert await late.turn()  # listed
    keep = late._keep

    async def erase_first(tx: Any, **given: Any) -> None:
        monkeypatch.undo()
        await keep(tx, **given)

    monkeypatch.setattr(late, "_keep", erase_first)
    transact = world.database.transact

    async def erasing(work: Any) -> Any:
        if getattr(work, "func", None) is erase_first:
            await erase(world)
        return await transact(work)

    monkeypatch.setattr(late, "_database", world.database.only_while(_always))
    monkeypatch.setattr(late._database, "transact", erasing)
    assert await late.turn()
    assert (await present(world, export)).written == 0
    clock.forward(seconds=61)
    await written(world, export)
    bundle = json.loads((await unpacked(world, export))[f"bundles/{sms}.json"])
    assert all(fact["openings"] == {} for fact in bundle["facts"])


async def _always(_tx: Any) -> bool:
    return True


async def erase(world: World, name: str = RECIPIENT) -> None:
    await world.database.transact(
        partial(erase_recipient, operator=OPERATOR, name=name, actor=ACTOR, surroundings=world.surroundings)
    )


async def test_that_it_was_asked_for_and_whose_fields_were_opened_is_on_record(world: World) -> None:
    await world.register()
    await world.register("somebody-else")
    await posted(world, "s-1")
    await posted(world, "s-2", recipient="somebody-else")
    export = await ask(world, question(kind="notice_left"))
    await written(world, export)
    read = await readings(world)
    assert sorted(name for name, _ in read) == ["", RECIPIENT, "somebody-else"]
    assert {reason for _, reason in read} == {REASON}


async def test_an_export_that_opens_nothing_is_on_record_once(world: World) -> None:
    await world.register()
    ids = await posted(world, "s-1")
    export = await ask(world, question(opened=(), kind="notice_left"))
    await written(world, export)
    files = await unpacked(world, export)
    for each in ids:
        bundle = json.loads(files[f"bundles/{each}.json"])
        assert all(fact["openings"] == {} for fact in [*bundle["facts"], *bundle["context"]])
    assert await readings(world) == [("", REASON)]


async def readings(world: World) -> list[tuple[str, str]]:
    """Of each `access.read` whom it is about, and the reason that it sealed."""
    async with world.database.read() as tx:
        ids = list((await tx.execute(select(facts.c.id).where(facts.c.type == "access.read"))).scalars())
        kept = await fact_store.by_ids(tx, ids)
        people = {
            record.id: (name, record.key)
            for name in ("", RECIPIENT, "somebody-else")
            if (record := await recipient_store.find(tx, OPERATOR, name))
        }
    found = []
    for fact in kept.values():
        assert fact.recipient is not None
        name, key = people[fact.recipient]
        found.append((name, fact.openings(key)["reason"].value.decode()))
    return found


async def test_an_export_ends_after_seven_days_with_everything_that_it_kept(world: World, clock: TestClock) -> None:
    await world.register()
    await posted(world, "s-1")
    export = await ask(world, question(kind="notice_left"))
    await written(world, export)
    clock.forward(days=7)
    async with world.database.read() as tx:
        assert await export_store.find(tx, export, now=clock()) is None
    assert await exporter(world).turn()
    async with world.database.read() as tx:
        for table in (audit_export_items, audit_export_parts):
            assert (await tx.execute(select(func.count()).select_from(table))).scalar_one() == 0
    assert not await exporter(world).turn()


async def test_an_export_that_is_too_much_fails_and_keeps_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register()
    await posted(world, "s-1")
    with monkeypatch.context() as fewer:
        fewer.setattr(export_bundles, "NOTIFICATIONS_MAX", 1)
        many = await written(world, await ask(world, question(kind="notice_left")))
    with monkeypatch.context() as smaller:
        smaller.setattr(export_bundles, "BYTES_MAX", 1_000)
        large = await written(world, await ask(world, question(kind="notice_left")))
    assert (many.state, many.why) == (ExportState.FAILED, "too_many_notifications")
    assert (large.state, large.why) == (ExportState.FAILED, "too_large")
    async with world.database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(audit_export_parts))).scalar_one() == 0


async def test_an_operator_has_ten_exports_at_most(world: World) -> None:
    for _ in range(10):
        await ask(world, question())
    more = partial(ask_for_export, question=question(), actor=ACTOR, surroundings=world.surroundings)
    assert await world.database.transact(more) == TooManyExports()


async def test_nobody_reads_a_question_or_a_file_from_the_database(world: World) -> None:
    await world.register()
    await posted(world, "s-1")
    export = await ask(world, question(recipient=RECIPIENT))
    await written(world, export)
    async with world.database.read() as tx:
        kept = [row.data for row in await tx.execute(select(audit_export_parts.c.data))]
        row = (await tx.execute(select(export_store.audit_exports))).one()
    everything = b"".join([*kept, row.question])
    assert not any(secret.encode() in everything for secret in (PHONE, RECIPIENT, REASON))
