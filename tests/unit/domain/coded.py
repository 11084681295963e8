"""Events that bring an operator's own code and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain.event import Event, OperatorRecord
from app.domain.vocabularies import built_in
from app.domain.vocabulary import UNMAPPED, Vocabularies, read_vocabularies

VOCABULARIES = read_vocabularies(built_in())

# A Friday noon: the next day is a Saturday, the next working day a Monday.
FRIDAY = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)


def coded(code: str, vocabulary: str = "poczta-polska", *, at: datetime = FRIDAY, **changes: Any) -> Event:
    """Such an event as the edge decodes it. `notice_said` and `cancelled` are the record's, the rest the event's."""
    said = {key: changes.pop(key) for key in ("notice_said", "cancelled") if key in changes}
    event = Event(
        id=f"{code}-1",
        source="/operator/tracking",
        type="pl.awizo.tracking.v1",
        time=at,
        effective_at=at,
        operator="operator",
        canonical=b"{}",
        shipments=("S1",),
        record=OperatorRecord(vocabulary=vocabulary, code=code, **said),
        quarantine=UNMAPPED,
    )
    return replace(event, **changes)


def read(
    code: str,
    vocabulary: str = "poczta-polska",
    *,
    returned_before: bool = False,
    by: Vocabularies = VOCABULARIES,
    **changes: Any,
) -> Event:
    """The same, understood."""
    return by.interpret(coded(code, vocabulary, **changes), returned_before=returned_before)


def meaning(event: Event) -> str:
    """What an event was understood as: its kind, then each field that it has, in a fixed order."""
    correction = event.correction
    fields = {
        "ordinal": event.notice.ordinal if event.notice else None,
        "regime": event.legal_regime,
        "stage": event.stage,
        "reason": event.reason,
        "mode": event.handover.mode if event.handover else None,
        "change": event.change,
        "place": event.place,
        "next": event.next_attempt,
        "until": event.pickup.until if event.pickup else None,
        "corrects": (correction.code or correction.kind) if correction else None,
        "action": correction.action if correction else None,
        "quarantine": event.quarantine,
    }
    return " ".join([event.kind, *(f"{key}={value}" for key, value in fields.items() if value is not None)])
