"""What events mean: operators' own codes by their vocabularies, and which event a correction takes back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain.correction import aimed_at
from app.domain.event import Event
from app.domain.shipment import Milestone, milestone_of
from app.domain.vocabulary import Vocabularies
from app.storage import events as event_store
from app.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """An event as it is understood, and the key of the event that it takes back, if it is a correction with an aim."""

    event: Event
    corrects: bytes | None = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Reading:
    """Reads the events of one list in order: the meaning of some depends on what came before."""

    tx: Tx
    vocabularies: Vocabularies
    known: Mapping[bytes, Sequence[Milestone]]
    _earlier: dict[bytes, list[Milestone]] = field(default_factory=lambda: defaultdict(list))

    def read(self, event: Event, shipment_index: bytes | None, key: bytes) -> ReadEvent:
        """The event with that dedupe key, understood."""
        before = [*self.known.get(shipment_index, ()), *self._earlier[shipment_index]] if shipment_index else []
        returned = self.vocabularies.returned_before(event, before)
        understood = self.vocabularies.interpret(event, returned_before=returned)
        corrects = self._aim(understood, before)
        if shipment_index and not understood.quarantine:
            milestone = milestone_of(understood)
            self._earlier[shipment_index].append(replace(milestone, key=key, corrects=corrects))
        return ReadEvent(event=understood, corrects=corrects)

    def _aim(self, event: Event, before: Sequence[Milestone]) -> bytes | None:
        correction = event.correction
        if correction is None:
            return None
        if correction.source is not None and correction.id is not None:
            return event_store.dedupe_key_of(self.tx, event.operator, correction.source, correction.id)
        target = aimed_at(correction, before)
        return target.key if target else None
