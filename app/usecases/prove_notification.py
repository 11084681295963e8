"""Prove a notification: its published facts with everything that a stranger needs to check them offline."""

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.domain.duty import Duty
from app.domain.service_message import closed_fields
from app.evidence.bundle import (
    AnchorProof,
    AssembledBundle,
    ProvenFact,
    Timestamp,
    anchors_named,
    assemble_bundle,
    context_leaves,
    statement_about,
)
from app.evidence.catalogue import EVENT_FACTS
from app.evidence.fact import Opening
from app.evidence.limits import limits_with
from app.merkle.note import parse_vkey
from app.merkle.plans import consistency_plan, inclusion_plan
from app.ports import SigningKeys, Surroundings
from app.storage import cosignatures, log, log_keys, placement, timestamps
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.log import PublishedCheckpoint
from app.storage.log_keys import ShardKeys
from app.usecases.read_downtimes import downtimes_within
from app.usecases.read_paths import Paths
from app.usecases.sign_notes import countersigned, signed_by_all

DOWNTIMES_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingPublished:
    """No fact of the notification stands under a published checkpoint yet; ask again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """The facts of one bundle – the notification's own, and those that they name – and where they stand in the log.

    `pending` counts facts of the notification that are not published; `proving` has the checkpoint of each shard.
    """

    own: Sequence[StoredFact]
    context: Sequence[StoredFact]
    places: Mapping[UUID, tuple[str, int]]
    pending: int
    proving: Mapping[str, PublishedCheckpoint]

    @property
    def facts(self) -> list[StoredFact]:
        return [*self.own, *self.context]


async def prove_notification(
    tx: Tx,
    notification: UUID,
    *,
    opened: Collection[str] | None,
    keys: SigningKeys,
    surroundings: Surroundings,
    witnesses: str = "",
    quorum: int = 1,
) -> AssembledBundle | NothingPublished:
    """The proof bundle of one notification that exists. `opened` names the fields to reveal, None all of them.

    `witnesses` is the part about witnesses of the policy (c2sp.org/tlog-policy) that we would suggest, `quorum` how
    many of them it asks for. Raises MissingKeyError when a key that signs is not on this machine.
    """
    chosen = await _choose(tx, notification, quorum)
    if chosen is None:
        return NothingPublished()
    named = await _anchors(tx, chosen)
    origins = {checkpoint.origin for checkpoint in [*chosen.proving.values(), *named]}
    known = await log_keys.of_origins(tx, origins)
    chosen = replace(chosen, proving=_countersigned(chosen.proving, known, keys))
    closed = await _closed(tx, notification, now=surroundings.clock())
    signed = [_with_all_signatures(anchor, known, keys) for anchor in named]
    proven, anchors, stamps = await _prove(tx, chosen, signed, opened, closed)
    own = [proven[fact.id] for fact in chosen.own]
    checkpoints = {checkpoint.origin: checkpoint.note for checkpoint in chosen.proving.values()}
    issued_at = surroundings.clock()
    statements = known[own[-1].origin].statements
    statement = None
    if await _is_complete(tx, notification):
        stated = statement_about(
            own, notification=notification, issued_at=issued_at, pending=chosen.pending, checkpoints=checkpoints
        )
        statement = signed_by_all(stated.text(), statements, keys)
    log_vkeys = [vkey for origin in sorted(known) for vkey in known[origin].log]
    return assemble_bundle(
        notification=notification,
        issued_at=issued_at,
        pending=chosen.pending,
        facts=own,
        context=[proven[fact.id] for fact in chosen.context],
        checkpoints=checkpoints,
        anchors=anchors,
        vkeys=[parse_vkey(vkey) for vkey in [*log_vkeys, *statements]],
        timestamps=stamps,
        statement=statement,
        witnesses="".join(f"log {vkey}\n" for vkey in log_vkeys) + witnesses if witnesses else "",
        limits=await _limits(tx, chosen),
    )


async def _choose(tx: Tx, notification: UUID, quorum: int) -> _Chosen | None:
    """What of the notification is published; None when nothing is."""
    # The checkpoints first: every fact they cover is there when the chain is read, so none can be left out.
    newest = await log.newest_checkpoints(tx)
    chain = await fact_store.of_notification(tx, notification)
    places = await placement.places(tx, [fact.id for fact in chain])
    own = list(itertools.takewhile(lambda fact: _is_published(fact, places, newest), chain))
    context = await fact_store.by_leaves(tx, context_leaves(fact.document for fact in own))
    places |= await placement.places(tx, [fact.id for fact in context])
    if not own or not all(_is_published(fact, places, newest) for fact in context):
        return None
    chosen = _Chosen(own=own, context=context, places=places, pending=len(chain) - len(own), proving=newest)
    return replace(chosen, proving=await _proving_checkpoints(tx, chosen, quorum))


def _is_published(
    fact: StoredFact, places: Mapping[UUID, tuple[str, int]], newest: Mapping[str, PublishedCheckpoint]
) -> bool:
    if fact.id not in places:
        return False
    shard, index = places[fact.id]
    return shard in newest and index < newest[shard].size


def _sizes_needed(chosen: _Chosen) -> dict[str, int]:
    """For each shard the smallest tree that has all of the facts."""
    needed: dict[str, int] = {}
    for shard, index in (chosen.places[fact.id] for fact in chosen.facts):
        needed[shard] = max(needed.get(shard, 0), index + 1)
    return needed


async def _proving_checkpoints(tx: Tx, chosen: _Chosen, quorum: int) -> dict[str, PublishedCheckpoint]:
    """For each shard with one of the facts the checkpoint that proves them, with its cosignatures.

    It is the newest with enough cosignatures, where that one covers the facts and their anchors; else the newest.
    """
    anchored = dict(anchors_named(fact.document for fact in chosen.facts))  # of each origin the largest comes last
    proving = []
    for shard, size in _sizes_needed(chosen).items():
        checkpoint = chosen.proving[shard]
        at_least = max(size, anchored.get(checkpoint.origin, 0))
        cosigned_size = await cosignatures.newest_cosigned_size(tx, shard, at_least=at_least, quorum=quorum)
        if cosigned_size is not None and cosigned_size < checkpoint.size:
            checkpoint = await log.checkpoint(tx, origin=checkpoint.origin, size=cosigned_size) or checkpoint
        proving.append(checkpoint)
    return {checkpoint.shard: checkpoint for checkpoint in await cosignatures.all_cosigned(tx, proving)}


async def _anchors(tx: Tx, chosen: _Chosen) -> list[PublishedCheckpoint]:
    """The checkpoints that the facts name, with their cosignatures."""
    places = anchors_named(fact.document for fact in chosen.facts)
    found = await log.checkpoints_at(tx, places)
    if len(found) != len(places):
        raise LookupError("a fact is anchored at a checkpoint that was never published")
    return await cosignatures.all_cosigned(tx, [found[place] for place in places])


def _countersigned(
    proving: Mapping[str, PublishedCheckpoint], known: Mapping[str, ShardKeys], keys: SigningKeys
) -> dict[str, PublishedCheckpoint]:
    return {shard: _with_all_signatures(checkpoint, known, keys) for shard, checkpoint in proving.items()}


def _with_all_signatures(
    checkpoint: PublishedCheckpoint, known: Mapping[str, ShardKeys], keys: SigningKeys
) -> PublishedCheckpoint:
    return replace(checkpoint, note=countersigned(checkpoint.note, known[checkpoint.origin].log, keys))


async def _prove(
    tx: Tx,
    chosen: _Chosen,
    named: Sequence[PublishedCheckpoint],
    opened: Collection[str] | None,
    closed: Collection[str],
) -> tuple[dict[UUID, ProvenFact], list[AnchorProof], list[Timestamp]]:
    """Paths for the facts, for the anchors, and for a time stamp of each shard where there is one."""
    paths, proving = Paths(), chosen.proving
    wanted = {
        fact.id: paths.want(shard, inclusion_plan(index, proving[shard].size), size=proving[shard].size)
        for fact in chosen.facts
        for shard, index in [chosen.places[fact.id]]
    }
    anchors = [
        (
            anchor,
            paths.want(anchor.shard, consistency_plan(anchor.size, newer.size), size=newer.size) if newer else None,
        )
        for anchor in named
        for newer in [proving.get(anchor.shard)]
    ]
    stamps = []
    for shard, size in _sizes_needed(chosen).items():
        stamp = await timestamps.covering(tx, shard, size)
        if stamp is not None:
            smaller, larger = sorted((stamp.size, proving[shard].size))
            stamps.append((stamp, paths.want(shard, consistency_plan(smaller, larger), size=larger)))
    await paths.read(tx)
    openings = await _openings(tx, chosen.facts, opened, closed)
    return (
        {fact.id: _proven(fact, chosen, openings[fact.id], paths[wanted[fact.id]]) for fact in chosen.facts},
        [AnchorProof(note=anchor.note, consistency=paths[path] if path else ()) for anchor, path in anchors],
        [Timestamp(text=stamp.text, token=stamp.response, consistency=paths[path]) for stamp, path in stamps],
    )


def _proven(fact: StoredFact, chosen: _Chosen, openings: Mapping[str, Opening], path: tuple[bytes, ...]) -> ProvenFact:
    shard, index = chosen.places[fact.id]
    return ProvenFact(
        document=fact.document,
        salt=fact.salt,
        openings=openings,
        origin=chosen.proving[shard].origin,
        index=index,
        path=path,
    )


async def _closed(tx: Tx, notification: UUID, *, now: datetime) -> Collection[str]:
    found = await outbox.by_id(tx, notification)
    return closed_fields(found.kind, expires_at=found.expires_at, now=now) if found else ()


async def _openings(
    tx: Tx, facts: Sequence[StoredFact], opened: Collection[str] | None, closed: Collection[str]
) -> dict[UUID, Mapping[str, Opening]]:
    keys = await recipient_store.keys_of(tx, {fact.recipient for fact in facts if fact.recipient is not None})
    shown: dict[UUID, Mapping[str, Opening]] = {}
    for fact in facts:
        all_of_it = fact.openings(keys.get(fact.recipient) if fact.recipient else None)
        wanted = all_of_it.keys() - closed if opened is None else set(opened) - set(closed)
        shown[fact.id] = {name: opening for name, opening in all_of_it.items() if name in wanted}
    return shown


async def _is_complete(tx: Tx, notification: UUID) -> bool:
    """Whether the log can vouch that no fact is missing: not for what it knew before facts of it were lost."""
    lost_at = await log.last_loss_at(tx)
    if lost_at is None:
        return True
    found = await outbox.by_id(tx, notification)
    return found is not None and found.created_at > lost_at


async def _limits(tx: Tx, chosen: _Chosen) -> str:
    """What the bundle does not show, and our own downtimes from when its events came in to its last fact.

    When we could not accept, it counts from when the first event happened: then it may have come in late.
    """
    events = [json.loads(fact.document)["data"] for fact in chosen.context if fact.type in EVENT_FACTS]
    first, last = (json.loads(fact.document)["at"] for fact in (chosen.own[0], chosen.own[-1]))
    received_at = min([first, *(event["received_at"] for event in events)])
    happened_at = min([received_at, *(event["event_time"] for event in events)])
    since = {duty: happened_at if duty is Duty.ACCEPT else received_at for duty in Duty}
    named, more = await downtimes_within(
        tx,
        {duty: datetime.fromisoformat(moment) for duty, moment in since.items()},
        datetime.fromisoformat(last),
        limit=DOWNTIMES_NAMED,
    )
    return limits_with(named, more=more)
