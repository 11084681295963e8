"""Send once more, because somebody asks for it, what certainly reached nobody."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.decision import News, Planned, Suppress, plan
from app.domain.event import AREA_INCIDENT_KINDS, LegalRegime
from app.domain.notification import UNTOLD, Notification
from app.domain.reminder import SMS_PER_ITEM_MAX, last_moment
from app.domain.review import untrue_because
from app.domain.shipment import TERM_KINDS, makes_untrue, reason_not_to_tell
from app.domain.support import Act, reason_not_to_resend
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import incident_messages, support_acts
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.incident_contexts import incident_contexts
from app.usecases.open_notification import Subject, open_notification, standing_of
from app.usecases.plan_notifications import sms_told
from app.usecases.record_facts import new_fact_sheet
from app.usecases.record_support import About, ActingSupport, record_support
from app.usecases.shipment_history import History, read_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """The notification that was made in place of `earlier`; not `is_new` when an earlier request had made it."""

    notification: Notification
    earlier: UUID
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotResent:
    """Why nothing was sent: a code of `reason_not_to_resend`, of decisions (`no_consent`), or of untrue news."""

    code: str


async def resend_notification(
    tx: Tx, notification_id: UUID, *, by: ActingSupport, surroundings: Surroundings
) -> Resent | NotResent | None:
    """Make a notification of the same news in place of one that certainly reached nobody; None when there is no such.

    The earlier one stays as it is, and what was made in its place is all that ever is: asking again gives that one. It
    goes to the same contact point, or, where that is not in use any more, to the one that came last of those that were
    not told. Contact, consent, pause, quiet hours, limits and truth are asked for now, and right before it leaves.
    """
    found = await outbox.by_id(tx, notification_id)
    if found is None:
        return None
    record = (await recipient_store.by_ids(tx, [found.recipient], lock=True)).get(found.recipient)
    if record is None or record.recipient is None:
        return NotResent(code="erased")
    items = {found.shipment_index} if found.shipment_index and found.kind not in AREA_INCIDENT_KINDS else set()
    history = await read_history(tx, items, {record.id: record.key})
    earlier = (await outbox.lock(tx, [found.id]))[found.id]
    made = await support_acts.resent_as(tx, earlier.id)
    if made is not None:
        again = await outbox.by_id(tx, made)
        return Resent(notification=again, earlier=earlier.id, is_new=False) if again else NotResent(code="told")
    now = surroundings.clock()  # after the locks
    resending = _Resending(earlier=earlier, record=record, history=history.as_of(now), now=now)
    against = await _reason_against(tx, resending)
    if against is not None:
        return NotResent(code=against)
    planned = await _planned(tx, resending)
    if isinstance(planned.decision, Suppress):
        return NotResent(code=planned.decision.reason)
    return await _send(tx, resending, planned, by=by, surroundings=surroundings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resending:
    earlier: Notification
    record: RecipientRecord
    history: History
    now: datetime

    @property
    def item(self) -> bytes:
        return self.earlier.shipment_index or b""

    def told_of_item(self) -> list[Notification]:
        """What this person was, or is to be, told about the item."""
        return [n for n in self.history.told.get(self.item, ()) if n.recipient == self.record.id]

    def untrue(self) -> str | None:
        """Why the news about an item is none any more, or never was."""
        known = self.history.known.get(self.item, [])
        if self.earlier.step:
            return untrue_because(self.earlier, self.history.known_of(self.item, as_of=self.now))
        own = next((one for one in known if one.id == self.earlier.event), None)
        if own is None or own.id is None:
            return "stale"
        overtaken = next((reason for newer in known if (reason := makes_untrue(newer, own))), None)
        return overtaken or reason_not_to_tell(own, [one for one in known if one.id and one.id < own.id])

    def spent(self) -> dict[Channel, str]:
        """No more SMS about one item than a person can bear."""
        if self.earlier.purpose is not Purpose.DELIVERY or self.earlier.kind in AREA_INCIDENT_KINDS:
            return {}
        told = self.told_of_item()
        if self.earlier.kind not in TERM_KINDS and self.earlier.step is None:
            told = [n for n in told if n.step is None]
        return {Channel.SMS: "rate_limited"} if sms_told(told) >= SMS_PER_ITEM_MAX else {}


async def _reason_against(tx: Tx, resending: _Resending) -> str | None:
    """Why the news must not be told once more, whoever would get it."""
    earlier = resending.earlier
    attempts = (await outbox.attempts_of(tx, [earlier.id])).get(earlier.id, [])
    speaker = await outbox.by_id(tx, earlier.merged_into) if earlier.merged_into else None
    against = reason_not_to_resend(earlier, attempts, speaker=speaker)
    if against is None and earlier.expires_at <= resending.now:
        against = "expired"
    if against is not None:
        return against
    if earlier.kind not in AREA_INCIDENT_KINDS:
        return resending.untrue()
    contexts = await incident_contexts(tx, [earlier], {resending.record.id: resending.record})
    return contexts[earlier.id].untrue if earlier.id in contexts else "stale"


async def _planned(tx: Tx, resending: _Resending) -> Planned:
    """What is decided for the contact point that is to get it."""
    earlier, record = resending.earlier, resending.record
    if record.recipient is None:
        raise ValueError("nobody is told who is not registered")
    is_area = earlier.kind in AREA_INCIDENT_KINDS
    known = None if is_area else resending.history.known_of(resending.item, as_of=resending.now)
    news = News(
        kind=earlier.kind,
        expires_at=earlier.expires_at,
        channels=(earlier.channel,),
        untold_because=resending.spent(),
        silenced=resending.history.silenced.get((resending.item, record.id), ()),
        last_moment=last_moment(known.deadlines) if known and known.waits and known.deadlines else None,
    )
    decisions = plan(news, record.recipient, now=resending.now)
    area = [earlier.event] if is_area and earlier.event else []
    siblings = await incident_messages.of_people_about(tx, [record.id], area) if area else []
    told = {n.contact for n in (*siblings, *resending.told_of_item()) if _tells_the_same(n, earlier)}
    return _chosen(decisions, earlier, told)


def _tells_the_same(other: Notification, earlier: Notification) -> bool:
    """Whether it told, or is to tell, the same person the same news on the same channel."""
    same = (other.recipient, other.event, other.channel, other.step, other.collect_by)
    return (
        same == (earlier.recipient, earlier.event, earlier.channel, earlier.step, earlier.collect_by)
        and other.id != earlier.id
        and other.status not in UNTOLD
    )


def _chosen(decisions: Sequence[Planned], earlier: Notification, told: set[UUID | None]) -> Planned:
    """The decision for the same contact point, else for the one that came last of those that were not told."""
    own = next((one for one in decisions if one.contact and one.contact.id == earlier.contact), None)
    if own is not None and earlier.contact not in told:
        return own
    others = [one for one in decisions if one.contact is None or one.contact.id not in told]
    if not others:
        return replace(decisions[0], decision=Suppress(reason="told"))
    sendable = [one for one in others if not isinstance(one.decision, Suppress)]
    return max(sendable or others, key=lambda one: one.contact.changed_at.timestamp() if one.contact else 0.0)


async def _send(
    tx: Tx, resending: _Resending, planned: Planned, *, by: ActingSupport, surroundings: Surroundings
) -> Resent | NotResent:
    earlier, record, now = resending.earlier, resending.record, resending.now
    opening = (await fact_store.first_of_notifications(tx, [earlier.id]))[earlier.id]
    data = json.loads(opening.document)["data"]
    if earlier.event is None or not data["event_facts"]:
        return NotResent(code="stale")
    shipments = opening.openings(record.key).get("shipment")
    events = await event_store.decoded(tx, [earlier.event], {record.id: record.key})
    event = events.get(earlier.event)
    sheet = await new_fact_sheet(tx, surroundings)
    notification = open_notification(
        sheet,
        replace(
            _subject(earlier, earlier.event, data, shipments.value if shipments else None),
            courier=event.notice.courier if event and event.notice else None,
            source=event.source if event else None,
        ),
        record,
        planned,
        standing_of(planned, now=now),
        new_id=surroundings.new_id(),
        now=now,
    )
    act = record_support(
        sheet,
        Act.RESENT,
        by,
        record,
        About(shipment_index=earlier.shipment_index, notification=earlier.id, made=notification.id),
        facts=[earlier.chain_leaf, notification.chain_leaf],
        new_id=surroundings.new_id(),
        now=now,
    )
    await outbox.insert_all(tx, [notification])
    items = (await incident_messages.items_of(tx, [earlier.id])).get(earlier.id, set())
    await incident_messages.insert_items(tx, [(notification, items)])
    await support_acts.insert_all(tx, [act])
    await sheet.write(tx)
    return Resent(notification=notification, earlier=earlier.id, is_new=True)


def _subject(earlier: Notification, event: UUID, data: Mapping[str, Any], shipments: bytes | None) -> Subject:
    regime = data["legal_regime"]
    return Subject(
        operator=earlier.operator,
        kind=earlier.kind,
        event=event,
        event_fact=bytes.fromhex(data["event_facts"][-1]),
        shipment_index=earlier.shipment_index,
        shipments=shipments,
        legal_regime=LegalRegime(regime) if regime else None,
        expires_at=earlier.expires_at,
        step=earlier.step,
        collect_by=earlier.collect_by,
        facility=earlier.facility,
    )
