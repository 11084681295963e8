"""The last fact of a notification's chain."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.notification import Notification, Status
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet

# What ends so was said to nobody, though it was true of others for which it was to speak.
UNSAID = frozenset({Status.CANCELLED, Status.EXPIRED})

_OPENING_KEYS = ("event_facts", "policy", "legal_regime")


def opening_data(opening: StoredFact) -> Mapping[str, object]:
    """What the first fact of a chain says about why the notification exists, to be repeated when it is suppressed."""
    data = json.loads(opening.document)["data"]
    return {key: data[key] for key in _OPENING_KEYS}


def end_chain(
    sheet: FactSheet,
    notification: Notification,
    fact_type: str,
    *,
    at: datetime,
    record: RecipientRecord | None = None,
    opening: Mapping[str, object] | None = None,
) -> Notification:
    """Write that the chain ends; the notification already stands as it will stay.

    A suppression also says under which consent: `record` and `opening` are needed for it alone.
    """
    if notification.status is Status.SUPPRESSED:
        return _suppressed(sheet, notification, at=at, record=record, opening=opening or {})
    return sheet.record_in_chain(
        notification,
        fact_type,
        at=at,
        data={"status": notification.status, "reason": notification.reason, "failure": notification.failure},
    )


def _suppressed(
    sheet: FactSheet,
    notification: Notification,
    *,
    at: datetime,
    record: RecipientRecord | None,
    opening: Mapping[str, object],
) -> Notification:
    recipient = record.recipient if record else None
    consent = recipient.consent(notification.channel, notification.purpose) if recipient else None
    contact = recipient.contact(notification.contact) if recipient else None
    return sheet.record_in_chain(
        notification,
        "notification.suppressed",
        at=at,
        key=record.key if record else None,
        data={
            **opening,
            "operator": notification.operator,
            "kind": notification.kind,
            "channel": notification.channel,
            "purpose": notification.purpose,
            "reason": notification.reason,
            "not_before": notification.not_before,
            "consent_fact": consent.sealed_fact if consent else None,
            "consent_version": consent.sealed_version if consent else None,
        },
        sealed={
            "contact": contact.value.encode() if contact else None,
            "recipient": recipient.name.encode() if recipient else None,
        },
    )


def cancelled(sheet: FactSheet, notification: Notification, reason: str, *, at: datetime) -> Notification:
    """The notification, ended before it left because its news is no longer true. Its row is locked or new."""
    ended = replace(notification, status=Status.CANCELLED, reason=reason, due_at=None)
    return end_chain(sheet, ended, "notification.cancelled", at=at)


async def let_others_speak(tx: Tx, ended: Collection[Notification], *, now: datetime) -> None:
    """Have those told for which messages among `ended` were to speak that were never sent.

    Of reminders, the plans of these items are looked at again; of incidents, the people are come by again. Call it once
    everything else of these plans is written.
    """
    if speakers := [n.id for n in ended if n.step and n.status in UNSAID]:
        await stay_store.review_merged(tx, speakers, now=now)
    incidents = [n.id for n in ended if n.kind in AREA_INCIDENT_KINDS and n.attempts and n.status in UNSAID]
    if incidents:
        merged = await outbox.merged_into(tx, incidents)
        unsaid = {(n.event, n.recipient) for many in merged.values() for n in many if n.event}
        await incident_store.come_by_again(tx, unsaid)
