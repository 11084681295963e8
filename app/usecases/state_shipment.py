"""State which facts the log has about one shipment until a moment T, or that it has none.

**What is true at T.** A checkpoint of N leaves was published at P, and is read first. Then the shipment's lock is
taken: whoever decides about an event of this shipment holds that lock until the end of his transaction, and reads the
clock for the fact's `at` only after he got it. So each such transaction either ended before we got the lock – what it
wrote is seen by every later question here – or reads its clock after that, later than P. Then the facts are read.
Those below N are listed. The others are `pending`, and T is the earlier of P and the last millisecond before the
first of them. Hence, for every event about this shipment alone:

    its fact has an `at` not after T  ⇒  it had been committed, and is not pending  ⇒  it stands below N, and is listed.

A transaction that began before T and committed afterwards had waited for the lock, or had it and was waited for; it
makes no exception. On SQLite the one writer takes the place of the lock: P is read in a transaction that ended before
this one saw its checkpoint, and whoever writes next reads his clock later. An incident that names several shipments
takes the lock of the incident instead, and the facts of a notification that of its row. For them less is true, and it
is enough: what was answered until T had been committed by then, so it is seen, and as before it is listed or younger
than T. One that was still on its way can carry an `at` before T and stand at N or above; nobody had been promised it.

T says nothing of other clocks than ours: with several nodes it is as good as they agree.

**What is true since.** The name of a shipment leads to its facts by a keyed blind index, which erasure of a person
destroys, and which age destroys for everybody. So the statement begins after the newest event that was too old, and
counts what else of the operator no name leads to: whoever reads “none” beside a number that is not 0 knows why not.
That is asked last: what is forgotten while we read is counted, if it is not listed.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from uuid import UUID

from app.domain.duty import Duty
from app.evidence.bundle import AssembledBundle
from app.evidence.canonical import format_time
from app.evidence.commitment import SALT_BYTES
from app.evidence.fact import Opening
from app.evidence.limits import shipment_limits_with
from app.evidence.shipment import ShipmentFile, assemble_shipment
from app.evidence.shipment_statement import ListedNotification, subject_value
from app.merkle.note import parse_vkey
from app.ports import SigningKeys, Surroundings
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import log, log_keys, placement, shipment_facts
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.log import PublishedCheckpoint
from app.storage.shipment_facts import ChainFact, Horizon
from app.storage.shipments import lock_shipments
from app.usecases.prove_facts import (
    Chosen,
    Places,
    is_published,
    named_anchors,
    prove,
    proving_checkpoints,
    read_openings,
    sizes_needed,
    with_all_signatures,
)
from app.usecases.prove_notification import NothingPublished
from app.usecases.read_downtimes import downtimes_within
from app.usecases.sign_notes import signed_by_all

LISTED_MAX = 1_000
DOWNTIMES_NAMED = 20

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyFacts:
    """More than 1,000 facts of events, or notifications, are about the shipment; a statement leaves nothing out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which shipment, and what of it is shown: the fields `opened` (None: all) of facts about these `people`."""

    operator: str
    shipment: str = field(repr=False)
    opened: Collection[str] | None
    people: Collection[UUID]

    @property
    def shows_name(self) -> bool:
        """Whether the shipment's own name is shown."""
        return self.opened is None or "shipment" in self.opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known of the shipment. `resting` is the shard whose checkpoint the statement rests on."""

    chosen: Chosen
    chains: Mapping[UUID, Sequence[ChainFact]]
    resting: str
    earliest_pending: datetime | None

    def until(self, issued_at: datetime) -> datetime:
        """T, as the module has it; never after the statement was issued, whatever other clocks say."""
        published_at = self.chosen.proving[self.resting].published_at
        if self.earliest_pending is None:
            return min(published_at, issued_at)
        return min(published_at, issued_at, self.earliest_pending - _MILLISECOND)


async def state_shipment(
    tx: Tx,
    about: About,
    *,
    keys: SigningKeys,
    surroundings: Surroundings,
    witnesses: str = "",
    quorum: int = 1,
) -> AssembledBundle | NothingPublished | TooManyFacts:
    """The file `awizo-shipment/v1` about a shipment that need not exist. `witnesses` and `quorum` as for a proof.

    NothingPublished: there is no moment of which anything could be said yet. Raises MissingKeyError when a key that
    signs is not on this machine.
    """
    found = await _find(tx, about, quorum)
    if not isinstance(found, _Found):
        return found
    horizon = await shipment_facts.horizon(tx, about.operator)
    issued_at = surroundings.clock()
    until = found.until(issued_at)
    if until < horizon.since:
        return NothingPublished()
    named = await named_anchors(tx, found.chosen)
    known = await log_keys.of_origins(tx, {each.origin for each in [*found.chosen.proving.values(), *named]})
    chosen, named = with_all_signatures(found.chosen, named, known, keys)
    proven, anchors, _ = await prove(tx, chosen, named, await _openings(tx, about, chosen.own))
    rests_on = chosen.proving[found.resting]
    log_vkeys = [vkey for origin in sorted(known) for vkey in known[origin].log]
    statements = known[rests_on.origin].statements
    file = ShipmentFile(
        subject=Opening(surroundings.entropy(SALT_BYTES), subject_value(about.operator, about.shipment)),
        named=about.shows_name,
        issued_at=format_time(issued_at),
        since=format_time(horizon.since),
        until=format_time(until),
        pending=chosen.pending,
        unlinked=horizon.unlinked,
        origin=rests_on.origin,
        size=rests_on.size,
        events=sorted(proven.values(), key=lambda fact: (fact.origin, fact.index)),
        notifications=_listed(found),
        checkpoints={each.origin: each.note for each in chosen.proving.values()},
        anchors=anchors,
        vkeys=[parse_vkey(vkey) for vkey in [*log_vkeys, *statements]],
        witnesses="".join(f"log {vkey}\n" for vkey in log_vkeys) + witnesses if witnesses else "",
        limits=await _limits(tx, horizon, until),
    )
    return assemble_shipment(file, signed_by_all(file.statement().text(), statements, keys))


async def _find(tx: Tx, about: About, quorum: int) -> _Found | NothingPublished | TooManyFacts:
    """What the log has about the shipment, in the order that the module's argument needs."""
    newest = await log.newest_checkpoints(tx)
    resting = [head.shard for head in await log.heads(tx) if head.shard in newest]
    if not resting:
        return NothingPublished()
    index = event_store.shipment_index(tx, about.operator, about.shipment)
    await lock_shipments(tx, [index])
    events = await shipment_facts.event_facts(tx, about.operator, index, limit=LISTED_MAX + 1)
    chains = await shipment_facts.chains(tx, index, limit=LISTED_MAX + 1)
    if max(len(events), len(chains)) > LISTED_MAX:
        return TooManyFacts()
    everything = [fact.id for fact in events] + [fact.id for chain in chains.values() for fact in chain]
    places = await placement.places(tx, everything)
    own = [fact for fact in events if is_published(fact.id, places, newest)]
    covered = {id_: _covered(chain, places, newest) for id_, chain in chains.items()}
    below = {fact.id for fact in own} | {fact.id for chain in covered.values() for fact in chain}
    waiting = [fact for fact in everything if fact not in below]
    chosen = Chosen(own=own, places=places, pending=len(waiting), proving=newest)
    needed = {resting[-1]: 1} | sizes_needed(below, places)
    return _Found(
        chosen=replace(chosen, proving=await proving_checkpoints(tx, chosen, needed, quorum=quorum)),
        chains={id_: chain for id_, chain in covered.items() if chain},
        resting=resting[-1],
        earliest_pending=await _earliest(tx, waiting),
    )


