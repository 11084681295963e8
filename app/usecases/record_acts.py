"""The facts of what changed about a person: consents, contact points and settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from app.domain.channel import Channel, Purpose
from app.domain.consent_texts import published_texts
from app.domain.merge import (
    Act,
    ConsentChanged,
    ContactAdded,
    ContactDisabled,
    ContactRemoved,
    ContactVerified,
    Merged,
    PreferencesChanged,
)
from app.domain.quiet_hours import QuietHours, QuietRule
from app.domain.recipient import Actor, Consent, ContactPoint, Recipient
from app.evidence.canonical import canonical_json
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet, new_fact_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts and when: `statement` is the JCS of what a person said, `contact` where they said it."""

    at: datetime
    by: Actor
    statement: bytes | None = field(default=None, repr=False)
    contact: ContactPoint | None = None


def record_acts(
    sheet: FactSheet, acts: Iterable[Act], recipient: Recipient, record: RecipientRecord, acting: Acting
) -> Recipient:
    """One fact for each act, in order; gives the recipient with the leaf of each changed consent's latest fact.

    The row of the recipient is locked, and `acting.at` was read after that.
    """
    leaves: dict[tuple[Channel, Purpose], bytes] = {}
    for act in acts:
        match act:
            case ConsentChanged(consent=consent):
                leaf = _consent_fact(sheet, consent, recipient, record, acting)
                leaves[consent.channel, consent.purpose] = leaf
            case ContactAdded(contact=contact):
                _contact_fact(sheet, "contact.added", contact, recipient, record, acting)
            case ContactVerified(contact=contact):
                _contact_fact(sheet, "contact.verified", contact, recipient, record, acting)
            case ContactRemoved(contact=contact):
                _contact_fact(sheet, "contact.removed", contact, recipient, record, acting)
            case ContactDisabled(contact=contact, method=why):
                _contact_fact(sheet, "contact.disabled", replace(contact, method=why), recipient, record, acting)
            case PreferencesChanged(settings=settings):
                said = replace(acting, statement=settings_statement(recipient, settings))
                _record(sheet, "preference.changed", {}, recipient, record, said)
            case _:
                assert_never(act)
    consents = tuple(replace(c, fact_leaf=leaves.get((c.channel, c.purpose), c.fact_leaf)) for c in recipient.consents)
    return replace(recipient, consents=consents)


async def save_acts(
    tx: Tx, changed: Merged, record: RecipientRecord, acting: Acting, *, surroundings: Surroundings
) -> Recipient:
    """Seal what changed about a person whose row is locked, and write the record as it now stands."""
    recipient = changed.recipient
    if changed.acts:
        sheet = await new_fact_sheet(tx, surroundings)
        recipient = record_acts(sheet, changed.acts, recipient, record, acting)
        await sheet.write(tx)
    await recipient_store.save(tx, recipient, record.key, now=acting.at)
    return recipient


def settings_statement(recipient: Recipient, settings: Iterable[str]) -> bytes:
    """The JCS of these settings as they now are; the only place of the log that says what was set."""
    values = {
        "language": recipient.language,
        "time_zone": recipient.time_zone,
        "post_codes": list(recipient.post_codes),
        "quiet_hours": _hours(recipient.quiet_hours),
        "letters": recipient.letters,
        "safety_phrase": recipient.safety_phrase,
        "paused_until": recipient.paused_until.isoformat() if recipient.paused_until else None,
    }
    return canonical_json({name: values[name] for name in settings})


def _hours(hours: QuietHours) -> object:
    match hours.rule:
        case QuietRule.OWN:
            return {"from": hours.starts.isoformat("minutes"), "to": hours.ends.isoformat("minutes")}
        case QuietRule.NONE:
            return None
        case QuietRule.DEFAULT:
            return "default"


def _contact_fact(
    sheet: FactSheet,
    fact_type: str,
    contact: ContactPoint,
    recipient: Recipient,
    record: RecipientRecord,
    acting: Acting,
) -> None:
    data = {"channel": contact.channel, "method": contact.method}
    _record(sheet, fact_type, data, recipient, record, replace(acting, contact=contact))


def _consent_fact(
    sheet: FactSheet, consent: Consent, recipient: Recipient, record: RecipientRecord, acting: Acting
) -> bytes:
    """The digest is known of our own texts only: what another version said, whoever named it knows."""
    text = published_texts().find(consent.text_version, recipient.language, consent.channel, consent.purpose)
    data = {
        "channel": consent.channel,
        "purpose": consent.purpose,
        "version": consent.sealed_version,
        "text_version": consent.text_version,
        "text_digest": text.digest if text else None,
        "method": consent.method,
        "claimed_at": consent.at,
    }
    return _record(
        sheet, "consent.granted" if consent.granted else "consent.withdrawn", data, recipient, record, acting
    )


def _record(
    sheet: FactSheet,
    fact_type: str,
    data: Mapping[str, object],
    recipient: Recipient,
    record: RecipientRecord,
    acting: Acting,
) -> bytes:
    encoded = sheet.record(
        fact_type,
        at=acting.at,
        recipient=recipient.id,
        key=record.key,
        data={**data, "language": recipient.language, "by": acting.by},
        sealed={
            "contact": acting.contact.value.encode() if acting.contact else None,
            "recipient": recipient.name.encode(),
            "statement": acting.statement,
        },
    )
    return encoded.leaf
