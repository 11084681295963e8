"""After a recovery: send named notifications after all, because somebody says why, as far as they are still true."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.domain.decision import last_check
from app.domain.notification import Notification, Status
from app.domain.reminder import Reminder, reminders
from app.domain.shipment import without_future
from app.domain.support import Act
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from app.storage import support_acts
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.incident_contexts import IncidentContext, incident_contexts
from app.usecases.overtaken_news import overtaken_news
from app.usecases.read_outages import known_at, places_of, read_outages
from app.usecases.record_facts import new_fact_sheet
from app.usecases.record_support import About, ActingSupport, record_support
from app.usecases.restore_notifications import RESTORED

RELEASED_MAX = 500

Outcome = Literal["released", "released_before", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What became of one of the notifications that were named.

    `reason` says why it was refused: `not_found`, `not_restored`, `erased`, `expired`, why the news is not true any
    more (`collected`, `superseded`, `terms_changed`) or why this person is not to get it (`opted_out`).
    """

    id: UUID
    outcome: Outcome
    reason: str | None = None


async def release_notifications(
    tx: Tx,
    ids: Collection[UUID],
    *,
    operators: Collection[str] | None = None,
    by: ActingSupport,
    surroundings: Surroundings,
) -> list[Release]:
    """Queue these notifications again, each with a sealed fact that says who wanted it and why; what became of each.

    Only what is unknown because of a recovery is sent, and only if it is still true and may be sent: what is refused
    stays unknown. A reminder whose day has not come is held for it. Those of other operators than `operators` are not
    found. Consent, contact and truth are asked for once more right before anything leaves.
    """
    wanted = list(dict.fromkeys(ids))
    named = {
        id_: n for id_, n in (await outbox.by_ids(tx, wanted)).items() if operators is None or n.operator in operators
    }
    # Before their messages, as whoever erases them does: else an act could be written of somebody who is no more.
    people, _ = await recipient_store.sound_by_ids(tx, {n.recipient for n in named.values()}, lock=True)
    found = await outbox.lock(tx, named)
    restored = [n for n in found.values() if n.status is Status.UNKNOWN and n.reason == RESTORED]
    now = surroundings.clock()
    against = await _reasons_against(tx, restored, people, now=now)
    waiting = [n for n in restored if n.id not in against]
    plans = await _days(tx, waiting, people, now=now)
    queued = [_queued(n, plans.get(n.id), now=now) for n in waiting]
    sheet = await new_fact_sheet(tx, surroundings)
    acts = [
        record_support(
            sheet,
            Act.RELEASED,
            by,
            people[n.recipient],
            About(shipment_index=n.shipment_index, notification=n.id),
            facts=[n.chain_leaf],
            new_id=surroundings.new_id(),
            now=now,
        )
        for n in queued
    ]
    await outbox.save_all(tx, queued)
    await support_acts.insert_all(tx, acts)
    held = {n.shipment_index for n in queued if n.status is Status.HELD and n.shipment_index}
    if held:
        await stay_store.review_soon(tx, held, now=now)
    await sheet.write(tx)
    before = await support_acts.released(tx, found)
    return [_release(id_, found, {n.id for n in queued}, before, against) for id_ in wanted]


def _release(
    id_: UUID,
    found: Mapping[UUID, Notification],
    queued: Collection[UUID],
    before: Collection[UUID],
    against: Mapping[UUID, str],
) -> Release:
    if id_ in queued:
        return Release(id=id_, outcome="released")
    if id_ not in found:
        return Release(id=id_, outcome="refused", reason="not_found")
    if id_ in against:
        return Release(id=id_, outcome="refused", reason=against[id_])
    if id_ in before:
        return Release(id=id_, outcome="released_before")
    return Release(id=id_, outcome="refused", reason="not_restored")


def _queued(notification: Notification, day: Reminder | None, *, now: datetime) -> Notification:
    again = replace(notification, reason=None, looks=0, resent=False)
    if day is None:
        return replace(again, status=Status.QUEUED, due_at=now)
    return replace(again, status=Status.HELD, not_before=day.due_at, due_at=None)


async def _reasons_against(
    tx: Tx, restored: Sequence[Notification], people: Mapping[UUID, RecipientRecord], *, now: datetime
) -> dict[UUID, str]:
    """Why some of these are not sent any more."""
    keys = {record.id: record.key for record in people.values()}
    events = await event_store.decoded(tx, {n.event for n in restored if n.event}, keys)
    untrue = await overtaken_news(tx, restored, events, keys, now=now)
    incidents = await incident_contexts(tx, restored, people)
    against: dict[UUID, str] = {}
    for n in restored:
        person = people[n.recipient].recipient if n.recipient in people else None
        if person is None:
            against[n.id] = "erased"
        elif n.expires_at <= now:
            against[n.id] = "expired"
        elif reason := untrue.get(n.id) or _untrue(incidents.get(n.id)) or last_check(person, n, now=now):
            against[n.id] = reason
    return against


def _untrue(context: IncidentContext | None) -> str | None:
    return context.untrue if context else None


async def _days(
    tx: Tx, waiting: Sequence[Notification], people: Mapping[UUID, RecipientRecord], *, now: datetime
) -> dict[UUID, Reminder]:
    """The steps of the plan that are still to come, of those of these reminders whose day has not come."""
    steps = [n for n in waiting if n.step and n.shipment_index]
    if not steps:
        return {}
    keys = {record.id: record.key for record in people.values()}
    milestones = await event_store.milestones(tx, {n.shipment_index for n in steps if n.shipment_index}, keys)
    outages = await read_outages(tx, places_of(milestones))
    found: dict[UUID, Reminder] = {}
    for n in steps:
        shipment = n.shipment_index or b""
        known = known_at(without_future(milestones[shipment], now=now), outages, shipment, as_of=now)
        if known.stay and known.deadlines:
            plan = reminders(known.deadlines, since=known.stay.since, sms_told=0)
            day = next((each for each in plan if each.step is n.step and each.due_at > now), None)
            found |= {n.id: day} if day else {}
    return found
