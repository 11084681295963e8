"""What messages about incidents of areas say: how it touches the person now, and what they were told of it before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.domain.event import AREA_INCIDENT_KINDS, Event, Facility
from app.domain.incident import ENDING_KIND
from app.domain.incident_news import NO_TOUCH, Touch, is_stale, says_the_same, spoken
from app.domain.notification import Notification
from app.domain.reminder import last_moment
from app.domain.shipment import is_under_way
from app.domain.stay import PersonalStay, safe_day_at
from app.rendering.notice import IncidentNews, Item, PlaceTouched
from app.storage import events as event_store
from app.storage import incident_messages
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.incidents import Revision
from app.storage.recipients import RecipientRecord
from app.usecases.touched_people import Person, facility_of, names_of, touched_people


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentContext:
    """What a message says: `news` of its own incident, then of those for which it speaks, too.

    `untrue`: why not to tell it any more, if it is not to be told. `last_moment` is when it is too late to act on it.
    """

    news: tuple[IncidentNews, ...] = ()
    untrue: str | None = None
    last_moment: datetime | None = None


async def incident_contexts(
    tx: Tx, notifications: Iterable[Notification], records: Mapping[UUID, RecipientRecord]
) -> dict[UUID, IncidentContext]:
    """The context of each of these notifications that is about an incident. `records` are of their recipients."""
    own = [n for n in notifications if n.kind in AREA_INCIDENT_KINDS and n.event and n.recipient in records]
    if not own:
        return {}
    merged = await outbox.merged_into(tx, [n.id for n in own])
    reading = await _read(tx, [*own, *(n for many in merged.values() for n in many)], records)
    told = {n.id: reading.context_of(n) for n in own}
    for speaker, others in merged.items():
        more = [reading.context_of(n) for n in others]
        news = tuple(each for context in more if context.untrue is None for each in context.news)
        context = told[speaker]
        told[speaker] = IncidentContext(
            news=(*context.news, *news), untrue=context.untrue, last_moment=context.last_moment
        )
    return told


async def _read(tx: Tx, about: Sequence[Notification], records: Mapping[UUID, RecipientRecord]) -> "_Reading":
    keys = {record.id: record.key for record in records.values()}
    people = {n.recipient for n in about}
    due = await stay_store.of_people(tx, people)
    found = await stay_store.of_shipments(tx, {each.shipment_index for each in due}, keys)
    stays = [stay for stay in found.values() if stay.known.waits]
    revisions = await incident_store.by_events(tx, {n.event for n in about if n.event})
    histories = {
        each.event: await incident_store.revisions(tx, each.operator, each.name) for each in revisions.values()
    }
    earlier = await incident_messages.of_people_about(tx, people, {id_ for many in histories.values() for id_ in many})
    newest = {event: next(each for each in many.values() if each.newest) for event, many in histories.items()}
    named = {n.event for n in [*about, *earlier] if n.event} | {stay.event for stay in stays}
    events = await event_store.decoded(tx, named | {each.event for each in newest.values()}, keys)
    items = await _under_way(tx, about)
    touches, names = {}, {}
    for revision in revisions.values():
        if revision.event not in events:
            continue
        concerned = [_person(n, records[n.recipient], stays, items) for n in about if n.event == revision.event]
        touches[revision.event] = await touched_people(tx, newest[revision.event], concerned)
        names[revision.event] = names_of(tx, events[revision.event], events, stays)
    return _Reading(
        revisions=revisions,
        histories=histories,
        newest=newest,
        events=events,
        earlier=earlier,
        touches=touches,
        names=names,
    )


async def _under_way(tx: Tx, about: Sequence[Notification]) -> dict[UUID, set[bytes]]:
    """The shipments that each of these messages is about, without those that are over."""
    items = await incident_messages.items_of(tx, [n.id for n in about])
    for n in about:
        if n.shipment_index:
            items.setdefault(n.id, set()).add(n.shipment_index)
    known = await event_store.milestones(tx, {each for many in items.values() for each in many})
    return {id_: {each for each in many if is_under_way(known.get(each, ()))} for id_, many in items.items()}


def _person(
    n: Notification, record: RecipientRecord, stays: Iterable[PersonalStay], items: Mapping[UUID, set[bytes]]
) -> Person:
    own = [stay for stay in stays if stay.recipient == n.recipient]
    elsewhere = items.get(n.id, set()) - {stay.shipment_index for stay in own}
    return Person(record=record, stays=own, shipments=sorted(elsewhere))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    revisions: Mapping[UUID, Revision]
    histories: Mapping[UUID, Mapping[UUID, Revision]]
    newest: Mapping[UUID, Revision]
    events: Mapping[UUID, Event]
    earlier: Sequence[Notification]
    touches: Mapping[UUID, Mapping[UUID, Touch]]
    names: Mapping[UUID, Mapping[bytes, str]] = field(repr=False)

    def context_of(self, n: Notification) -> IncidentContext:
        revision = self.revisions.get(n.event) if n.event else None
        event = self.events.get(n.event) if n.event else None
        if revision is None or event is None:
            return IncidentContext()
        if not revision.newest and not self._still_counts(n, revision, event):
            return IncidentContext(untrue="superseded")
        touch = self.touches[revision.event].get(n.recipient, NO_TOUCH)
        before = self._before(n, revision)
        is_over = not touch.concerns(event.kind)
        if is_over and (n.kind != ENDING_KIND or before is None or is_stale(before.kind, touch)):
            return IncidentContext(untrue="collected")
        if not is_over and n.kind == ENDING_KIND:
            return IncidentContext(untrue="superseded")  # since then, something of theirs came to where it still is
        items = touch.items(event.kind)
        moments = [at for stay in items if stay.known.deadlines and (at := last_moment(stay.known.deadlines))]
        news = _news(
            event, touch, items, self.names[revision.event], before=before, is_over=is_over, events=self.events
        )
        return IncidentContext(news=(news,), last_moment=min(moments, default=None))

    def _still_counts(self, n: Notification, revision: Revision, event: Event) -> bool:
        """Whether what was tried to be told of it is what the newest revision says: that tells them nothing more."""
        newest = self.events.get(self.newest[revision.event].event)
        return bool(n.attempts) and newest is not None and says_the_same(event, newest)

    def _before(self, n: Notification, revision: Revision) -> IncidentNews | None:
        """What this contact point was told last of it, before that revision."""
        mine = [
            one
            for one in self.earlier
            if one.recipient == n.recipient
            and one.event in self.histories[revision.event]
            and one.event != revision.event
            and one.id < n.id
        ]
        told = spoken(mine, n.contact, n.channel)
        event = self.events.get(told.event) if told and told.event else None
        return _bare(event, is_over=told.kind == ENDING_KIND) if told and event else None


def _news(
    event: Event,
    touch: Touch,
    items: Sequence[PersonalStay],
    names: Mapping[bytes, str],
    *,
    before: IncidentNews | None,
    is_over: bool,
    events: Mapping[UUID, Event],
) -> IncidentNews:
    bare = _bare(event, is_over=is_over)
    return replace(
        bare,
        places=_places(items, names, events, bare.substitute),
        items=tuple(Item(shipment=names.get(index)) for index in touch.shipments),
        post_codes=touch.post_codes,
        before=before,
    )


def _bare(event: Event, *, is_over: bool) -> IncidentNews:
    """What the event says to everybody alike."""
    incident = event.incident
    if incident is None:
        raise ValueError("the event is no incident of an area")
    return IncidentNews(
        kind=event.kind,
        operator=event.operator,
        starts=incident.starts,
        until=incident.until,
        planned=incident.planned,
        reason=event.reason,
        substitute=incident.substitute,
        is_over=is_over,
    )


def _places(
    stays: Iterable[PersonalStay],
    names: Mapping[bytes, str],
    events: Mapping[UUID, Event],
    substitute: Facility | None,
) -> tuple[PlaceTouched, ...]:
    together: dict[str, list[PersonalStay]] = defaultdict(list)
    for stay in stays:
        if facility := facility_of(stay):
            together[facility.id].append(stay)
    return tuple(_place(many, names, events, substitute) for many in together.values())


def _place(
    stays: Sequence[PersonalStay],
    names: Mapping[bytes, str],
    events: Mapping[UUID, Event],
    substitute: Facility | None,
) -> PlaceTouched:
    """Where these items wait; of several, the earliest day holds for all."""
    facility = facility_of(stays[0])
    if facility is None:
        raise ValueError("nobody said where these items wait")
    known = [stay.known for stay in stays]
    safe = [each.deadlines.safe_collect_by for each in known if each.deadlines]
    there = [safe_day_at(each, substitute) for each in known] if substitute else []
    return PlaceTouched(
        facility=facility,
        items=tuple(_item(stay, names, events) for stay in stays),
        collect_by=min((day for day in safe if day), default=None),
        substitute_by=min((day for day in there if day), default=None),
        has_no_open_day=any("no_open_day" in each.deadlines.anomalies for each in known if each.deadlines),
    )


def _item(stay: PersonalStay, names: Mapping[bytes, str], events: Mapping[UUID, Event]) -> Item:
    event = events.get(stay.event)
    service = event.service if event else None
    since = stay.known.stay.since if stay.known.stay else None
    return Item(shipment=names.get(stay.shipment_index), service=service, since=since)
