"""Events that nobody could interpret, and replaying them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.api.cloudevents import decode_kept
from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.vocabulary import Vocabularies
from app.storage import notifications as outbox
from app.storage.tables import events, facts
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.replay_quarantined import Outcome, Replay
from tests.builders import NOON, SHIPMENT, event
from tests.integration.world import World
from tests.vocabularies import BUILT_IN

P_A = "pl.awizo.delivery.notice_left.v1"
_NO_TABLES = Vocabularies(tables={})


def tracking(code: str = "P_A", *, at: datetime = NOON, shipment: str = SHIPMENT, **changes: Any) -> Event:
    """A record with the operator's own code; `data` may add members."""
    raw = {"vocabulary": "poczta-polska", "code": code}
    data = {"raw": raw, "shipment": shipment, **changes.pop("data", {})}
    named = {"id": f"{code}-{shipment}", "type": "pl.awizo.tracking.v1"} | changes
    return event("tracking", at=at, data=data, **named)


async def set_aside(world: World, *said: Event, vocabularies: Vocabularies = _NO_TABLES) -> list[UUID]:
    """Post events while nobody knows their codes; the ids under which they are kept."""
    answers = await world.database.transact(
        lambda tx: accept_events(tx, said, surroundings=world.surroundings, vocabularies=vocabularies)
    )
    assert {answer.status for answer in answers if isinstance(answer, Accepted)} == {"quarantined"}
    return [answer.event for answer in answers if isinstance(answer, Accepted)]


def replay_of(world: World, *, vocabularies: Vocabularies = BUILT_IN, dry_run: bool = False) -> Replay:
    return Replay(
        database=world.database,
        decode=decode_kept,
        vocabularies=vocabularies,
        surroundings=world.surroundings,
        dry_run=dry_run,
    )


async def replay(world: World, ids: Collection[UUID], **changes: Any) -> dict[UUID, Outcome]:
    return {each.event: each async for batch in replay_of(world, **changes).named(ids) for each in batch}


async def replay_all(world: World, code: str | None = None, **changes: Any) -> dict[UUID, Outcome]:
    return {each.event: each async for batch in replay_of(world, **changes).all(code) for each in batch}


async def told(world: World, kept: UUID) -> list[Notification]:
    async with world.database.read() as tx:
        return (await outbox.by_events(tx, [kept])).get(kept, [])


async def states(world: World, kept: UUID) -> set[tuple[str, str, str | None]]:
    return {(n.channel, n.status, n.reason) for n in await told(world, kept)}


async def row(world: World, kept: UUID) -> Any:
    async with world.database.read() as tx:
        return (await tx.execute(select(events).where(events.c.id == kept))).one()


async def fact_count(world: World) -> int:
    async with world.database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(facts))).scalar_one())


def of_an_older_version(said: Event) -> Event:
    """As a version decoded it to which its type was unknown."""
    return Event(
        id=said.id,
        source=said.source,
        type=said.type,
        time=said.time,
        effective_at=said.time,
        operator=said.operator,
        canonical=said.canonical,
        shipments=said.shipments,
        recipient=said.recipient,
        quarantine="unknown_type",
    )
