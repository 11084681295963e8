"""Take up again what nobody could interpret when it came: with today's types and vocabularies it may be understood."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

import structlog

from app.domain.event import KNOWN_TYPES, Event
from app.domain.notification import Notification
from app.domain.vocabulary import Vocabularies
from app.ports import Surroundings
from app.storage import quarantine
from app.storage import recipients as recipient_store
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.storage.quarantine import KeptEvent
from app.storage.recipients import RecipientRecord
from app.usecases.accept_events import keeping_of, new_event_of, shipment_index_of
from app.usecases.plan_notifications import Keeping, Planning
from app.usecases.read_codes import Reading
from app.usecases.record_facts import new_fact_sheet
from app.usecases.shipment_history import read_history

BATCH_MAX = 100
SAME_SHIPMENTS_MAX = 400

# Why an event stays where it is, beside what makes one be set aside (app.domain.vocabulary, `unknown_type`).
INVALID = "invalid"  # its type is known now, and its data break the model of that type
ERASED = "erased"
DAMAGED = "damaged"
FAILED = "failed"
NO_SUCH_EVENT = "no_such_event"

# The edge's decoder of canonical CloudEvents; None for what today's models refuse.
Decode = Callable[[bytes], Event | None]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """It is accepted now, as an event of `type` (None: its code is one that tells nobody)."""

    event: UUID
    type: str | None
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedBefore:
    """It is not set aside: it never was, or somebody replayed it before."""

    event: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """It stays as it is, and `why`."""

    event: UUID
    why: str


Outcome = Replayed | AcceptedBefore | Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Replays events in batches, each in a transaction of its own. `dry_run`: everything but the writing."""

    database: Database
    decode: Decode = field(repr=False)
    vocabularies: Vocabularies = field(repr=False)
    surroundings: Surroundings
    dry_run: bool = False

    async def named(self, events: Collection[UUID]) -> AsyncIterator[list[Outcome]]:
        """What becomes of each of these events, batch by batch."""
        remaining = sorted(set(events))
        while remaining:
            first = remaining[:BATCH_MAX]
            later = set(await self._of_same_shipments(first, until=remaining[-1], code=None)).intersection(remaining)
            yield await self._batch([*first, *later])
            remaining = [event for event in remaining[BATCH_MAX:] if event not in later]

    async def all(self, code: str | None = None) -> AsyncIterator[list[Outcome]]:
        """What becomes of everything that is set aside now, those that were erased left out.

        `code`: only of events of that code, written after its vocabulary as in `poczta-polska:P_A`.
        """
        async with self.database.read() as tx:
            until = await quarantine.last(tx)
        after, ahead = UUID(int=0), set[UUID]()
        while until is not None:
            async with self.database.read() as tx:
                page = await quarantine.oldest(tx, after=after, until=until, code=code, limit=BATCH_MAX)
            if not page:
                return
            after = page[-1]
            if first := [event for event in page if event not in ahead]:
                later = set(await self._of_same_shipments(first, until=until, code=code)) - set(page) - ahead
                ahead |= later
                yield await self._batch([*first, *later])
            ahead = {event for event in ahead if event > after}

    async def _of_same_shipments(self, events: Sequence[UUID], *, until: UUID, code: str | None) -> list[UUID]:
        """What else is known of their shipments is taken up with them: one may make stale what another says."""
        async with self.database.read() as tx:
            return await quarantine.of_same_shipments(tx, events, until=until, code=code, limit=SAME_SHIPMENTS_MAX)

    async def _batch(self, events: Sequence[UUID]) -> list[Outcome]:
        """When the whole fails, each is tried alone, so that a bad one hurts no other."""
        try:
            return await self._together(events)
        except DatabaseUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 – found again, and told, for the event that it belongs to
            _log.error("batch_taken_apart", error=type(error).__name__)
        return [await self._alone(event) for event in events]

    async def _alone(self, event: UUID) -> Outcome:
        try:
            return (await self._together([event]))[0]
        except DatabaseUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 – the caller is told that this one stays
            _log.error("event_not_replayed", quarantined=str(event), error=type(error).__name__)
            return Left(event=event, why=FAILED)

    async def _together(self, events: Sequence[UUID]) -> list[Outcome]:
        work = partial(
            replay_quarantined,
            events=events,
            decode=self.decode,
            vocabularies=self.vocabularies,
            surroundings=self.surroundings,
            dry_run=self.dry_run,
        )
        if not self.dry_run:
            return await self.database.transact(work)
        async with self.database.read() as tx:
            return await work(tx)


