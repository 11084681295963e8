"""Reading the bytes of a statement about one shipment: the same strictness as for a bundle, other members."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from app.evidence.shipment_statement import FORMAT, ListedNotification, Unlinked
from app.evidence.verifier import strict_json
from app.evidence.verifier.form import (
    note_bytes,
    read_anchors,
    read_checkpoint,
    read_facts,
    read_originals,
    read_vkeys,
)
from app.evidence.verifier.model import Evidence, ProvingNote
from app.evidence.verifier.report import Refusal

_MEMBERS = (
    "format",
    "subject",
    "issued_at",
    "since",
    "until",
    "pending",
    "unlinked",
    "checkpoint",
    "vkeys",
    "events",
    "notifications",
    "anchors",
    "originals",
    "statement",
    "witnesses",
    "limits",
    "digest",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The commitment to operator and shipment, its salt, and the two names joined by LF where they are shown."""

    commitment: bytes
    salt: bytes
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment(Evidence):
    """A whole statement about one shipment; `facts` are its events, `rests_on` the checkpoint whose tree it sums up."""

    subject: Subject
    since: str
    until: str
    unlinked: Unlinked
    rests_on: ProvingNote
    notifications: tuple[ListedNotification, ...]
    statement: bytes

    def proving_notes(self) -> Iterator[ProvingNote]:
        """The checkpoint that it rests on, which may prove no fact of it, then those of other shards."""
        yield self.rests_on
        for proving in Evidence.proving_notes(self):
            if proving.note != self.rests_on.note:
                yield proving


def read_shipment(data: bytes) -> Shipment:
    """The statement that `data` holds; Refusal, with its sentence, for anything that is not well-formed."""
    raw = strict_json.members(strict_json.read_canonical(data), _MEMBERS, "The file")
    if raw["format"] != FORMAT:
        raise Refusal(f"The file is not of the format {FORMAT}.")
    for name in ("witnesses", "limits"):
        strict_json.text(raw[name], f"The member {name}")
    where = "The checkpoint that it rests on"
    checkpoint = note_bytes(raw["checkpoint"], where)
    body = {name: value for name, value in raw.items() if name != "digest"}
    return Shipment(
        subject=_subject(raw["subject"]),
        issued_at=strict_json.time(raw["issued_at"], "The time of issue"),
        since=strict_json.time(raw["since"], "The beginning"),
        until=strict_json.time(raw["until"], "The end"),
        pending=strict_json.count(raw["pending"], "The number of pending facts"),
        unlinked=_unlinked(raw["unlinked"]),
        rests_on=ProvingNote(where, checkpoint, read_checkpoint(checkpoint, where)),
        vkeys=read_vkeys(raw["vkeys"]),
        facts=read_facts(raw["events"], "events", "event"),
        notifications=_notifications(raw["notifications"]),
        anchors=read_anchors(raw["anchors"]),
        originals=read_originals(raw["originals"]),
        statement=note_bytes(raw["statement"], "The statement"),
        digest=strict_json.leaf(raw["digest"], "The digest").hex(),
        computed_digest=sha256(strict_json.canonical_bytes(body)).hexdigest(),
    )


def _subject(value: Any) -> Subject:
    is_named = isinstance(value, dict) and "value" in value
    raw = strict_json.members(value, ("commitment", "salt", *(("value",) if is_named else ())), "The subject")
    return Subject(
        commitment=strict_json.base64_hash(raw["commitment"], "The commitment to the shipment"),
        salt=strict_json.base64_hash(raw["salt"], "The salt of the subject"),
        value=strict_json.text(raw["value"], "The name of the shipment") if is_named else None,
    )


def _unlinked(value: Any) -> Unlinked:
    raw = strict_json.members(value, ("events", "notifications"), "The member unlinked")
    return Unlinked(
        events=strict_json.count(raw["events"], "The number of unlinked events"),
        notifications=strict_json.count(raw["notifications"], "The number of unlinked notifications"),
    )


def _notifications(value: Any) -> tuple[ListedNotification, ...]:
    listed = []
    for place, item in enumerate(strict_json.items(value, "Member notifications")):
        where = f"notification {place}"
        raw = strict_json.members(item, ("notification", "facts", "last_leaf"), where.capitalize())
        listed.append(
            ListedNotification(
                strict_json.uuid(raw["notification"], f"The id of {where}"),
                strict_json.count(raw["facts"], f"The number of facts of {where}"),
                strict_json.leaf(raw["last_leaf"], f"The last leaf hash of {where}"),
            )
        )
    return tuple(listed)