def _covered(chain: Sequence[ChainFact], places: Places, newest: Mapping[str, PublishedCheckpoint]) -> list[ChainFact]:
    return list(takewhile(lambda fact: is_published(fact.id, places, newest), chain))


async def _earliest(tx: Tx, waiting: Collection[UUID]) -> datetime | None:
    """When the first of these facts was written, by its document."""
    found = await fact_store.by_ids(tx, waiting) if waiting else {}
    times = [json.loads(fact.document)["at"] for fact in found.values()]
    return datetime.fromisoformat(min(times)).astimezone(UTC) if times else None


async def _openings(tx: Tx, about: About, facts: Sequence[StoredFact]) -> Mapping[UUID, Mapping[str, Opening]]:
    shown = [fact for fact in facts if fact.recipient in about.people]
    return {fact.id: {} for fact in facts} | await read_openings(tx, shown, about.opened)


def _listed(found: _Found) -> list[ListedNotification]:
    listed = (ListedNotification(str(id_), len(chain), chain[-1].leaf) for id_, chain in found.chains.items())
    return sorted(listed)


async def _limits(tx: Tx, horizon: Horizon, until: datetime) -> str:
    named, more = await downtimes_within(tx, dict.fromkeys(Duty, horizon.since), until, limit=DOWNTIMES_NAMED)
    return shipment_limits_with(named, more=more)
