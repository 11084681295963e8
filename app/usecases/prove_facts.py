"""Prove facts: their places in the log, the checkpoints that cover them, and the paths from each to its checkpoint."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.evidence.bundle import AnchorProof, ProvenFact, Timestamp, anchors_named
from app.evidence.fact import Opening
from app.merkle.plans import consistency_plan, inclusion_plan
from app.ports import SigningKeys
from app.storage import cosignatures, log, timestamps
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.log import PublishedCheckpoint
from app.storage.log_keys import ShardKeys
from app.usecases.read_paths import Paths
from app.usecases.sign_notes import countersigned

Places = Mapping[UUID, tuple[str, int]]
"""Shard and index of facts, by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The facts of one file – its own, and those that they name – and where they stand in the log.

    `pending` counts facts that belong here and are not published; `proving` has the checkpoint of each shard.
    """

    own: Sequence[StoredFact]
    context: Sequence[StoredFact] = ()
    places: Places
    pending: int
    proving: Mapping[str, PublishedCheckpoint]

    @property
    def facts(self) -> list[StoredFact]:
        """All of them: its own first."""
        return [*self.own, *self.context]

    @property
    def anchors(self) -> tuple[tuple[str, int], ...]:
        """(origin, size) of the checkpoints that the facts name, each once, in order."""
        return anchors_named(fact.document for fact in self.facts)


def is_published(fact: UUID, places: Places, newest: Mapping[str, PublishedCheckpoint]) -> bool:
    """Whether the newest checkpoint of its shard covers the fact."""
    if fact not in places:
        return False
    shard, index = places[fact]
    return shard in newest and index < newest[shard].size


def sizes_needed(facts: Collection[UUID], places: Places) -> dict[str, int]:
    """For each shard the smallest tree that has all of these facts."""
    needed: dict[str, int] = {}
    for shard, index in (places[fact] for fact in facts):
        needed[shard] = max(needed.get(shard, 0), index + 1)
    return needed


async def proving_checkpoints(
    tx: Tx, chosen: Chosen, needed: Mapping[str, int], *, quorum: int
) -> dict[str, PublishedCheckpoint]:
    """For each shard of which a tree of some size is `needed` the checkpoint that proves it, with its cosignatures.

    It is the newest with enough cosignatures, where that one covers what is needed and the anchors; else the newest.
    """
    anchored = dict(chosen.anchors)  # of each origin the largest comes last
    proving = []
    for shard, size in needed.items():
        checkpoint = chosen.proving[shard]
        at_least = max(size, anchored.get(checkpoint.origin, 0))
        cosigned_size = await cosignatures.newest_cosigned_size(tx, shard, at_least=at_least, quorum=quorum)
        if cosigned_size is not None and cosigned_size < checkpoint.size:
            checkpoint = await log.checkpoint(tx, origin=checkpoint.origin, size=cosigned_size) or checkpoint
        proving.append(checkpoint)
    return {checkpoint.shard: checkpoint for checkpoint in await cosignatures.all_cosigned(tx, proving)}


async def named_anchors(tx: Tx, chosen: Chosen) -> list[PublishedCheckpoint]:
    """The checkpoints that the facts name, with their cosignatures."""
    places = chosen.anchors
    found = await log.checkpoints_at(tx, places)
    if len(found) != len(places):
        raise LookupError("a fact is anchored at a checkpoint that was never published")
    return await cosignatures.all_cosigned(tx, [found[place] for place in places])


def with_all_signatures(
    chosen: Chosen, named: Sequence[PublishedCheckpoint], known: Mapping[str, ShardKeys], keys: SigningKeys
) -> tuple[Chosen, list[PublishedCheckpoint]]:
    """The same, each checkpoint signed by every key of its shard (`known`: by origin): after a rotation, the new, too.

    Raises MissingKeyError when one of them is not on this machine.
    """

    def signed(checkpoint: PublishedCheckpoint) -> PublishedCheckpoint:
        return replace(checkpoint, note=countersigned(checkpoint.note, known[checkpoint.origin].log, keys))

    proving = {shard: signed(checkpoint) for shard, checkpoint in chosen.proving.items()}
    return replace(chosen, proving=proving), [signed(anchor) for anchor in named]


async def prove(
    tx: Tx,
    chosen: Chosen,
    named: Sequence[PublishedCheckpoint],
    openings: Mapping[UUID, Mapping[str, Opening]],
) -> tuple[dict[UUID, ProvenFact], list[AnchorProof], list[Timestamp]]:
    """Paths for the facts, for the anchors, and for a time stamp of each shard where there is one.

    `named` are the anchors, `openings` what is shown of each fact.
    """
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
    for shard, size in sizes_needed([fact.id for fact in chosen.facts], chosen.places).items():
        stamp = await timestamps.covering(tx, shard, size)
        if stamp is not None:
            smaller, larger = sorted((stamp.size, proving[shard].size))
            stamps.append((stamp, paths.want(shard, consistency_plan(smaller, larger), size=larger)))
    await paths.read(tx)
    return (
        {fact.id: _proven(fact, chosen, openings[fact.id], paths[wanted[fact.id]]) for fact in chosen.facts},
        [AnchorProof(note=anchor.note, consistency=paths[path] if path else ()) for anchor, path in anchors],
        [Timestamp(text=stamp.text, token=stamp.response, consistency=paths[path]) for stamp, path in stamps],
    )


def _proven(fact: StoredFact, chosen: Chosen, openings: Mapping[str, Opening], path: tuple[bytes, ...]) -> ProvenFact:
    shard, index = chosen.places[fact.id]
    return ProvenFact(
        document=fact.document,
        salt=fact.salt,
        openings=openings,
        origin=chosen.proving[shard].origin,
        index=index,
        path=path,
    )


async def read_openings(
    tx: Tx, facts: Sequence[StoredFact], opened: Collection[str] | None, *, closed: Collection[str] = ()
) -> dict[UUID, Mapping[str, Opening]]:
    """What is shown of each fact: the fields `opened` (None: all), but for those `closed`; nothing once erased."""
    keys = await recipient_store.keys_of(tx, {fact.recipient for fact in facts if fact.recipient is not None})
    shown: dict[UUID, Mapping[str, Opening]] = {}
    for fact in facts:
        all_of_it = fact.openings(keys.get(fact.recipient) if fact.recipient else None)
        wanted = all_of_it.keys() - closed if opened is None else set(opened) - set(closed)
        shown[fact.id] = {name: opening for name, opening in all_of_it.items() if name in wanted}
    return shown
