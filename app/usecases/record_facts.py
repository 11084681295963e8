"""The facts of one transaction: encoded in the order in which they must be sealed, written together."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.domain.event import Event
from app.domain.fact import Anchor, ChainLink, Fact
from app.domain.notification import Notification
from app.evidence.fact import EncodedFact, encode_fact, grade_of
from app.ports import Surroundings
from app.storage import facts, log
from app.storage.database import Tx
from app.storage.vault import PersonKey


def sealed_shipments(event: Event) -> bytes | None:
    """The shipments of an event as facts seal them: sorted by code point, one a line; None where there are none."""
    return "\n".join(sorted(event.shipments)).encode() or None


class FactSheet:
    """Collects what happened in one transaction. Nothing is kept before `write`."""

    def __init__(self, anchor: Anchor | None, surroundings: Surroundings) -> None:
        self._anchor = anchor
        self._surroundings = surroundings
        self._new: list[facts.NewFact] = []

    def record(
        self,
        fact_type: str,
        *,
        at: datetime,
        data: Mapping[str, object],
        sealed: Mapping[str, bytes | None] | None = None,
        recipient: UUID | None = None,
        key: PersonKey | None = None,
    ) -> EncodedFact:
        """A fact that belongs to no notification's chain."""
        fact = Fact(type=fact_type, id=self._surroundings.new_id(), at=at, data=data, sealed=sealed or {})
        return self._add(fact, recipient=recipient, key=key, link=None)

    def record_in_chain(
        self,
        notification: Notification,
        fact_type: str,
        *,
        at: datetime,
        data: Mapping[str, object],
        sealed: Mapping[str, bytes | None] | None = None,
        key: PersonKey | None = None,
    ) -> Notification:
        """The next fact of a notification's chain; gives the notification with its chain one longer.

        The caller holds the lock on the notification's row, or the row is new.
        """
        link = ChainLink(
            notification=notification.id,
            n=notification.chain_length,
            prev=notification.chain_leaf if notification.chain_length else None,
        )
        fact = Fact(type=fact_type, id=self._surroundings.new_id(), at=at, data=data, sealed=sealed or {})
        encoded = self._add(fact, recipient=notification.recipient, key=key, link=link)
        grade = None if notification.grade is None else max(notification.grade, _shown(fact))
        return replace(notification, chain_length=link.n + 1, chain_leaf=encoded.leaf, grade=grade)

    def open_chain(
        self,
        notification: UUID,
        fact_type: str,
        *,
        at: datetime,
        recipient: UUID,
        data: Mapping[str, object],
        sealed: Mapping[str, bytes | None],
        key: PersonKey,
    ) -> EncodedFact:
        """The first fact of the chain of a notification that is about to be made."""
        fact = Fact(type=fact_type, id=self._surroundings.new_id(), at=at, data=data, sealed=sealed)
        return self._add(fact, recipient=recipient, key=key, link=ChainLink(notification=notification, n=0, prev=None))

    def _add(
        self,
        fact: Fact,
        *,
        recipient: UUID | None,
        key: PersonKey | None,
        link: ChainLink | None,
    ) -> EncodedFact:
        encoded = encode_fact(fact, link=link, anchor=self._anchor, salt=self._surroundings.entropy)
        self._new.append(facts.NewFact(encoded=encoded, recipient=recipient, key=key, link=link))
        return encoded

    @property
    def leaves(self) -> tuple[bytes, ...]:
        """The leaf hashes of what was collected and is not written yet, in the order of recording."""
        return tuple(new.encoded.leaf for new in self._new)

    async def write(self, tx: Tx) -> None:
        """Write everything collected, as pending entries in the order of recording."""
        await facts.append(tx, self._new)
        self._new = []


def _shown(fact: Fact) -> int:
    """The grade of a fact of a chain, as its document will have it."""
    sealed = {name for name, value in fact.sealed.items() if value is not None}
    return grade_of({"type": fact.type, "data": fact.data, "sealed": sealed})


async def new_fact_sheet(tx: Tx, surroundings: Surroundings) -> FactSheet:
    """A sheet anchored at the newest published checkpoint. Open it after the rows it speaks of are locked."""
    return FactSheet(await log.anchor(tx), surroundings)
