"""Count the facts of the published log into figures, from where the last turn ended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from cryptography.exceptions import InvalidTag

from app.domain.figures import (
    ANOMALY,
    COUNTED_TYPES,
    EVENT_QUARANTINED,
    EVENTS,
    NOTHING_SAID,
    NOTICE_LEFT,
    CountedFact,
    Figure,
    NoticeSaid,
    figures_of,
    instant,
    notice_said,
)
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import figures as figure_store
from app.storage import person_keys
from app.storage.database import Tx
from app.storage.figures import KnownNotice, LoggedFact
from app.storage.vault import PersonKey

BATCH_MAX = 1024

# What damaged bytes may raise on the way from a document to a figure.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A fact whose document could be read: of an event its id, of an anomaly when it was detected."""

    logged: LoggedFact
    at: datetime
    data: Mapping[str, Any]
    event: UUID | None
    detected_at: datetime | None

    @property
    def id(self) -> UUID:
        return self.logged.fact.id

    @property
    def operator(self) -> str:
        """Facts that open a chain name it; of others the row of the message, or of the person, does."""
        return self.data.get("operator") or self.logged.operator or ""

    @property
    def channel(self) -> str:
        return self.data.get("channel") or self.logged.channel or ""


async def count_figures(tx: Tx, *, surroundings: Surroundings, limit: int = BATCH_MAX) -> int:
    """Count up to `limit` entries of the log, none beyond a published checkpoint; how many, fewer at the log's end.

    Figures and cursor change in the same transaction, so each fact counts once, however often this is broken off. One
    worker at a time counts; others find nothing to do. A fact that nobody can read, and an entry whose fact was lost,
    is passed over.
    """
    stretch = await figure_store.next_stretch(tx, limit=limit, now=surroundings.clock())
    if stretch is None:
        return 0
    logged = await figure_store.facts_of(tx, stretch, COUNTED_TYPES)
    counts, left_out = await _count(tx, logged)
    if left_out:
        _log.warning("figures_left_out", shard=stretch.shard, start=stretch.start, end=stretch.end, count=left_out)
    await figure_store.add(tx, await _without_old_couriers(tx, counts))
    await figure_store.move_on(tx, stretch, now=surroundings.clock())
    return stretch.end - stretch.start


async def _count(tx: Tx, logged: Sequence[LoggedFact]) -> tuple[Counter[Figure], int]:
    """The figures of these facts, and how many of them nobody can read."""
    read = [each for each in map(_read, logged) if each is not None]
    ids = {each.event for each in read if each.event is not None}
    kinds = await figure_store.kinds_of(tx, ids) if ids else {}
    notices = await _notices(tx, read, kinds)
    counts: Counter[Figure] = Counter()
    left_out = len(logged) - len(read)
    for each in read:
        try:
            counts.update(list(figures_of(_as_counted(each, kinds, notices))))
        except _UNREADABLE:
            left_out += 1
    return counts, left_out


def _read(logged: LoggedFact) -> _Read | None:
    kind = logged.fact.type
    try:
        document = orjson.loads(logged.fact.document)
        data = document["data"]
        return _Read(
            logged=logged,
            at=instant(document["at"]),
            data=data,
            event=UUID(data["event"]) if kind in EVENTS else None,
            detected_at=instant(data["detected_at"]) if kind == ANOMALY else None,
        )
    except _UNREADABLE:
        return None


def _as_counted(read: _Read, kinds: Mapping[UUID, str], notices: Mapping[UUID, NoticeSaid]) -> CountedFact:
    return CountedFact(
        type=read.logged.fact.type,
        at=read.at,
        data=read.data,
        operator=read.operator,
        channel=read.channel,
        kind=kinds.get(read.event, "") if read.event else "",
        notice=notices.get(read.id, NOTHING_SAID),
    )


async def _notices(tx: Tx, read: Sequence[_Read], kinds: Mapping[UUID, str]) -> dict[UUID, NoticeSaid]:
    """By fact: what the notice said that it tells of, and of an anomaly what its shipment's newest notice said."""
    told = [
        each
        for each in read
        if each.event and kinds.get(each.event) == NOTICE_LEFT and each.logged.fact.type != EVENT_QUARANTINED
    ]
    odd = [each for each in read if each.detected_at is not None]
    people = {each.logged.fact.recipient for each in (*told, *odd)} - {None}
    if not people:
        return {}
    keys = await person_keys.of_people(tx, (person for person in people if person))
    said = {each.id: _said(_opened(each, "event", keys)) for each in told}
    return said | (await _of_anomalies(tx, odd, keys) if odd else {})


async def _of_anomalies(tx: Tx, odd: Sequence[_Read], keys: Mapping[UUID, PersonKey]) -> dict[UUID, NoticeSaid]:
    shipments = {each.id: index for each in odd if (index := _shipment(tx, each, keys))}
    known: dict[bytes, list[KnownNotice]] = defaultdict(list)
    for each_known in await figure_store.notices_of(tx, set(shipments.values())) if shipments else ():
        known[each_known.shipment_index].append(each_known)
    newest = {
        each.id: notice
        for each in odd
        if each.id in shipments and (notice := _newest(known[shipments[each.id]], each.detected_at))
    }
    if not newest:
        return {}
    payloads = await figure_store.payloads(tx, {notice.event for notice in newest.values()})
    strangers = {notice.recipient for notice in newest.values()} - keys.keys()
    keys = {**keys, **(await person_keys.of_people(tx, strangers) if strangers else {})}
    return {id_: _said(_payload(notice, payloads, keys)) for id_, notice in newest.items()}


def _shipment(tx: Tx, read: _Read, keys: Mapping[UUID, PersonKey]) -> bytes | None:
    """The blind index of the one shipment that an anomaly is about; None where nobody knows it any more."""
    name = _opened(read, "shipment", keys)
    return event_store.shipment_index(tx, read.operator, name.decode()) if name else None


def _newest(known: Iterable[KnownNotice], detected_at: datetime | None) -> KnownNotice | None:
    """The one that came last of those that had come when the anomaly was detected."""
    come = [notice for notice in known if detected_at is not None and notice.received_at <= detected_at]
    return max(come, key=lambda notice: (notice.received_at, notice.event), default=None)


def _opened(read: _Read, name: str, keys: Mapping[UUID, PersonKey]) -> bytes | None:
    fact = read.logged.fact
    try:
        opening = fact.openings(keys.get(fact.recipient) if fact.recipient else None).get(name)
    except InvalidTag:
        return None
    return opening.value if opening else None


def _payload(notice: KnownNotice, payloads: Mapping[UUID, bytes], keys: Mapping[UUID, PersonKey]) -> bytes | None:
    sealed, key = payloads.get(notice.event), keys.get(notice.recipient)
    if sealed is None or key is None:
        return None
    try:
        return event_store.open_payload(notice.event, sealed, key)
    except InvalidTag:
        return None


def _said(event: bytes | None) -> NoticeSaid:
    if event is None:
        return NOTHING_SAID
    try:
        return notice_said(orjson.loads(event))
    except _UNREADABLE:
        return NOTHING_SAID


async def _without_old_couriers(tx: Tx, counts: Mapping[Figure, int]) -> Mapping[Figure, int]:
    """The same without the couriers of days whose couriers have been taken off figures already."""
    kept_from = await figure_store.couriers_kept_from(tx)
    kept: Counter[Figure] = Counter()
    for figure, count in counts.items():
        kept[figure if figure.day >= kept_from else figure._replace(courier="")] += count
    return kept
