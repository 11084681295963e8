"""Events for other systems, read from the published log in its order; names are opened while the body is made."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from app.domain.figures import instant
from app.domain.notification import Notification
from app.domain.webhook import FACTS, TEST_TYPE, Place, WebhookEvent, WebhookType
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import webhook_log
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.storage.webhook_log import ToldFact

ENTRIES_A_STRETCH = 500
STRETCHES_MAX = 10

# What damaged bytes may raise on the way from a document to an event.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPage:
    """Events in order, the place to go on from, and whether there is nothing behind it yet."""

    events: Sequence[WebhookEvent]
    after: Place
    is_end: bool


async def read_webhook_events(
    tx: Tx, *, operator: str, after: Place, types: Collection[WebhookType], limit: int
) -> WebhookPage:
    """Up to `limit` events of that operator behind a place.

    So many entries of the log are looked at and no more: a page may be empty although there are events further on.
    """
    events: list[WebhookEvent] = []
    at = after
    for _ in range(STRETCHES_MAX):
        stretch = await webhook_log.stretch_after(tx, at, limit=ENTRIES_A_STRETCH)
        if stretch is None:
            return WebhookPage(events=events, after=at, is_end=True)
        told = await webhook_log.facts_in(tx, stretch, operator=operator, types=facts_of(types))
        room = limit - len(events)
        events += await events_of(tx, told[:room])
        if len(told) >= room:
            return WebhookPage(events=events, after=_behind(told[room - 1]), is_end=False)
        at = stretch.after
    return WebhookPage(events=events, after=at, is_end=False)


def facts_of(types: Collection[WebhookType]) -> list[str]:
    """The types of facts that events of these types are read from."""
    return [fact for fact, type_ in FACTS.items() if type_ in types]


async def events_of(tx: Tx, told: Sequence[ToldFact]) -> list[WebhookEvent]:
    """What these facts are to other systems, in their order; without those that nobody can read."""
    known = await _known(tx, told)
    return [event for each in told if (event := _event(each, known)) is not None]


def event_of_test(test: UUID, *, at: datetime, webhook: UUID, operator: str) -> WebhookEvent:
    """What is sent to try out an endpoint."""
    data = {"operator": operator, "webhook": str(webhook)}
    return WebhookEvent(id=test, type=TEST_TYPE, at=at, after=None, data=data)


def body_of(event: WebhookEvent) -> bytes:
    """The body that is signed and sent: `type`, `timestamp` and `data` (Standard Webhooks 1.0)."""
    return orjson.dumps({"type": event.type, "timestamp": _moment(event.at), "data": dict(event.data)})


def _behind(told: ToldFact) -> Place:
    return Place(shard=told.shard, index=told.index + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What rows say of the notifications and people of some facts. `spoken_for`: whom a message speaks for, too."""

    notifications: Mapping[UUID, Notification]
    spoken_for: Mapping[UUID, Sequence[Notification]]
    first: Mapping[UUID, StoredFact] = field(repr=False)
    people: Mapping[UUID, RecipientRecord] = field(repr=False)


async def _known(tx: Tx, told: Iterable[ToldFact]) -> _Known:
    ids = {each.notification for each in told if each.notification is not None}
    people = {each.fact.recipient for each in told if each.fact.recipient is not None}
    notifications = await outbox.by_ids(tx, ids) if ids else {}
    spoken_for = await outbox.merged_into(tx, ids) if ids else {}
    others = [each for together in spoken_for.values() for each in together]
    people |= {each.recipient for each in (*notifications.values(), *others)}
    first = await fact_store.first_of_notifications(tx, ids | {each.id for each in others}) if ids else {}
    records, _ = await recipient_store.sound_by_ids(tx, people) if people else ({}, set())
    # Who asked to be erased, and is kept by a legal hold only, is named to nobody any more.
    people_named = {id_: record for id_, record in records.items() if not record.withheld}
    return _Known(notifications=notifications, spoken_for=spoken_for, first=first, people=people_named)


def _event(told: ToldFact, known: _Known) -> WebhookEvent | None:
    try:
        document = orjson.loads(told.fact.document)
        said, at = document["data"], instant(document["at"])
        data = _data(told, said, known)
    except _UNREADABLE:
        return None
    after = _behind(told)
    whole = {"cursor": str(after), "operator": told.operator, "fact": str(told.fact.id)} | data
    return WebhookEvent(id=told.fact.id, type=FACTS[told.fact.type], at=at, after=after, data=whole)


def _data(told: ToldFact, said: Mapping[str, Any], known: _Known) -> dict[str, Any]:
    match FACTS[told.fact.type]:
        case WebhookType.ANOMALY:
            named = _opened(told.fact, known)
            own = {"code": said["code"], "detected_at": said["detected_at"]}
            return own | {"recipient": _name(told.fact, known), "shipments": _lines(named.get("shipment", ""))}
        case WebhookType.CONSENT:
            own = {"granted": told.fact.type == "consent.granted"} | {key: said[key] for key in _CONSENT_KEYS}
            return own | {"recipient": _name(told.fact, known)}
        case type_:
            if told.notification is None:
                raise ValueError("a fact of no notification")
            more = {"statement": told.fact.type.removeprefix("recipient.")} if type_ is WebhookType.DISPUTED else {}
            return _about(told.notification, known) | more | {key: said[key] for key in _KEYS[type_]}


_CONSENT_KEYS = ("channel", "purpose", "version", "method", "by", "claimed_at")
_KEYS: Mapping[WebhookType, Sequence[str]] = {
    WebhookType.SENT: ("attempt", "provider", "code"),
    WebhookType.DELIVERED: ("attempt", "provider", "code", "via", "claimed_at"),
    WebhookType.FAILED: ("reason", "failure"),
    WebhookType.SUPPRESSED: ("reason",),
    WebhookType.DISPUTED: ("method",),
}


def _about(id_: UUID, known: _Known) -> dict[str, Any]:
    """Which notification it is; its names are null, or none, once the person is erased or they are too old."""
    notification = known.notifications[id_]
    named = _opened(known.first.get(id_), known)
    others = [_opened(known.first.get(each.id), known) for each in known.spoken_for.get(id_, ())]
    shipments = [name for each in (named, *others) for name in _lines(each.get("shipment", ""))]
    return {
        "notification": str(id_),
        "kind": notification.kind,
        "channel": notification.channel.value,
        "recipient": named.get("recipient") or None,
        "shipments": list(dict.fromkeys(shipments)),
    }


def _opened(fact: StoredFact | None, known: _Known) -> Mapping[str, str]:
    """The operator's own names that a fact seals; nothing else that it seals is looked at."""
    record = known.people.get(fact.recipient) if fact is not None and fact.recipient is not None else None
    if fact is None or record is None:
        return {}
    try:
        openings = fact.openings(record.key)
    except InvalidTag:
        return {}
    return {name: openings[name].value.decode() for name in ("recipient", "shipment") if name in openings}


def _name(fact: StoredFact, known: _Known) -> str | None:
    """What the operator calls the person whom a fact is about."""
    if sealed := _opened(fact, known).get("recipient"):
        return sealed
    record = known.people.get(fact.recipient) if fact.recipient is not None else None
    return record.recipient.name if record is not None and record.recipient is not None else None


def _lines(names: str) -> list[str]:
    return [name for name in names.split("\n") if name]


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
