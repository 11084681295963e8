"""Statements about one shipment: which facts the log has about it up to a checkpoint, and its word that these are all.

A file of the format `awizo-shipment/v1` holds the event facts with their proofs, the notifications by number of facts
and last leaf hash, and a signed note under `<origin>/statements` that says how many there are. With no event it is
the signed “no event about this shipment until T”.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from app.evidence.bundle import AnchorProof, AssembledBundle, ProvenFact, anchor_members, fact_member, original_members
from app.evidence.canonical import canonical_json
from app.evidence.fact import Opening
from app.evidence.shipment_statement import (
    FORMAT,
    ListedNotification,
    ShipmentStatement,
    Unlinked,
    list_text,
    subject_commitment,
)
from app.merkle.encoding import encode_base64
from app.merkle.note import VKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFile:
    """What goes into a file, beside the note about it. Everything is in the order of the format.

    `checkpoints` has the signed checkpoint of each shard, `events` come in order of shard and index, `notifications`
    in order of their ids; `named`: the shipment's name is shown.
    """

    subject: Opening = field(repr=False)
    named: bool
    issued_at: str
    since: str
    until: str
    pending: int
    unlinked: Unlinked
    origin: str
    size: int
    events: Sequence[ProvenFact]
    notifications: Sequence[ListedNotification]
    checkpoints: Mapping[str, bytes]
    anchors: Sequence[AnchorProof]
    vkeys: Sequence[VKey]
    witnesses: str
    limits: str

    def statement(self) -> ShipmentStatement:
        """What the log states about it; its text is for the key called `statement_key_name(origin)`."""
        listed = list_text((fact.leaf for fact in self.events), self.notifications)
        return ShipmentStatement(
            subject=subject_commitment(self.subject.salt, self.subject.value),
            issued_at=self.issued_at,
            since=self.since,
            until=self.until,
            events=len(self.events),
            notifications=len(self.notifications),
            pending=self.pending,
            unlinked=self.unlinked,
            listed=sha256(listed.encode()).digest(),
            origin=self.origin,
            size=self.size,
        )


def assemble_shipment(file: ShipmentFile, statement: bytes) -> AssembledBundle:
    """The bytes of a file with the signed note over its statement. The values are trusted."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "subject": _subject(file),
        "issued_at": file.issued_at,
        "since": file.since,
        "until": file.until,
        "pending": file.pending,
        "unlinked": {"events": file.unlinked.events, "notifications": file.unlinked.notifications},
        "checkpoint": file.checkpoints[file.origin].decode(),
        "vkeys": [str(vkey) for vkey in file.vkeys],
        "events": [fact_member(fact, file.checkpoints) for fact in file.events],
        "notifications": [_notification(each) for each in file.notifications],
        "anchors": anchor_members(file.anchors),
        "originals": original_members(file.events),
        "statement": statement.decode(),
        "witnesses": file.witnesses,
        "limits": file.limits,
    }
    digest = sha256(canonical_json(body)).hexdigest()
    return AssembledBundle(data=canonical_json(body | {"digest": digest}), digest=digest)


def _subject(file: ShipmentFile) -> dict[str, str]:
    closed = {
        "commitment": encode_base64(subject_commitment(file.subject.salt, file.subject.value)),
        "salt": encode_base64(file.subject.salt),
    }
    return closed | {"value": file.subject.value.decode()} if file.named else closed


def _notification(listed: ListedNotification) -> dict[str, Any]:
    return {"notification": listed.notification, "facts": listed.facts, "last_leaf": listed.last_leaf.hex()}
