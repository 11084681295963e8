"""Prove a notification: its published facts with everything that a stranger needs to check them offline."""

import itertools
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.domain.duty import Duty
from app.domain.service_message import closed_fields
from app.evidence.bundle import AssembledBundle, assemble_bundle, context_leaves, statement_about
from app.evidence.catalogue import EVENT_FACTS
from app.evidence.limits import limits_with
from app.merkle.note import parse_vkey
from app.ports import SigningKeys, Surroundings
from app.storage import facts as fact_store
from app.storage import log, log_keys, placement
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.usecases.prove_facts import (
    Chosen,
    is_published,
    named_anchors,
    prove,
    proving_checkpoints,
    read_openings,
    sizes_needed,
    with_all_signatures,
)
from app.usecases.read_downtimes import downtimes_within
from app.usecases.sign_notes import signed_by_all

DOWNTIMES_NAMED = 20


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
    quorum: int = 1,
) -> AssembledBundle | NothingPublished:
    """The proof bundle of one notification that exists. `opened` names the fields to reveal, None all of them.

    `witnesses` is the part about witnesses of the policy (c2sp.org/tlog-policy) that we would suggest, `quorum` how
    many of them it asks for. Raises MissingKeyError when a key that signs is not on this machine.
    """
    chosen = await _choose(tx, notification, quorum)
    if chosen is None:
        return NothingPublished()
    named = await named_anchors(tx, chosen)
    origins = {checkpoint.origin for checkpoint in [*chosen.proving.values(), *named]}
    known = await log_keys.of_origins(tx, origins)
    chosen, named = with_all_signatures(chosen, named, known, keys)
    closed = await _closed(tx, notification, now=surroundings.clock())
    openings = await read_openings(tx, chosen.facts, opened, closed=closed)
    proven, anchors, stamps = await prove(tx, chosen, named, openings)
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


async def _choose(tx: Tx, notification: UUID, quorum: int) -> Chosen | None:
    """What of the notification is published; None when nothing is."""
    # The checkpoints first: every fact they cover is there when the chain is read, so none can be left out.
    newest = await log.newest_checkpoints(tx)
    chain = await fact_store.of_notification(tx, notification)
    places = await placement.places(tx, [fact.id for fact in chain])
    own = list(itertools.takewhile(lambda fact: is_published(fact.id, places, newest), chain))
    context = await fact_store.by_leaves(tx, context_leaves(fact.document for fact in own))
    places |= await placement.places(tx, [fact.id for fact in context])
    if not own or not all(is_published(fact.id, places, newest) for fact in context):
        return None
    chosen = Chosen(own=own, context=context, places=places, pending=len(chain) - len(own), proving=newest)
    needed = sizes_needed([fact.id for fact in chosen.facts], places)
    return replace(chosen, proving=await proving_checkpoints(tx, chosen, needed, quorum=quorum))


async def _closed(tx: Tx, notification: UUID, *, now: datetime) -> Collection[str]:
    found = await outbox.by_id(tx, notification)
    return closed_fields(found.kind, expires_at=found.expires_at, now=now) if found else ()


async def _is_complete(tx: Tx, notification: UUID) -> bool:
    """Whether the log can vouch that no fact is missing: not for what it knew before facts of it were lost."""
    lost_at = await log.last_loss_at(tx)
    if lost_at is None:
        return True
    found = await outbox.by_id(tx, notification)
    return found is not None and found.created_at > lost_at


async def _limits(tx: Tx, chosen: Chosen) -> str:
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
