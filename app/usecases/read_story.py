"""The story of one item for an auditor: what was reported and told of it, each message with its proof bundle."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag

from app.domain.notification import Notification
from app.evidence.bundle import AssembledBundle
from app.ports import SigningKeys, Surroundings
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import person_keys, placement, support_acts
from app.storage import timeline as timeline_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.vault import PersonKey
from app.usecases.prove_notification import NothingPublished, prove_notification

# A story shows no more messages than this, the newest; each has a proof of its own. And no more events and acts of
# support beside them.
MESSAGES_MAX = 12
EVENTS_MAX = 60
ACTS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """What proving needs beside the database; `witnesses` and `quorum` as for `prove_notification`."""

    keys: SigningKeys = field(repr=False)
    surroundings: Surroundings
    witnesses: str
    quorum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOf:
    """One message and its proof; None while nothing of it is published, or if it is damaged: then nothing proves it."""

    notification: Notification
    bundle: AssembledBundle | None = field(repr=False)
    is_damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseFact:
    """A fact that may be in none of the proofs, and where it stands: shard and index, None until it is sealed."""

    fact: StoredFact
    place: tuple[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Messages in the order in which they were planned; the facts of the item's events, and of what support did.

    `shipments` are the operator's names for the items, none once erased. `is_whole`: nothing older was left out.
    """

    operator: str
    shipments: tuple[str, ...] = field(repr=False)
    told: tuple[ToldOf, ...]
    loose: tuple[LooseFact, ...]
    is_whole: bool

    @property
    def people(self) -> frozenset[UUID]:
        """Whom the messages and events are about."""
        owners = {each.fact.recipient for each in self.loose if each.fact.recipient}
        return frozenset({each.notification.recipient for each in self.told} | owners)


async def read_story(tx: Tx, record: UUID, operator: str, *, opened: Collection[str] | None, proving: Proving) -> Story:
    """The story of the item that a notification or event of that operator is about.

    Without an item it is the story of the notification alone, or of the event and what was told of it.

    `opened` names the fields that the proofs reveal, None all of them, as for `prove_notification`.
    """
    index, notification = await _shipment_of(tx, record)
    told, reported, is_whole = [notification] if notification else [], [], True
    if index is not None:
        about = await timeline_store.newest_notifications(tx, index, limit=MESSAGES_MAX + 1)
        entries = await timeline_store.newest_events(tx, index, limit=EVENTS_MAX + 1)
        told, reported = _some(about, told), [each.entry.id for each in entries[:EVENTS_MAX]]
        is_whole = len(about) <= MESSAGES_MAX and len(entries) <= EVENTS_MAX
    elif notification is None:  # about an area, or of somebody who was erased
        about = await timeline_store.newest_of_event(tx, record, limit=MESSAGES_MAX + 1)
        told, reported, is_whole = _some(about, told), [record], len(about) <= MESSAGES_MAX
    return Story(
        operator=operator,
        shipments=await _names(tx, told, reported),
        told=tuple([await _proven(tx, each, opened, proving) for each in told]),
        loose=await _loose(tx, index, told, reported),
        is_whole=is_whole,
    )


async def prove_one(
    tx: Tx, notification: UUID, *, opened: Collection[str] | None, proving: Proving
) -> AssembledBundle | NothingPublished:
    """The proof bundle of one notification that exists."""
    return await prove_notification(
        tx,
        notification,
        opened=opened,
        keys=proving.keys,
        surroundings=proving.surroundings,
        witnesses=proving.witnesses,
        quorum=proving.quorum,
    )


async def _shipment_of(tx: Tx, record: UUID) -> tuple[bytes | None, Notification | None]:
    notification = await outbox.by_id(tx, record)
    if notification is not None:
        return notification.shipment_index, notification
    return await timeline_store.shipment_of_event(tx, record), None


def _some(about: Iterable[Notification], wanted: Iterable[Notification]) -> list[Notification]:
    """The newest of them and the one that was asked for, in the order in which they were planned."""
    newest = sorted(about, key=lambda each: (each.created_at, each.id))[-MESSAGES_MAX:]
    chosen = {each.id: each for each in (*newest, *wanted)}
    return sorted(chosen.values(), key=lambda each: (each.created_at, each.id))


async def _proven(tx: Tx, each: Notification, opened: Collection[str] | None, proving: Proving) -> ToldOf:
    try:
        bundle = await prove_one(tx, each.id, opened=opened, proving=proving)
    except (LookupError, InvalidTag):  # damage that `awizo log check` names keeps nobody else's story back
        return ToldOf(notification=each, bundle=None, is_damaged=True)
    return ToldOf(notification=each, bundle=None if isinstance(bundle, NothingPublished) else bundle)


async def _loose(
    tx: Tx, index: bytes | None, told: Sequence[Notification], reported: Sequence[UUID]
) -> tuple[LooseFact, ...]:
    facts = await fact_store.of_events(tx, reported) if reported else []
    if index is not None:
        named = [each.id for each in told]
        acts = await support_acts.concerning(tx, index, notifications=named, people=[], limit=ACTS_MAX)
        facts += await fact_store.by_leaves(tx, [act.fact_leaf for act in acts]) if acts else []
    places = await placement.places(tx, [fact.id for fact in facts])
    return tuple(LooseFact(fact=fact, place=places.get(fact.id)) for fact in facts)


async def _names(tx: Tx, told: Sequence[Notification], reported: Sequence[UUID]) -> tuple[str, ...]:
    """The names of the items, out of what was sealed of them; of people only those who were not erased have any."""
    firsts = list((await fact_store.first_of_notifications(tx, [each.id for each in told])).values()) if told else []
    if not firsts and reported:
        firsts = await fact_store.of_events(tx, reported[:1])
    keys = await person_keys.of_people(tx, {fact.recipient for fact in firsts if fact.recipient})
    names = [name for fact in firsts if fact.recipient for name in _names_in(fact, keys.get(fact.recipient))]
    return tuple(dict.fromkeys(names))


def _names_in(fact: StoredFact, key: PersonKey | None) -> list[str]:
    try:
        sealed = fact.openings(key).get("shipment")
    except InvalidTag:
        return []
    return sealed.value.decode().split("\n") if sealed else []
