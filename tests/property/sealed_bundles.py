"""Bundles to mutate: of a real log with notifications of several fates, and of one in memory that spans two shards."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.receipt import Receipt, ReceiptStatus
from app.evidence.bundle import Timestamp
from app.merkle.plans import consistency_plan
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage.database import Database, Tx
from app.storage.vault import Vault
from app.usecases.erase_recipient import erase_recipient
from app.usecases.record_facts import new_fact_sheet
from app.usecases.record_receipt import record_receipts
from app.usecases.withdraw_consent import withdraw_consent
from tests.builders import NOON, OPERATOR, event
from tests.conftest import ROOT_SECRET, TestClock
from tests.integration.providers import attempts_in
from tests.integration.world import World, open_world
from tests.unit.evidence.builder import ORIGIN, Log, crossing_log, delivered_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A bundle that verifies under `vkeys`, and what a forger may have beside it.

    `older` is an earlier bundle of the same notification, `other` one of another notification of the same log; both
    are well signed. Either may be missing.
    """

    name: str
    data: bytes = field(repr=False)
    vkeys: tuple[str, ...]
    older: Mapping[str, Any] | None = field(default=None, repr=False)
    other: Mapping[str, Any] | None = field(default=None, repr=False)


async def sealed_bundles(file: Path) -> tuple[Sealed, ...]:
    """All of them; `file` is an empty SQLite database with the schema, alone in its directory."""
    surroundings = Surroundings(clock=TestClock(NOON), new_id=uuid7, entropy=secrets.token_bytes, jitter=lambda: 0.5)
    database = Database(f"sqlite+aiosqlite:///{file}", Vault(ROOT_SECRET))
    try:
        async with open_world(database, surroundings, file.parent) as world:
            return (*await _stories(world), *_in_memory())
    finally:
        await database.close()


async def _stories(world: World) -> list[Sealed]:
    """One evening at the post office, with other people's facts in between so that paths have some length."""
    await world.register()
    await world.register("agreed-once", channels=[Channel.SMS], consents=[Channel.SMS])
    await world.register("to-be-erased")
    await _others(world, 300)
    sms, email = (await world.accepted(event())).notifications
    await world.seal()
    planned = {each.id: json.loads(await world.bundle(each.id)) for each in (sms, email)}
    await world.dispatch()
    await _others(world, 20)
    await world.seal()
    await _report(world, ReceiptStatus.DELIVERED)
    await world.seal()
    await _opt_out(world, "agreed-once")
    refused = (await world.accepted(_event("agreed-once"))).notifications[0]
    erased = (await world.accepted(_event("to-be-erased"))).notifications[0]
    await world.dispatch()
    await world.seal()
    await world.database.transact(
        lambda tx: erase_recipient(
            tx, OPERATOR, "to-be-erased", actor="0123456789abcdef", surroundings=world.surroundings
        )
    )
    await _others(world, 40)
    await world.seal()
    bundles = {each: json.loads(await world.bundle(each)) for each in (sms.id, email.id)}

    async def sealed(name: str, notification: UUID, opened: frozenset[str] | None = None) -> Sealed:
        return Sealed(
            name=name,
            data=await world.bundle(notification, opened),
            vkeys=tuple(world.vkeys),
            older=planned.get(notification),
            other=bundles[email.id if notification == sms.id else sms.id],
        )

    return [
        await sealed("delivered sms", sms.id),
        await sealed("delivered sms, all closed", sms.id, frozenset()),
        await sealed("sent e-mail", email.id),
        await sealed("sent e-mail, contact open", email.id, frozenset({"contact"})),
        await sealed("suppressed", refused.id),
        await sealed("erased", erased.id),
        await _with_pending(world, sms.id, sealed),
    ]


async def _with_pending(world: World, notification: UUID, sealed: Callable[..., Awaitable[Sealed]]) -> Sealed:
    """The bundle as it is while a late report waits to be sealed."""
    await _report(world, ReceiptStatus.FAILED)
    return await sealed("delivered sms, a late report pending", notification)


async def _report(world: World, status: ReceiptStatus) -> None:
    receipt = Receipt(
        attempt=attempts_in(world.gateway.journal)[0],
        provider="twilio",
        status=status,
        code=str(status),
        via="callback",
        signature="shared_key",
        provider_id="SM1",
        raw=f"MessageStatus={status}".encode(),
    )
    assert await world.database.transact(lambda tx: record_receipts(tx, [receipt], surroundings=world.surroundings))


async def _others(world: World, count: int) -> None:
    async with world.database.write() as tx:
        sheet = await new_fact_sheet(tx, world.surroundings)
        for number in range(count):
            sheet.record("log.incident", at=world.surroundings.clock(), data={"detail": f"number {number}"})
        await sheet.write(tx)
    await world.seal()


async def _opt_out(world: World, name: str) -> None:
    async def withdraw(tx: Tx) -> None:
        record = await recipient_store.find(tx, OPERATOR, name)
        assert record is not None
        await withdraw_consent(
            tx, record.id, Channel.SMS, None, method="reply", statement=b"{}", surroundings=world.surroundings
        )

    await world.database.transact(withdraw)


def _event(name: str) -> Event:
    return event(id=f"{name}-1", data={"recipient": name, "shipment": f"{name}-item"})


def _in_memory() -> list[Sealed]:
    """A chain over two shards, and one with time stamps on an old and on the newest checkpoint."""
    crossing, stamped = crossing_log(), delivered_log()
    return [
        Sealed(name="two shards", data=crossing.bundle(), vkeys=tuple(map(str, crossing.vkeys()))),
        Sealed(
            name="time stamps",
            data=stamped.bundle(timestamps=[_stamp(stamped, 4), _stamp(stamped, max(stamped.shards[ORIGIN].notes))]),
            vkeys=tuple(map(str, stamped.vkeys())),
        ),
    ]


def _stamp(log: Log, size: int) -> Timestamp:
    text = log.shards[ORIGIN].notes[size].decode().partition("\n\n")[0] + "\n"
    path = log.shards[ORIGIN].proof(consistency_plan(size, max(log.shards[ORIGIN].notes)))
    return Timestamp(text=text, token=b"\x04\x20" + sha256(text.encode()).digest(), consistency=path)
