"""A small log in memory that seals facts, publishes checkpoints and hands out bundles; keys and salts are fixed."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.fact import Anchor, ChainLink, Fact
from app.evidence.bundle import (
    AnchorProof,
    ProvenFact,
    Timestamp,
    anchors_named,
    assemble_bundle,
    context_leaves,
    statement_about,
)
from app.evidence.fact import EncodedFact, commitment_of, encode_fact, leaf_of
from app.evidence.statement import statement_key_name
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import VKey, sign_note
from app.merkle.plans import Plan, consistency_plan, inclusion_plan, plan_nodes, resolve
from app.merkle.tree import CompactRange

ORIGIN = "awizo.example/log/2026h2"
NEXT_ORIGIN = "awizo.example/log/2027h1"
NOTIFICATION = UUID("0198c0de-0000-7000-8000-00000000a11c")
START = datetime(2026, 11, 23, 10, 42, 3, 120_987, tzinfo=UTC)
EVENT_VALUE = rfc8785.dumps({"id": "wer-1", "specversion": "1.0"})
SMS = "W urzędzie czeka na Ciebie list. Zażółć gęślą jaźń."


@dataclass(frozen=True, slots=True)
class Key:
    """An Ed25519 key pair with the name that it signs under."""

    vkey: VKey
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, name: str, seed: str = "") -> "Key":
        private = Ed25519PrivateKey.from_private_bytes(sha256(f"{name}{seed}".encode()).digest())
        return cls(VKey(name=name, public_key=private.public_key().public_bytes_raw()), private)

    def sign(self, text: str) -> bytes:
        return sign_note(text, vkey=self.vkey, sign=self.private.sign)


def salts_from(start: int) -> Callable[[int], bytes]:
    """A stand-in for the system's generator: an endless stream that is the same each time."""
    drawn = start

    def draw(size: int) -> bytes:
        nonlocal drawn
        drawn += 1
        blocks = (sha256(b"salt %d %d" % (drawn, block)).digest() for block in range(size // 32))
        return b"".join(blocks)

    return draw


class Shard:
    """One shard of the log: leaves in order, and its published checkpoints by size."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.key = Key.of(origin)
        self.statements = Key.of(statement_key_name(origin))
        self.leaves: list[bytes] = []
        self.notes: dict[int, bytes] = {}

    def root(self, size: int) -> bytes:
        return CompactRange().extend(self.leaves[:size]).root()

    def publish(self) -> Anchor:
        size = len(self.leaves)
        checkpoint = Checkpoint(origin=self.origin, size=size, root=self.root(size))
        self.notes[size] = self.key.sign(checkpoint.text())
        return Anchor(origin=self.origin, size=size, root=checkpoint.root)

    def proof(self, plan: Plan) -> tuple[bytes, ...]:
        nodes = {
            node: CompactRange().extend(self.leaves[node.index << node.level : (node.index + 1) << node.level]).root()
            for node in plan_nodes(plan)
        }
        return tuple(resolve(plan, nodes))


class Log:
    """A log of two shards, and the bundle of one notification in it."""

    def __init__(self) -> None:
        self.shards = {origin: Shard(origin) for origin in (ORIGIN, NEXT_ORIGIN)}
        self.facts: dict[bytes, tuple[EncodedFact, str, int]] = {}
        self.chain: list[bytes] = []
        self.salt = salts_from(0)
        self.clock = START
        self.anchor: Anchor | None = None
        for origin in self.shards:
            self.write("log.opened", {"origin": origin, "detail": "first start"}, shard=origin)
            self.shards[origin].publish()

    def write(
        self,
        kind: str,
        data: Mapping[str, object],
        sealed: Mapping[str, bytes | None] | None = None,
        *,
        shard: str = ORIGIN,
        chained: bool = False,
        notification: UUID = NOTIFICATION,
        change: Callable[[dict[str, Any]], object] | None = None,
    ) -> bytes:
        """Seal one fact, and the leaf of somebody else's beside it; the leaf hash is returned.

        `change` makes the log lie: it alters the document before it is sealed.
        """
        self.clock += timedelta(milliseconds=1500)
        identifier = UUID(int=0x0198C0DE_0000_7000_8000_000000000000 + len(self.facts))
        fact = Fact(type=kind, id=identifier, at=self.clock, data=data, sealed=sealed or {})
        prev = self.chain[-1] if self.chain else None
        link = ChainLink(notification=notification, n=len(self.chain), prev=prev) if chained else None
        encoded = encode_fact(fact, link=link, anchor=self.anchor, salt=self.salt)
        if change is not None:
            encoded = changed(encoded, change)
        leaves = self.shards[shard].leaves
        self.facts[encoded.leaf] = (encoded, shard, len(leaves))
        leaves += [encoded.leaf, sha256(b"other %d" % len(leaves)).digest()]
        if chained:
            self.chain.append(encoded.leaf)
        return encoded.leaf

    def publish(self, shard: str = ORIGIN) -> None:
        self.anchor = self.shards[shard].publish()

    def proven(self, leaf: bytes, sizes: Mapping[str, int]) -> ProvenFact:
        encoded, origin, index = self.facts[leaf]
        return ProvenFact(
            document=encoded.document,
            salt=encoded.salt,
            openings=encoded.openings,
            origin=origin,
            index=index,
            path=self.shards[origin].proof(inclusion_plan(index, sizes[origin])),
        )

    def vkeys(self, *origins: str) -> list[VKey]:
        """Both keys of each shard, the log's first."""
        shards = [self.shards[origin] for origin in origins or self.shards]
        return [key.vkey for shard in shards for key in (shard.key, shard.statements)]

    def bundle(
        self,
        *,
        pending: int = 0,
        statement: bool = True,
        timestamps: Iterable[Timestamp] = (),
        beside: Iterable[bytes] = (),
    ) -> bytes:
        """The bundle of the whole chain; `beside` puts facts into the context that nobody names."""
        sizes = {origin: max(shard.notes) for origin, shard in self.shards.items()}
        checkpoints = {origin: self.shards[origin].notes[size] for origin, size in sizes.items()}
        facts = [self.proven(leaf, sizes) for leaf in self.chain]
        context = [self.proven(leaf, sizes) for leaf in (*context_leaves(fact.document for fact in facts), *beside)]
        issued_at = START + timedelta(hours=1)
        said = statement_about(
            facts, notification=NOTIFICATION, issued_at=issued_at, pending=pending, checkpoints=checkpoints
        )
        origins = {fact.origin for fact in [*facts, *context]}
        return assemble_bundle(
            notification=NOTIFICATION,
            issued_at=issued_at,
            pending=pending,
            facts=facts,
            context=context,
            checkpoints=checkpoints,
            anchors=[
                AnchorProof(
                    note=self.shards[origin].notes[size],
                    consistency=self.shards[origin].proof(consistency_plan(size, sizes[origin]))
                    if origin in origins
                    else (),
                )
                for origin, size in anchors_named(fact.document for fact in [*facts, *context])
            ],
            vkeys=self.vkeys(),
            timestamps=timestamps,
            statement=self.shards[facts[-1].origin].statements.sign(said.text()) if statement else None,
        ).data


def planned_log() -> Log:
    """A log in which an event and a consent led to a planned notification, which was handed to a provider."""
    log = Log()
    event = log.write(
        "event.accepted",
        {
            "operator": "poczta-polska",
            "event": UUID(int=7),
            "event_type": "pl.awizo.delivery.notice_left.v1",
            "event_time": START,
            "received_at": START,
        },
        {"event": EVENT_VALUE, "shipment": b"00759007734123456789", "recipient": b"customer-4711"},
    )
    log.publish()
    consent = log.write(
        "consent.granted",
        {"channel": "sms", "purpose": "delivery", "version": 3, "by": "person", "method": "page"},
        {"contact": b"+48600100200", "statement": b"{}"},
    )
    log.write(
        "notification.planned",
        {
            "operator": "poczta-polska",
            "kind": "notice_left",
            "channel": "sms",
            "purpose": "delivery",
            "event_facts": [event.hex()],
            "consent_fact": consent.hex(),
            "consent_version": 3,
            "policy": "2026-11",
        },
        {"contact": b"+48600100200", "recipient": b"customer-4711"},
        chained=True,
    )
    log.publish()
    log.write(
        "attempt.started",
        {"attempt": 1, "provider": "twilio", "consent_version": 3, "template": "notice_left", "template_version": 1}
        | {"encoding": "ucs2", "parts": 1},
        {"contact": b"+48600100200", "content": SMS.encode()},
        chained=True,
    )
    log.write(
        "attempt.accepted",
        {"attempt": 1, "provider": "twilio", "code": "201", "peer": "ab" * 32},
        {"provider_id": b"SM\xff1", "provider_reply": b'{"sid": "SM1"}'},
        chained=True,
    )
    return log


def delivered_log() -> Log:
    """The same, delivered and closed, with a late report."""
    log = planned_log()
    log.publish()
    log.write(
        "receipt.delivered",
        {"attempt": 1, "provider": "twilio", "code": "delivered", "claimed_at": START, "via": "callback"}
        | {"signature": "shared_key"},
        {"receipt": b"MessageStatus=delivered"},
        chained=True,
    )
    log.write("notification.closed", {"status": "delivered"}, chained=True)
    log.write(
        "receipt.late",
        {"attempt": 1, "provider": "twilio", "code": "sent", "via": "callback", "signature": "shared_key"},
        {"receipt": b"MessageStatus=sent"},
        chained=True,
    )
    log.publish()
    return log


def crossing_log() -> Log:
    """A chain that begins in one shard and ends in the next, whose facts name checkpoints of both."""
    log = planned_log()
    log.publish()
    log.write("notification.closed", {"status": "sent"}, chained=True, shard=NEXT_ORIGIN)
    log.publish(NEXT_ORIGIN)
    log.write(
        "recipient.acknowledged",
        {"method": "page", "reference": "r-1"},
        {"statement": b'{"said":"got it"}'},
        chained=True,
        shard=NEXT_ORIGIN,
    )
    log.publish(NEXT_ORIGIN)
    return log


def edited(bundle: bytes, edit: Callable[[dict[str, Any]], object], *, digest: bool = True) -> bytes:
    """The bundle after `edit` changed it, in canonical form again, with the digest that then belongs to it."""
    raw = json.loads(bundle)
    edit(raw)
    if digest:
        raw.pop("digest", None)
        raw["digest"] = sha256(rfc8785.dumps(raw)).hexdigest()
    return rfc8785.dumps(raw)


def changed(fact: EncodedFact, change: Callable[[dict[str, Any]], object]) -> EncodedFact:
    """The fact with another document, its commitment and leaf to match."""
    raw = json.loads(fact.document)
    change(raw)
    document = rfc8785.dumps(raw)
    commitment = commitment_of(document, fact.salt)
    return replace(fact, document=document, commitment=commitment, leaf=leaf_of(commitment))
