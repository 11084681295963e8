"""What became of a message, as far as its records tell. Pure, and never more certain than they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from app.rendering.statement_pdf.record import Record


class Ending(Enum):
    """Where a message stands by its records."""

    WAITING = auto()  # decided, no attempt yet
    UNDER_WAY = auto()  # an attempt began and its outcome is not among the records
    NOT_YET = auto()  # attempts did not succeed, and the last word has not been said
    TAKEN_OVER = auto()
    DELIVERED = auto()
    UNKNOWN = auto()
    FAILED = auto()
    NOT_SENT = auto()
    CALLED_OFF = auto()
    EXPIRED = auto()


# What left, or may have left, cannot be called back by what is written down afterwards.
_GONE = frozenset({Ending.TAKEN_OVER, Ending.DELIVERED, Ending.UNKNOWN, Ending.UNDER_WAY})
_ENDINGS = {
    "notification.suppressed": Ending.NOT_SENT,
    "notification.cancelled": Ending.CALLED_OFF,
    "notification.expired": Ending.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How a message ended, and the record that says so. `sent` is the attempt that was taken over, or is in doubt.

    `attempts` counts those that began; `doubtful`: of an earlier one it is not known whether it left.
    """

    ending: Ending
    by: Record
    sent: Record | None = None
    attempts: int = 0
    doubtful: bool = False


def fate_of(chain: Sequence[Record]) -> Fate:
    """What the records of one notification, in the order of its chain, come to."""
    fate = Fate(ending=Ending.WAITING, by=chain[0])
    for record in chain:
        fate = _after(fate, record)
    return fate


def _after(fate: Fate, record: Record) -> Fate:
    after = fate
    match record.type:
        case "attempt.started":
            after = replace(fate, ending=Ending.UNDER_WAY, by=record, sent=record, attempts=fate.attempts + 1)
        case "attempt.accepted" | "attempt.reconciled":
            after = replace(fate, ending=Ending.TAKEN_OVER, by=record, doubtful=False)
        case "attempt.unknown" | "attempt.unresolved":
            after = replace(fate, ending=Ending.UNKNOWN, by=record, doubtful=True)
        case "attempt.refused" | "attempt.not_sent":
            after = replace(fate, ending=Ending.UNKNOWN if fate.doubtful else Ending.NOT_YET, by=record)
        case "receipt.delivered":
            after = replace(fate, ending=Ending.DELIVERED, by=record, doubtful=False)
        case "receipt.failed" | "notification.failed":
            after = _failed(fate, record)
        case "notification.suppressed" | "notification.cancelled" | "notification.expired":
            after = _ended(fate, record)
    return after


def _failed(fate: Fate, record: Record) -> Fate:
    """A report that an older attempt failed says nothing of a newer one; the end of the chain keeps the report."""
    if record.type == "receipt.failed" and record.data["attempt"] != fate.attempts:
        return fate
    if fate.ending is Ending.FAILED:
        return fate
    return replace(fate, ending=Ending.FAILED, by=record)


def _ended(fate: Fate, record: Record) -> Fate:
    if fate.ending is Ending.UNDER_WAY:
        return replace(fate, ending=Ending.UNKNOWN)
    return fate if fate.ending in _GONE else replace(fate, ending=_ENDINGS[record.type], by=record)
