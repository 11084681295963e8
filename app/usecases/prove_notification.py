"""Prove a notification: its published facts with everything that a stranger needs to check them offline."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.evidence.bundle import (
    AnchorProof,
    AssembledBundle,
    ProvenFact,
    anchors_named,
    assemble_bundle,
    context_leaves,
    statement_about,
)
from app.evidence.fact import Opening
from app.evidence.statement import statement_key_name
from app.merkle.note import VKey, parse_vkey, sign_note
from app.merkle.plans import Plan, consistency_plan, inclusion_plan, plan_nodes, resolve
from app.ports import Signer, Surroundings
from app.storage import facts as fact_store
from app.storage import log
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.log import PublishedCheckpoint

SignerFor = Callable[[str], Signer]


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingPublished:
    """No fact of the notification stands under a published checkpoint yet; ask again in a moment."""


async def prove_notification(
    tx: Tx,
    notification: UUID,
    *,
    opened: Collection[str] | None,
    signer_for: SignerFor,
    surroundings: Surroundings,
) -> AssembledBundle | NothingPublished:
    """The proof bundle of one notification that exists. `opened` names the fields to reveal, None all of them."""
    # The checkpoints first: every fact they cover is there when the chain is read, so none can be left out.
    newest = await _newest_checkpoints(tx)
    chain = await fact_store.of_notification(tx, notification)
    places = await log.places(tx, [fact.id for fact in chain])
    facts = [fact for fact in chain if _is_published(fact, places, newest)]
    if not facts:
        return NothingPublished()
    context = await fact_store.by_leaves(tx, context_leaves(fact.document for fact in facts))
    places |= await log.places(tx, [fact.id for fact in context])
    used = {shard for shard, _ in (places[fact.id] for fact in [*facts, *context])}
    newest = {shard: checkpoint for shard, checkpoint in newest.items() if shard in used}
    openings = await _openings(tx, [*facts, *context], opened)
    evidence = await _collect(tx, [*facts, *context], places, newest)
    proven = {fact.id: evidence.prove(fact, openings[fact.id]) for fact in [*facts, *context]}
    checkpoints = {checkpoint.origin: checkpoint.note for checkpoint in newest.values()}
    issued_at, pending = surroundings.clock(), len(chain) - len(facts)
    own = [proven[fact.id] for fact in facts]
    stated = statement_about(
        own, notification=notification, issued_at=issued_at, pending=pending, checkpoints=checkpoints
    )
    signer = signer_for(statement_key_name(own[-1].origin))
    statement_key = parse_vkey(signer.vkey)
    return assemble_bundle(
        notification=notification,
        issued_at=issued_at,
        pending=pending,
        facts=own,
        context=[proven[fact.id] for fact in context],
        checkpoints=checkpoints,
        anchors=evidence.anchors,
        vkeys=[*_log_keys(evidence.all_origins(), signer_for), statement_key],
        statement=sign_note(stated.text(), vkey=statement_key, sign=signer.sign),
    )


def _log_keys(origins: Iterable[str], signer_for: SignerFor) -> list[VKey]:
    """The keys of every shard whose checkpoints stand in the bundle, those of anchors included."""
    return [parse_vkey(signer_for(origin).vkey) for origin in sorted(origins)]


def _is_published(
    fact: StoredFact, places: Mapping[UUID, tuple[str, int]], newest: Mapping[str, PublishedCheckpoint]
) -> bool:
    if fact.id not in places:
        return False
    shard, index = places[fact.id]
    return shard in newest and index < newest[shard].size


async def _newest_checkpoints(tx: Tx) -> dict[str, PublishedCheckpoint]:
    found = {head.shard: await log.newest_checkpoint(tx, head.shard) for head in await log.heads(tx)}
    return {shard: checkpoint for shard, checkpoint in found.items() if checkpoint is not None}


async def _openings(
    tx: Tx, facts: Sequence[StoredFact], opened: Collection[str] | None
) -> dict[UUID, Mapping[str, Opening]]:
    people = {fact.recipient for fact in facts if fact.recipient is not None}
    records = await recipient_store.by_ids(tx, people) if people else {}
    shown: dict[UUID, Mapping[str, Opening]] = {}
    for fact in facts:
        record = records.get(fact.recipient) if fact.recipient else None
        all_of_it = fact.openings(record.key if record else None)
        shown[fact.id] = {name: opening for name, opening in all_of_it.items() if opened is None or name in opened}
    return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Places and paths of everything that one bundle proves."""

    origins: Mapping[str, str]
    places: Mapping[UUID, tuple[str, int]]
    paths: Mapping[UUID, Sequence[bytes]]
    anchors: Sequence[AnchorProof]
    anchor_origins: frozenset[str]

    def all_origins(self) -> frozenset[str]:
        return self.anchor_origins.union(self.origins.values())

    def prove(self, fact: StoredFact, openings: Mapping[str, Opening]) -> ProvenFact:
        shard, index = self.places[fact.id]
        return ProvenFact(
            document=fact.document,
            salt=fact.salt,
            openings=openings,
            origin=self.origins[shard],
            index=index,
            path=tuple(self.paths[fact.id]),
        )


async def _collect(
    tx: Tx,
    facts: Sequence[StoredFact],
    places: Mapping[UUID, tuple[str, int]],
    newest: Mapping[str, PublishedCheckpoint],
) -> _Evidence:
    """Plan every path first, then read each tile that they need once."""
    by_origin = {checkpoint.origin: checkpoint for checkpoint in newest.values()}
    inclusions = {fact.id: inclusion_plan(places[fact.id][1], newest[places[fact.id][0]].size) for fact in facts}
    anchors, consistencies = [], []
    for origin, size in anchors_named(fact.document for fact in facts):
        anchor = await log.checkpoint(tx, origin=origin, size=size)
        if anchor is None:
            raise LookupError("a fact is anchored at a checkpoint that was never published")
        newer = by_origin.get(origin)
        anchors.append(anchor)
        consistencies.append(consistency_plan(size, newer.size) if newer else ())
    plans: dict[str, list[Plan]] = {shard: [] for shard in newest}
    for fact in facts:
        plans[places[fact.id][0]].append(inclusions[fact.id])
    for anchor, plan in zip(anchors, consistencies, strict=True):
        if anchor.shard in plans:
            plans[anchor.shard].append(plan)
    nodes = {
        shard: await log.node_hashes(tx, shard, newest[shard].size, plan_nodes(*wanted))
        for shard, wanted in plans.items()
    }
    return _Evidence(
        origins={shard: checkpoint.origin for shard, checkpoint in newest.items()},
        places=places,
        paths={fact.id: resolve(inclusions[fact.id], nodes[places[fact.id][0]]) for fact in facts},
        anchors=[
            AnchorProof(note=anchor.note, consistency=tuple(resolve(plan, nodes.get(anchor.shard, {}))))
            for anchor, plan in zip(anchors, consistencies, strict=True)
        ],
        anchor_origins=frozenset(anchor.origin for anchor in anchors),
    )
