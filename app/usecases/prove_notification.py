"""Prove a notification: its published facts with everything that a stranger needs to check them offline."""

from collections.abc import Collection, Mapping, Sequence
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
from app.merkle.note import parse_vkey
from app.merkle.plans import Plan, consistency_plan, inclusion_plan, plan_nodes, resolve
from app.ports import SigningKeys, Surroundings
from app.storage import cosignatures, log, log_keys
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.log import PublishedCheckpoint
from app.usecases.sign_notes import signed_by_all


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingPublished:
    """No fact of the notification stands under a published checkpoint yet; ask again in a moment."""


async def prove_notification(
    tx: Tx,
    notification: UUID,
    *,
    opened: Collection[str] | None,
    keys: SigningKeys,
    surroundings: Surroundings,
    witnesses: str = "",
) -> AssembledBundle | NothingPublished:
    """The proof bundle of one notification that exists. `opened` names the fields to reveal, None all of them.

    `witnesses` is the part about witnesses of the policy (c2sp.org/tlog-policy) that we would suggest. Raises
    MissingKeyError when a key that signs statements is not on this machine.
    """
    # The checkpoints first: every fact they cover is there when the chain is read, so none can be left out.
    newest = await log.newest_checkpoints(tx)
    chain = await fact_store.of_notification(tx, notification)
    places = await log.places(tx, [fact.id for fact in chain])
    facts = [fact for fact in chain if _is_published(fact, places, newest)]
    if not facts:
        return NothingPublished()
    context = await fact_store.by_leaves(tx, context_leaves(fact.document for fact in facts))
    places |= await log.places(tx, [fact.id for fact in context])
    if not all(_is_published(fact, places, newest) for fact in context):
        return NothingPublished()
    proving = await _proving_checkpoints(tx, [*facts, *context], places, newest)
    openings = await _openings(tx, [*facts, *context], opened)
    evidence = await _collect(tx, [*facts, *context], places, proving)
    proven = {fact.id: evidence.prove(fact, openings[fact.id]) for fact in [*facts, *context]}
    checkpoints = {checkpoint.origin: checkpoint.note for checkpoint in proving.values()}
    issued_at, pending = surroundings.clock(), len(chain) - len(facts)
    own = [proven[fact.id] for fact in facts]
    vkeys = await log_keys.of_origins(tx, evidence.all_origins())
    log_vkeys = [vkey for origin in sorted(vkeys) for vkey in vkeys[origin].log]
    statements = vkeys[own[-1].origin].statements
    statement = None
    if await _is_complete(tx, notification):
        stated = statement_about(
            own, notification=notification, issued_at=issued_at, pending=pending, checkpoints=checkpoints
        )
        statement = signed_by_all(stated.text(), statements, keys)
    return assemble_bundle(
        notification=notification,
        issued_at=issued_at,
        pending=pending,
        facts=own,
        context=[proven[fact.id] for fact in context],
        checkpoints=checkpoints,
        anchors=evidence.anchors,
        vkeys=[parse_vkey(vkey) for vkey in [*log_vkeys, *statements]],
        statement=statement,
        witnesses="".join(f"log {vkey}\n" for vkey in log_vkeys) + witnesses if witnesses else "",
    )


async def _is_complete(tx: Tx, notification: UUID) -> bool:
    """Whether the log can vouch that no fact is missing: not for what it knew before facts of it were lost."""
    lost = [head.losses_at for head in await log.heads(tx) if head.losses_at is not None]
    if not lost:
        return True
    found = await outbox.by_id(tx, notification)
    return found is not None and found.created_at > max(lost)


def _is_published(
    fact: StoredFact, places: Mapping[UUID, tuple[str, int]], newest: Mapping[str, PublishedCheckpoint]
) -> bool:
    if fact.id not in places:
        return False
    shard, index = places[fact.id]
    return shard in newest and index < newest[shard].size


async def _proving_checkpoints(
    tx: Tx,
    facts: Sequence[StoredFact],
    places: Mapping[UUID, tuple[str, int]],
    newest: Mapping[str, PublishedCheckpoint],
) -> dict[str, PublishedCheckpoint]:
    """For each shard with one of these facts the checkpoint that proves them, with its cosignatures.

    It is the newest that a witness cosigned, where that one covers the facts and their anchors; else the newest.
    """
    needed: dict[str, int] = {}
    for shard, index in (places[fact.id] for fact in facts):
        needed[shard] = max(needed.get(shard, 0), index + 1)
    anchored = dict(anchors_named(fact.document for fact in facts))  # the largest of each origin: they come in order
    proving = {}
    for shard, size in needed.items():
        chosen = newest[shard]
        at_least = max(size, anchored.get(chosen.origin, 0))
        cosigned_size = await cosignatures.newest_cosigned_size(tx, shard, at_least=at_least)
        if cosigned_size is not None and cosigned_size < chosen.size:
            chosen = await log.checkpoint(tx, origin=chosen.origin, size=cosigned_size) or chosen
        proving[shard] = await cosignatures.cosigned(tx, chosen)
    return proving


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
