"""Look at the plans of items that wait: hold what comes next, send what is due, end what is not true any more."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import structlog

from app.domain.decision import Hold, News, Notify, Planned, plan
from app.domain.event import Event
from app.domain.notification import WAITING, Notification, Status
from app.domain.reminder import Reminder, last_moment
from app.domain.review import Review, review
from app.domain.stay import Known, PersonalStay
from app.ports import Surroundings
from app.storage import anomalies as anomaly_store
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from app.storage.anomalies import Anomaly
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.usecases.end_chain import UNSAID, cancelled, let_others_speak
from app.usecases.note_anomaly import note_anomaly
from app.usecases.open_notification import Standing, Subject, open_notification
from app.usecases.plan_notifications import sms_told
from app.usecases.record_facts import FactSheet, new_fact_sheet, sealed_shipments
from app.usecases.release_reminders import Release, Releasing, Unheld
from app.usecases.shipment_history import History, read_history

_log = structlog.get_logger(__name__)

BATCH_MAX = 200
# No more shipments than the database can lock at once. Who has more that is due gets a message for each so many.
PLANS_MAX = 2_000


async def remind(tx: Tx, *, surroundings: Surroundings) -> int:
    """Look at up to a batch of plans whose time has come, at a person's together; how many were looked at.

    People who are being changed right now are left for the next turn.
    """
    due = await stay_store.due_for_review(tx, now=surroundings.clock(), limit=BATCH_MAX)
    if not due:
        return 0
    people = {each.recipient for each in due}
    records, damaged = await recipient_store.sound_by_ids(tx, people, lock=True, for_update=True, skip=True)
    plans = await stay_store.due_of_people(tx, records, now=surroundings.clock(), limit=PLANS_MAX)
    keys = {record.id: record.key for record in records.values()}
    history = await read_history(tx, {each.shipment_index for each in plans}, keys)
    await stay_store.lock(tx, (each.id for each in plans))  # after the shipments, as whoever hears of them
    stays = [history.stays.get((each.shipment_index, each.recipient)) for each in plans]
    unreadable = [each.id for each, stay in zip(plans, stays, strict=True) if stay is None]
    unreadable += [each.id for each in due if each.recipient in damaged]
    if unreadable:
        _log.error("plans_given_up", plans=len(unreadable), why="what is known of these items cannot be read")
        await stay_store.give_up(tx, unreadable)
    now = surroundings.clock()  # after the locks
    reminding = _Reminding(
        now=now,
        surroundings=surroundings,
        sheet=await new_fact_sheet(tx, surroundings),
        history=history.as_of(now),
        openings=await _openings(tx, history),
        silenced=await _silenced(tx, history),
        noted=_codes(await anomaly_store.of_shipments(tx, history.known)),
    )
    by_person: dict[UUID, list[PersonalStay]] = defaultdict(list)
    for stay in stays:
        if stay is not None:
            by_person[stay.recipient].append(stay)
    for person, own in by_person.items():
        reminding.look(records[person], own)
    await reminding.write(tx)
    return len(plans) + len(damaged)


async def _openings(tx: Tx, history: History) -> dict[UUID, StoredFact]:
    held = [n.id for waiting in history.waiting.values() for n, _ in waiting if n.step]
    return await fact_store.first_of_notifications(tx, held) if held else {}


async def _silenced(tx: Tx, history: History) -> set[UUID]:
    """Reminders for which another one was to speak that was never sent after all."""
    merged = {n.id: n.merged_into for told in history.told.values() for n in told if n.merged_into}
    speakers = await outbox.by_ids(tx, set(merged.values())) if merged else {}
    unsaid = {speaker.id for speaker in speakers.values() if speaker.status in UNSAID}
    return {reminder for reminder, speaker in merged.items() if speaker in unsaid}


def _codes(anomalies: dict[bytes, list[Anomaly]]) -> dict[bytes, set[str]]:
    return defaultdict(set, {shipment: {each.code for each in found} for shipment, found in anomalies.items()})


@dataclass(slots=True, kw_only=True)
class _Reminding:
    now: datetime
    surroundings: Surroundings
    sheet: FactSheet
    history: History
    openings: dict[UUID, StoredFact]
    silenced: set[UUID]
    noted: dict[bytes, set[str]]
    _new: list[Notification] = field(default_factory=list)
    _changed: list[Notification] = field(default_factory=list)
    _stays: list[tuple[PersonalStay, PersonalStay, RecipientRecord]] = field(default_factory=list)
    _anomalies: list[Anomaly] = field(default_factory=list)

    def look(self, record: RecipientRecord, stays: Sequence[PersonalStay]) -> None:
        """Look at all plans of one person that are due."""
        releases: list[Release] = []
        for stay in stays:
            known = self.history.known_of(stay.shipment_index, as_of=self.now)
            told = [
                n
                for n in self.history.told[stay.shipment_index]
                if n.recipient == record.id and n.id not in self.silenced
            ]
            found = review(known, told, sms_told=sms_told(told), now=self.now)
            ended = self._cancel(found)
            standing = [n for n in told if n.id not in ended]
            if event := self._event_of(stay):
                releases += self._due(record, stay, known, event, standing, found.due)
                self._hold(record, stay, known, event, standing, found.next)
            self._note_anomalies(record, stay, known)
            changed_at = self.now if known.differs(stay.known) else stay.changed_at
            after = replace(stay, known=known, review_at=found.look_again_at, changed_at=changed_at)
            self._stays.append((stay, after, record))
        releasing = Releasing(sheet=self.sheet, record=record, openings=self.openings, now=self.now)
        new, changed = releasing.release(releases)
        self._new += new
        self._changed += changed

    async def write(self, tx: Tx) -> None:
        """Write notifications, stays, anomalies and facts."""
        keys = {record.id: record.key for _, _, record in self._stays}
        await outbox.insert_all(tx, self._new)
        await outbox.save_all(tx, self._changed)
        former = [before for before, after, _ in self._stays if before.known.differs(after.known)]
        await stay_store.keep_former(tx, [(self.surroundings.new_id(), stay) for stay in former], keys)
        await stay_store.save_all(tx, [after for _, after, _ in self._stays], keys)
        await let_others_speak(tx, self._changed, now=self.now)
        await anomaly_store.insert_all(tx, self._anomalies)
        await self.sheet.write(tx)

    def _cancel(self, found: Review) -> set[UUID]:
        """End what is not true any more; the ids of these, which are not there to be sent, nor in the way of others."""
        self._changed += [cancelled(self.sheet, n, reason, at=self.now) for n, reason in found.cancel]
        return {n.id for n, _ in found.cancel}

    def _due(
        self,
        record: RecipientRecord,
        stay: PersonalStay,
        known: Known,
        event: Event,
        told: Iterable[Notification],
        due: Reminder | None,
    ) -> list[Release]:
        """The reminder that is due, for each contact point: those held, and those that could not be planned before."""
        if due is None or record.recipient is None:
            return []
        held = {(n.channel, n.contact): n for n in told if _is_of(n, due) and n.status in WAITING}
        subject = self._subject(stay, known, event, due)
        place = _facility(known)
        channels = {channel for channel, _ in held}
        releases = [Release(subject=subject, place=place, reminder=each) for each in held.values()]
        for planned in self._decisions(record, subject, due, known):
            contact = planned.contact.id if planned.contact else None
            if (planned.channel, contact) not in held and (contact or planned.channel not in channels):
                unheld = Unheld(id=self.surroundings.new_id(), planned=planned)
                releases.append(Release(subject=subject, place=place, reminder=unheld))
        return releases

    def _hold(
        self,
        record: RecipientRecord,
        stay: PersonalStay,
        known: Known,
        event: Event,
        told: Iterable[Notification],
        coming: Reminder | None,
    ) -> None:
        """Plan the next reminder for those contact points that could get it now; the others are asked on its day."""
        if coming is None or record.recipient is None:
            return
        held = {(n.channel, n.contact) for n in told if _is_of(n, coming) and n.status in WAITING}
        subject = self._subject(stay, known, event, coming)
        for planned in self._decisions(record, subject, coming, known):
            contact = planned.contact.id if planned.contact else None
            if isinstance(planned.decision, Notify | Hold) and (planned.channel, contact) not in held:
                standing = Standing(status=Status.HELD, reason="reminder", not_before=coming.due_at)
                new_id = self.surroundings.new_id()
                self._new.append(
                    open_notification(self.sheet, subject, record, planned, standing, new_id=new_id, now=self.now)
                )

    def _decisions(self, record: RecipientRecord, subject: Subject, reminder: Reminder, known: Known) -> list[Planned]:
        if record.recipient is None:
            return []
        news = News(
            kind=reminder.kind,
            expires_at=subject.expires_at,
            channels=reminder.channels,
            silenced=self.history.silenced.get((subject.shipment_index or b"", record.id), ()),
            last_moment=last_moment(known.deadlines) if known.deadlines else None,
        )
        return plan(news, record.recipient, now=self.now)

    def _subject(self, stay: PersonalStay, known: Known, event: Event, reminder: Reminder) -> Subject:
        ends_at = last_moment(known.deadlines) if known.deadlines else None
        return Subject(
            operator=stay.operator,
            source=event.source,
            kind=reminder.kind,
            event=stay.event,
            event_fact=stay.event_fact,
            shipment_index=stay.shipment_index,
            shipments=sealed_shipments(event),
            legal_regime=known.stay.regime if known.stay else None,
            expires_at=ends_at or reminder.due_at,
            step=reminder.step,
            collect_by=reminder.collect_by,
            facility=_facility(known),
            courier=event.notice.courier if event.notice else None,
        )

    def _event_of(self, stay: PersonalStay) -> Event | None:
        """The event that the reminders tell of; None where it was erased or is damaged."""
        known = self.history.known[stay.shipment_index]
        return next((one.event for one in known if one.id == stay.event), None)

    def _note_anomalies(self, record: RecipientRecord, stay: PersonalStay, known: Known) -> None:
        noted = self.noted[stay.shipment_index]
        for code in known.deadlines.anomalies if known.deadlines and known.waits else ():
            if code not in noted:
                noted.add(code)
                self._note_anomaly(record, stay, code)

    def _note_anomaly(self, record: RecipientRecord, stay: PersonalStay, code: str) -> None:
        event = self._event_of(stay)
        self._anomalies.append(
            note_anomaly(
                self.sheet,
                code,
                record,
                new_id=self.surroundings.new_id(),
                shipment_index=stay.shipment_index,
                shipments=sealed_shipments(event) if event else None,
                now=self.now,
            )
        )


def _facility(known: Known) -> str | None:
    """The id of the place at which an item waits, None where nobody said."""
    return known.stay.facility.id if known.stay and known.stay.facility else None


def _is_of(notification: Notification, reminder: Reminder) -> bool:
    return (notification.step, notification.collect_by) == (reminder.step, reminder.collect_by)
