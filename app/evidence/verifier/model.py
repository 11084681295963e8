"""A file of facts as the verifier has read it: well-formed, of exact members and types, nothing of it checked yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.evidence.catalogue import FactType
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import VKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A fact's document whose every member is as the catalogue has it; `raw` is the same as JSON gave it."""

    raw: Mapping[str, Any]
    row: FactType
    id: str
    at: str
    notification: str | None
    n: int | None
    prev: bytes | None
    anchor: Checkpoint | None
    data: Mapping[str, Any]
    sealed: Mapping[str, bytes]

    @property
    def named_events(self) -> tuple[bytes, ...]:
        """The leaf hashes of the event facts that it names."""
        return tuple(bytes.fromhex(leaf) for leaf in self.data.get("event_facts") or ())

    @property
    def named_consent(self) -> bytes | None:
        """The leaf hash of the consent fact that it names."""
        consent = self.data.get("consent_fact")
        return None if consent is None else bytes.fromhex(consent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A field that is shown: its name, its salt and the value's bytes."""

    name: str
    salt: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFact:
    """One fact of a bundle with its place. `where` names it in sentences, `section` is `facts` or `context`."""

    where: str
    section: str
    document: Document
    salt: bytes
    leaf: bytes
    openings: tuple[Opened, ...]
    index: int
    path: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleAnchor:
    """A checkpoint that facts name, and the path from it to its shard's checkpoint."""

    where: str
    note: bytes
    checkpoint: Checkpoint
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleTimestamp:
    """A time stamp's token and the checkpoint whose text it stamps."""

    where: str
    checkpoint: Checkpoint
    token: bytes
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOriginal:
    """A whole document that a sealed field of fact `fact` (an id) commits to."""

    where: str
    fact: str
    media_type: str
    opened: Opened


class ProvingNote(NamedTuple):
    """A signed checkpoint that something rests on. `where` names it in sentences."""

    where: str
    note: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Facts under checkpoints, whatever they are to show together.

    `digest` is what the file says, `computed_digest` what follows from its bytes.
    """

    issued_at: str
    pending: int
    vkeys: tuple[VKey, ...]
    facts: tuple[BundleFact, ...]
    context: tuple[BundleFact, ...] = ()
    anchors: tuple[BundleAnchor, ...]
    originals: tuple[BundleOriginal, ...]
    digest: str
    computed_digest: str

    def proven(self) -> Iterator[BundleFact]:
        """All facts: the file's own, then the context."""
        yield from self.facts
        yield from self.context

    def proving_notes(self) -> Iterator[ProvingNote]:
        """Each distinct checkpoint that proves something, in order."""
        seen: set[bytes] = set()
        for fact in self.proven():
            if fact.note not in seen:
                seen.add(fact.note)
                yield ProvingNote(f"The checkpoint of {fact.where}", fact.note, fact.checkpoint)

    def checkpoints(self) -> dict[str, Checkpoint]:
        """The checkpoint of each shard (the first, should there be several)."""
        found: dict[str, Checkpoint] = {}
        for proving in self.proving_notes():
            found.setdefault(proving.checkpoint.origin, proving.checkpoint)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(Evidence):
    """A whole bundle: the facts of one notification, and what they name."""

    notification: str
    timestamps: tuple[BundleTimestamp, ...]
    statement: bytes | None