async def replay_quarantined(
    tx: Tx,
    events: Collection[UUID],
    *,
    decode: Decode,
    vocabularies: Vocabularies,
    surroundings: Surroundings,
    dry_run: bool = False,
) -> list[Outcome]:
    """What became of each of these events; everything is in `tx`, and with `dry_run` nothing is written at all.

    What is understood now is accepted, and what follows from that follows, as if all had come only now, in the order
    in which they happened – but for what counts from their arrival. Locks are taken as for new events.
    """
    kept = await quarantine.by_ids(tx, events)
    outcomes: dict[UUID, Outcome] = {event: Left(event=event, why=NO_SUCH_EVENT) for event in events}
    outcomes |= {each.id: _as_it_stands(each) for each in kept}
    opened, unreadable = await _open(tx, kept, decode)
    outcomes |= unreadable
    if opened:
        outcomes |= await _take_up(tx, opened, vocabularies, surroundings, dry_run=dry_run)
    return [outcomes[event] for event in events]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """An event that is set aside, what it says as posted, and whose it is."""

    kept: KeptEvent
    event: Event
    record: RecipientRecord


def _as_it_stands(kept: KeptEvent) -> Outcome:
    if kept.why is None:
        return AcceptedBefore(event=kept.id)
    return Left(event=kept.id, why=ERASED if kept.payload is None else kept.why)


async def _open(tx: Tx, kept: Sequence[KeptEvent], decode: Decode) -> tuple[list[_Opened], dict[UUID, Outcome]]:
    """Those that can be read, in the order in which they happened, and why the others stay. Their people are locked."""
    waiting = [each for each in kept if each.why is not None and each.payload is not None]
    records, damaged = await recipient_store.sound_by_ids(tx, {each.recipient for each in waiting}, lock=True)
    opened: list[_Opened] = []
    unreadable: dict[UUID, Outcome] = {}
    for each in waiting:
        record = records.get(each.recipient)
        if record is None:
            unreadable[each.id] = Left(event=each.id, why=DAMAGED if each.recipient in damaged else ERASED)
            continue
        event = _decoded(each, record, decode)
        if isinstance(event, Left):
            unreadable[each.id] = event
        else:
            opened.append(_Opened(kept=each, event=event, record=record))
    return sorted(opened, key=lambda each: (each.event.effective_at, each.kept.id)), unreadable


def _decoded(kept: KeptEvent, record: RecipientRecord, decode: Decode) -> Event | Left:
    canonical = quarantine.content(kept, record.key)
    if canonical is None:
        return Left(event=kept.id, why=DAMAGED)
    event = decode(canonical)
    # Sealed as it was sealed then, whatever today's decoder would write.
    return replace(event, canonical=canonical) if event else Left(event=kept.id, why=INVALID)


async def _take_up(
    tx: Tx, opened: Sequence[_Opened], vocabularies: Vocabularies, surroundings: Surroundings, *, dry_run: bool
) -> dict[UUID, Outcome]:
    shipments = {each.kept.id: shipment_index_of(tx, each.event) for each in opened}
    keys = {each.record.id: each.record.key for each in opened}
    history = await read_history(tx, {index for index in shipments.values() if index}, keys)
    still = await quarantine.lock(tx, shipments)
    now = surroundings.clock()  # after the locks, as for new events
    history = history.as_of(now)
    reading = Reading(tx=tx, vocabularies=vocabularies, known=history.known)
    keepings = [_keeping(reading, each, shipments[each.kept.id]) for each in opened if each.kept.id in still]
    understood = [item for item in keepings if item.event.quarantine is None]
    planning = Planning(
        now=now, surroundings=surroundings, sheet=await new_fact_sheet(tx, surroundings), history=history
    )
    for item in understood:
        planning.keep(item)
    if not dry_run:
        await quarantine.understand(tx, [new_event_of(item) for item in understood])
        await planning.write(tx)
    # Somebody else replayed, or erased, those that are not there any more.
    lost = await quarantine.by_ids(tx, shipments.keys() - still)
    return {each.id: _as_it_stands(each) for each in lost} | {item.id: _outcome(item, planning) for item in keepings}


def _keeping(reading: Reading, each: _Opened, shipment_index: bytes | None) -> Keeping:
    key = each.kept.dedupe_key
    read = reading.read(each.event, shipment_index, key)
    return keeping_of(
        read,
        each.record,
        shipment_index=shipment_index,
        own_id=each.kept.id,
        key=key,
        received_at=each.kept.received_at,
        replayed=True,
    )


def _outcome(item: Keeping, planning: Planning) -> Outcome:
    event = item.event
    if event.quarantine is not None:
        return Left(event=item.id, why=event.quarantine)
    named = event.mapped_type or (event.type if event.type in KNOWN_TYPES else None)
    return Replayed(event=item.id, type=named, notifications=tuple(planning.planned_for(item.id)))
