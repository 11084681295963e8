"""What a proof bundle tells, read for people: its records in order of time, and what became of the message."""

import json
from dataclasses import dataclass
from datetime import datetime

from app.evidence.catalogue import grade_of
from app.evidence.limits import LIMITS
from app.evidence.verifier import Outcome, Verdict, verify_bundle
from app.evidence.verifier.form import read_bundle
from app.evidence.verifier.model import Bundle, BundleFact
from app.merkle.note import parse_note
from app.rendering.statement_pdf.fate import Fate, fate_of
from app.rendering.statement_pdf.record import Record, claimed_at, lane_of


class UnsoundBundleError(ValueError):
    """No statement can be made of a bundle; the message says why in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A sound bundle as a person would be told of it.

    `chain` are the notification's own records in their order, `records` these and their context by time, none left
    out. `witnesses` counts who cosigned beside the log, `stamps` the time stamps; nobody has judged either here.
    `is_complete`: the log states, under a key that the bundle names, that these are all. `downtimes` is what the
    bundle's limits say beyond the fixed text, empty when nothing.
    """

    notification: str
    issued_at: datetime
    digest: str
    pending: int
    chain: tuple[Record, ...]
    records: tuple[Record, ...]
    fate: Fate
    vkeys: tuple[str, ...]
    witnesses: int
    stamps: int
    is_complete: bool
    downtimes: str

    @property
    def opening(self) -> Record:
        """The first record of the chain, which says what was to be told, and how."""
        return self.chain[0]

    def opened(self, name: str) -> str | None:
        """The first value of that field that is open, as text; None when it is closed everywhere."""
        for record in (*self.chain, *self.records):
            if name in record.opened:
                return record.opened[name].decode("utf-8", "replace")
        return None

    def is_sealed(self, name: str) -> bool:
        """Whether a record holds that field at all, open or closed."""
        return any(name in record.opened or name in record.closed for record in self.records)


def account_of(bundle: bytes) -> Account:
    """What the bundle tells; UnsoundBundleError unless it is sound under the keys that it names itself."""
    report = verify_bundle(bundle)
    if report.verdict is Verdict.REFUSED:
        raise UnsoundBundleError(report.with_outcome(Outcome.FAILS)[0].sentence)
    read = read_bundle(bundle)
    chain = tuple(_record(fact, read) for fact in read.facts)
    context = tuple(_record(fact, read) for fact in read.context)
    return Account(
        notification=read.notification,
        issued_at=datetime.fromisoformat(read.issued_at),
        digest=read.digest,
        pending=read.pending,
        chain=chain,
        records=tuple(sorted((*context, *chain), key=lambda record: record.known_at)),
        fate=fate_of(chain),
        vkeys=tuple(str(vkey) for vkey in read.vkeys),
        witnesses=_witnesses(read),
        stamps=len(read.timestamps),
        is_complete=read.statement is not None,
        downtimes=_downtimes(json.loads(bundle)["limits"]),
    )


def _record(fact: BundleFact, bundle: Bundle) -> Record:
    document = fact.document
    opened = {opening.name: opening.value for opening in fact.openings}
    originals = {
        original.opened.name: original.opened.value for original in bundle.originals if original.fact == document.id
    }
    return Record(
        type=document.row.name,
        lane=lane_of(document.row.name, document.data),
        known_at=datetime.fromisoformat(document.at),
        claimed_at=claimed_at(document.data),
        grade=grade_of(document.raw),
        data=document.data,
        opened=opened | originals,
        originals=frozenset(originals),
        closed=tuple(sorted(document.sealed.keys() - opened.keys() - originals.keys())),
        origin=fact.checkpoint.origin,
        index=fact.index,
    )


def _witnesses(bundle: Bundle) -> int:
    """How many names other than the log's own are on the checkpoints that prove the records."""
    notes = {fact.checkpoint.origin: fact.note for fact in bundle.proven()}
    return len(
        {each.name for origin, note in notes.items() for each in parse_note(note).signatures if each.name != origin}
    )


def _downtimes(limits: str) -> str:
    """What the limits of a bundle say beyond the text that all have."""
    return limits.removeprefix(LIMITS).strip()
