"""Tell people of incidents of areas: one batch of those whom the oldest untold revision touches.

Broken off anywhere, the next turn goes on where the last committed batch ended. Each person is told once of each
revision, however often they are come by.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from app.domain.decision import Hold, News, Notify, Planned, plan
from app.domain.event import AREA_INCIDENT_KINDS, AreaKind, Event
from app.domain.incident import ENDING_KIND
from app.domain.incident_news import (
    RECENTLY,
    Touch,
    digest_at,
    is_stale,
    news_expires_at,
    over_the_limit,
    says_the_same,
    spoken,
    told_today,
)
from app.domain.notification import WAITING, Notification, Status
from app.domain.outages import Outages
from app.domain.reminder import last_moment
from app.domain.retention import first_id_at
from app.domain.review import moves_plan
from app.domain.stay import Known, PersonalStay, as_touched
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import incident_messages
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.incidents import Revision
from app.storage.recipients import RecipientRecord
from app.storage.shipments import lock_shipments
from app.usecases.come_by_people import ComeBy, come_by
from app.usecases.end_chain import cancelled, let_others_speak
from app.usecases.open_notification import Standing, Subject, open_notification, standing_of
from app.usecases.read_outages import read_outages
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.touched_people import Person, facility_of, names_of, touched_people

BATCH_MAX = 100
# With one writer for all, whoever reports something meanwhile waits until a batch is written.
BATCH_MAX_OF_ONE_WRITER = 20
PUT_OFF = timedelta(minutes=1)


async def tell_incidents(tx: Tx, *, surroundings: Surroundings, digest_seconds: int) -> int:
    """Look at the next batch of people whom an incident touches; how many were looked at, or 1 when one was ended.

    `digest_seconds` is how long a message waits for others to the same person.
    """
    job = await incident_store.take_running(tx)
    if job is None:
        return 0
    limit = BATCH_MAX if tx.is_postgres else min(BATCH_MAX, BATCH_MAX_OF_ONE_WRITER)
    found = await come_by(tx, job, limit=limit)
    if found is None:
        await incident_store.save(tx, job, now=surroundings.clock(), is_done=True)
        return 1
    planned = 0
    if found.people:
        telling = await _read(tx, job.revision, found, surroundings, timedelta(seconds=digest_seconds))
        if telling is not None:
            telling.tell_all()
            await telling.write(tx)
            planned = telling.planned
    after = replace(
        job,
        position=found.position,
        passed=found.passed,
        people=job.people + len(found.people),
        planned=job.planned + planned,
    )
    await incident_store.save(tx, after, now=surroundings.clock())
    return max(len(found.people), 1)


async def put_off_incident(tx: Tx, *, surroundings: Surroundings) -> None:
    """Let the incident whose turn failed come after others, so that it keeps none from being told."""
    await incident_store.put_off(tx, until=surroundings.clock() + PUT_OFF)


async def _read(
    tx: Tx, revision: Revision, found: ComeBy, surroundings: Surroundings, wait: timedelta
) -> "_Telling | None":
    """Everything that decides what these people are told, under their locks."""
    records, _ = await recipient_store.sound_by_ids(tx, found.people, lock=True)
    keys = {record.id: record.key for record in records.values()}
    due = await stay_store.of_people(tx, records)
    await lock_shipments(tx, {each.shipment_index for each in due})
    stays = await stay_store.of_shipments(tx, {each.shipment_index for each in due}, keys)
    revisions = await incident_store.revisions(tx, revision.operator, revision.name)
    earlier = await incident_messages.of_people_about(tx, records, revisions, lock=True)
    named = {revision.event, *(n.event for n in earlier if n.event), *(stay.event for stay in stays.values())}
    events = await event_store.decoded(tx, named, keys)
    if revision.event not in events:
        return None  # its key is gone or damaged: there is nothing to be said
    now = surroundings.clock()  # after the locks
    people = [
        Person(
            record=record,
            stays=[stay for stay in stays.values() if stay.recipient == record.id and stay.known.waits],
            shipments=found.shipments.get(record.id, ()),
        )
        for record in records.values()
    ]
    since = first_id_at(now - RECENTLY)
    return _Telling(
        now=now,
        wait=wait,
        surroundings=surroundings,
        sheet=await new_fact_sheet(tx, surroundings),
        revision=revision,
        events=events,
        people=people,
        touches={
            each: await touched_people(tx, revisions[each], people)
            for each in {revision.event, *(n.event for n in earlier if n.event)}
            if each in events and says_the_same(events[each], events[revision.event])
        },
        outages=await _outages(tx, people),
        earlier=_by_person(earlier),
        recent=await incident_messages.of_people_since(tx, records, since, kinds=AREA_INCIDENT_KINDS),
        names=names_of(tx, events[revision.event], events, stays.values()),
    )


async def _outages(tx: Tx, people: Iterable[Person]) -> Outages:
    stays = (stay for person in people for stay in person.stays)
    return await read_outages(
        tx, [(stay.shipment_index, stay.operator, place) for stay in stays if (place := facility_of(stay))]
    )


def _by_person(notifications: Iterable[Notification]) -> dict[UUID, list[Notification]]:
    found: dict[UUID, list[Notification]] = defaultdict(list)
    for n in notifications:
        found[n.recipient].append(n)
    return found


@dataclass(slots=True, kw_only=True)
class _Telling:
    now: datetime
    wait: timedelta
    surroundings: Surroundings
    sheet: FactSheet
    revision: Revision
    events: Mapping[UUID, Event]
    people: Sequence[Person]
    touches: Mapping[UUID, Mapping[UUID, Touch]]  # of this revision, and of those that say the same, by person
    outages: Outages
    earlier: Mapping[UUID, Sequence[Notification]]
    recent: Mapping[UUID, Sequence[Notification]]
    names: Mapping[bytes, str]
    _new: list[tuple[Notification, tuple[bytes, ...]]] = field(default_factory=list)
    _ended: list[Notification] = field(default_factory=list)
    _stays: list[tuple[PersonalStay, PersonalStay, RecipientRecord]] = field(default_factory=list)

    @property
    def planned(self) -> int:
        """How many notifications were made."""
        return len(self._new)

    @property
    def event(self) -> Event:
        """The incident as this revision has it."""
        return self.events[self.revision.event]

    def tell_all(self) -> None:
        """Recompute what waits for these people, and tell those who are to know."""
        for person in self.people:
            stays = {stay.id: self._recomputed(stay, person.record) for stay in person.stays}
            touch = self.touches[self.revision.event][person.record.id]
            earlier = self.earlier.get(person.record.id, ())
            if person.record.recipient is None:
                continue  # nobody registered them
            touch = replace(
                touch,
                places=tuple(stays[stay.id] for stay in touch.places),
                former=tuple(stays[stay.id] for stay in touch.former),
            )
            self._tell(person.record, touch, earlier)

    async def write(self, tx: Tx) -> None:
        """Write notifications, stays and facts."""
        await outbox.insert_all(tx, [n for n, _ in self._new])
        await incident_messages.insert_items(tx, [(n, items) for n, items in self._new if len(items) > 1])
        await outbox.save_all(tx, self._ended)
        keys = {record.id: record.key for _, _, record in self._stays}
        await stay_store.keep_former(tx, [(self.surroundings.new_id(), before) for before, _, _ in self._stays], keys)
        await stay_store.save_all(tx, [after for _, after, _ in self._stays], keys)
        await let_others_speak(tx, self._ended, now=self.now)
        await self.sheet.write(tx)

    def _recomputed(self, stay: PersonalStay, record: RecipientRecord) -> PersonalStay:
        """What waits, with the deadlines that the shut places leave; its plan is looked at at once if they move it."""
        touched = partial(self.outages.touching, stay.operator, shipment_index=stay.shipment_index)
        known = as_touched(stay.known.picture, as_of=self.now, touched=touched)
        if not known.differs(stay.known):
            return stay
        is_moved = moves_plan(stay.known, known, now=self.now)
        review_at = self.now if is_moved else stay.review_at
        after = replace(stay, known=known, review_at=review_at, changed_at=self.now)
        self._stays.append((stay, after, record))
        return after

    def _tell(self, record: RecipientRecord, touch: Touch, earlier: Sequence[Notification]) -> None:
        waiting = [n for n in earlier if n.status in WAITING and n.event != self.revision.event]
        self._ended += [cancelled(self.sheet, n, "superseded", at=self.now) for n in waiting]
        if record.recipient is None:
            return
        gone = {n.id for n in waiting}
        earlier = [n for n in earlier if n.id not in gone]
        # Who is left out of a revision is told that it is over for them.
        kind = self.event.kind if touch.concerns(self.event.kind) else ENDING_KIND
        items = touch.items(self.event.kind)
        recent = [n for n in self.recent.get(record.id, ()) if n.id not in gone]
        news = News(
            kind=kind,
            expires_at=news_expires_at(self.event, received_at=self.revision.received_at),
            untold_because={}
            if kind == ENDING_KIND
            else over_the_limit(told_today(recent, record.recipient, now=self.now)),
            last_moment=min((at for stay in items if (at := _last_moment(stay.known))), default=None),
        )
        indexes = tuple(dict.fromkeys([*(stay.shipment_index for stay in items), *touch.shipments]))
        subject = self._subject(kind, indexes, _place(self.event, items), news.expires_at)
        before = {(n.contact, n.channel) for n in earlier if n.event == self.revision.event}
        for planned in plan(news, record.recipient, now=self.now):
            if (_contact(planned), planned.channel) in before:
                continue  # they were come by before
            standing = self._standing(planned, record, touch, earlier)
            if standing is not None:
                notification = open_notification(
                    self.sheet,
                    subject,
                    record,
                    planned,
                    standing,
                    new_id=self.surroundings.new_id(),
                    now=self.now,
                )
                self._new.append((notification, indexes))

    def _standing(
        self, planned: Planned, record: RecipientRecord, touch: Touch, earlier: Sequence[Notification]
    ) -> Standing | None:
        """How the message to one contact point begins; None where there is nothing to tell it."""
        before = spoken(earlier, _contact(planned), planned.channel)
        concerned = touch.concerns(self.event.kind)
        if not concerned and (before is None or before.kind == ENDING_KIND):
            return None
        if concerned and before is not None and self._is_known(before, touch):
            return None
        if not concerned and before is not None and is_stale(before.kind, touch):
            return Standing(status=Status.SUPPRESSED, reason="stale")
        standing = standing_of(planned, now=self.now)
        if record.recipient is None or not isinstance(planned.decision, Notify | Hold):
            return standing
        later = digest_at(self.revision.starts, record.recipient, now=self.now) if concerned else None
        if later is not None and (standing.due_at is None or later > standing.due_at):
            return Standing(status=Status.HELD, reason="digest", not_before=later, due_at=later)
        return replace(standing, due_at=self._due(planned, record, standing.due_at or self.now))

    def _due(self, planned: Planned, record: RecipientRecord, earliest: datetime) -> datetime:
        """After the wait for others, or when what waits for the same contact point already was to leave.

        Also what this revision replaces: so nobody waits longer because more and more is reported.
        """
        latest = earliest + self.wait
        place = _contact(planned), planned.channel
        waiting = (
            n.due_at
            for n in self.recent.get(record.id, ())
            if (n.contact, n.channel) == place and n.status in WAITING and not n.attempts
        )
        return min((due for due in waiting if due is not None and earliest < due < latest), default=latest)

    def _is_known(self, before: Notification, touch: Touch) -> bool:
        """Whether somebody who got that message learns nothing from this revision."""
        then = self.touches.get(before.event) if before.event else None
        return before.kind != ENDING_KIND and then is not None and touch.is_as(then[before.recipient], before.kind)

    def _subject(self, kind: str, indexes: Sequence[bytes], place: str | None, expires_at: datetime) -> Subject:
        return Subject(
            operator=self.revision.operator,
            source=self.event.source,
            kind=kind,
            event=self.revision.event,
            event_fact=self.revision.event_fact,
            shipment_index=indexes[0] if len(indexes) == 1 else None,
            shipments=self._names(indexes),
            legal_regime=None,
            expires_at=expires_at,
            facility=place,
        )

    def _names(self, indexes: Sequence[bytes]) -> bytes | None:
        """The shipments as facts seal them."""
        named = {self.names[index] for index in indexes if index in self.names}
        return "\n".join(sorted(named)).encode() or None


def _contact(planned: Planned) -> UUID | None:
    return planned.contact.id if planned.contact else None


def _place(incident: Event, items: Iterable[PersonalStay]) -> str | None:
    """The id of the one facility that an incident is about for somebody; None where there are several, or none."""
    shut = (
        [area.value for area in incident.incident.scope if area.kind is AreaKind.FACILITY] if incident.incident else []
    )
    places = {place.id for stay in items if (place := facility_of(stay))} or set(shut)
    return places.pop() if len(places) == 1 else None


def _last_moment(known: Known) -> datetime | None:
    return last_moment(known.deadlines) if known.deadlines else None
