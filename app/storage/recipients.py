"""Recipients: names, keys, settings, contact points and consents."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import func, insert, literal, select, update

from app.domain.channel import Channel, Purpose
from app.domain.quiet_hours import QuietHours, QuietRule
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Letters, Recipient
from app.storage import recipient_areas
from app.storage.database import Tx
from app.storage.sql import Lookup, insert_ignoring, locked, one_of
from app.storage.tables import consents, contact_points, legal_holds, recipient_keys, recipients
from app.storage.vault import PersonKey

# Events that name nobody are kept under one key per operator.
NOBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRecord:
    """One row: its id, the person's key, and the recipient when somebody has registered one.

    `withheld`: erasure was asked for and a legal hold defers it. Nobody may contact or change such a person any more,
    so for all but those who ask for everything `recipient` is None, as if nobody had registered one.
    """

    id: UUID
    operator: str
    key: PersonKey = field(repr=False)
    recipient: Recipient | None
    withheld: bool = False


Named = tuple[str, str]  # operator, recipient's name

_RECORDS = (
    select(
        recipients.c.id,
        recipients.c.operator,
        recipients.c.name_index,
        recipients.c.registered_at,
        recipients.c.language,
        recipients.c.time_zone,
        recipients.c.quiet_rule,
        recipients.c.quiet_from,
        recipients.c.quiet_to,
        recipients.c.chosen_by_person,
        recipients.c.paused_until,
        recipients.c.profile,
        recipients.c.erasure_asked_at,
        recipient_keys.c.wrapped_key,
    )
    .join(recipient_keys, recipient_keys.c.recipient_id == recipients.c.id)
    .order_by(recipients.c.id)
)
_REGISTERED = (recipients.c.registered_at.is_not(None), recipients.c.erased_at.is_(None))
_BY_NAME = Lookup(_RECORDS, recipients.c.name_index)
_BY_NAME_FOR_SHARE = Lookup(_RECORDS, recipients.c.name_index, lock=recipients, shared=True)
_BY_NAME_FOR_UPDATE = Lookup(_RECORDS, recipients.c.name_index, lock=recipients)
_CONTACTS = Lookup(
    select(contact_points).order_by(contact_points.c.changed_at, contact_points.c.id), contact_points.c.recipient_id
)
_CONSENTS = Lookup(select(consents), consents.c.recipient_id)


async def ensure(
    tx: Tx, names: Iterable[Named], *, now: datetime, new_ids: Iterable[UUID], for_update: bool = False
) -> dict[Named, RecipientRecord]:
    """The records of these recipients, share-locked; those never heard of get a row and a key at once.

    `new_ids` is drawn from only for new rows. `for_update` locks for changing instead: who took the share lock
    first would wait for others who did, and they for him. A record that somebody erases meanwhile can be missing.
    """
    wanted = {tx.vault.index("recipient", *named): named for named in names}
    by_name = _BY_NAME_FOR_UPDATE if for_update else _BY_NAME_FOR_SHARE
    rows = await by_name.rows(tx, wanted)
    missing = sorted(wanted.keys() - {row.name_index for row in rows})
    if missing:
        await _insert_unregistered(tx, {index: wanted[index] for index in missing}, now=now, new_ids=new_ids)
        rows += await by_name.rows(tx, missing)
    records = await _records(tx, rows)
    return {wanted[row.name_index]: records[row.id] for row in rows}


async def find(
    tx: Tx, operator: str, name: str, *, for_update: bool = False, everything: bool = False
) -> RecipientRecord | None:
    """The record of one recipient, registered or not; None when nobody ever named it or it was erased.

    `everything` gives the recipient of a withheld record, too.
    """
    by_name = _BY_NAME_FOR_UPDATE if for_update else _BY_NAME
    rows = await by_name.rows(tx, [tx.vault.index("recipient", operator, name)])
    records = await _records(tx, rows, everything=everything)
    return records[rows[0].id] if rows else None


async def by_ids(
    tx: Tx, ids: Iterable[UUID], *, lock: bool = False, for_update: bool = False, skip: bool = False
) -> dict[UUID, RecipientRecord]:
    """Records by row id; erased ones are absent. `skip` leaves out rows that somebody is changing right now."""
    query = _RECORDS.where(one_of(tx, recipients.c.id, set(ids)), recipients.c.erased_at.is_(None))
    if lock:
        query = locked(tx, query, of=recipients, shared=not for_update, skip=skip)
    return await _records(tx, list(await tx.execute(query)))


async def sound_by_ids(
    tx: Tx, ids: Iterable[UUID], *, lock: bool = False, for_update: bool = False, skip: bool = False
) -> tuple[dict[UUID, RecipientRecord], set[UUID]]:
    """The same, and apart from them the ids of those whose key or values are damaged: they hurt nobody else."""
    wanted = set(ids)
    try:
        return await by_ids(tx, wanted, lock=lock, for_update=for_update, skip=skip), set()
    except InvalidTag:
        pass
    found: dict[UUID, RecipientRecord] = {}
    damaged = set()
    for one in sorted(wanted):
        try:
            found |= await by_ids(tx, [one], lock=lock, for_update=for_update, skip=skip)
        except InvalidTag:
            damaged.add(one)
    return found, damaged


async def having_confirmed(tx: Tx, channel: Channel, contact_index: bytes) -> list[UUID]:
    """Everybody, of any operator, whose confirmed contact point has that blind index, in the order of their ids."""
    query = (
        select(contact_points.c.recipient_id)
        .where(
            contact_points.c.value_index == contact_index,
            contact_points.c.channel == channel,
            contact_points.c.state == ContactState.ACTIVE,
        )
        .order_by(contact_points.c.recipient_id)
    )
    return list((await tx.execute(query)).scalars())


async def having_contact(tx: Tx, channel: Channel, value: str) -> list[UUID]:
    """Everybody, of any operator, who has this contact point and has not removed it, in the order of their ids."""
    query = (
        select(contact_points.c.recipient_id)
        .where(
            contact_points.c.value_index == tx.vault.index("contact", channel, value),
            contact_points.c.state != ContactState.REMOVED,
        )
        .order_by(contact_points.c.recipient_id)
    )
    return list((await tx.execute(query)).scalars())


async def registered(tx: Tx, operator: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Up to `limit` of that operator's registered recipients, in the order of their ids, those past `after`."""
    query = select(recipients.c.id).where(recipients.c.operator == operator, *_REGISTERED)
    if after is not None:
        query = query.where(recipients.c.id > after)
    return list((await tx.execute(query.order_by(recipients.c.id).limit(limit))).scalars())


async def registered_among(tx: Tx, people: Iterable[UUID]) -> set[UUID]:
    """Those of these people who are registered."""
    query = select(recipients.c.id).where(one_of(tx, recipients.c.id, people), *_REGISTERED)
    return set((await tx.execute(query)).scalars())


async def _insert_unregistered(tx: Tx, named: Mapping[bytes, Named], *, now: datetime, new_ids: Iterable[UUID]) -> None:
    ids = iter(new_ids)
    rows, keys = [], {}
    for index, (operator, name) in named.items():
        row_id = next(ids)
        key, wrapped = tx.vault.new_key(row_id.bytes)
        profile = key.seal(json.dumps({"name": name}).encode(), place=_profile_place(row_id))
        rows.append({"id": row_id, "operator": operator, "name_index": index, "profile": profile, "created_at": now})
        keys[row_id] = wrapped
    statement = insert_ignoring(tx, recipients, "name_index").returning(recipients.c.id)
    inserted = (await tx.execute(statement, rows)).scalars().all()
    if inserted:
        wrapped_keys = [{"recipient_id": row_id, "wrapped_key": keys[row_id]} for row_id in inserted]
        await tx.execute(insert(recipient_keys), wrapped_keys)


async def keys_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, PersonKey]:
    """The keys of those of these people who were not erased."""
    if not ids:
        return {}
    query = select(recipient_keys).where(one_of(tx, recipient_keys.c.recipient_id, ids))
    return {
        row.recipient_id: tx.vault.unwrap(row.wrapped_key, row.recipient_id.bytes) for row in await tx.execute(query)
    }


async def _records(tx: Tx, rows: Sequence[Any], *, everything: bool = False) -> dict[UUID, RecipientRecord]:
    keys = {row.id: tx.vault.unwrap(row.wrapped_key, row.id.bytes) for row in rows}
    registered = {
        row.id for row in rows if row.registered_at is not None and (everything or row.erasure_asked_at is None)
    }
    contacts: dict[UUID, list[ContactPoint]] = defaultdict(list)
    agreed: dict[UUID, list[Consent]] = defaultdict(list)
    if registered:
        for row in await _CONTACTS.rows(tx, registered):
            contacts[row.recipient_id].append(_contact(row, keys[row.recipient_id]))
        for row in await _CONSENTS.rows(tx, registered):
            agreed[row.recipient_id].append(_consent(row))
    return {
        row.id: RecipientRecord(
            id=row.id,
            operator=row.operator,
            key=keys[row.id],
            recipient=_recipient(row, keys[row.id], contacts[row.id], agreed[row.id]) if row.id in registered else None,
            withheld=row.erasure_asked_at is not None,
        )
        for row in rows
    }


def _recipient(row: Any, key: PersonKey, contacts: Iterable[ContactPoint], agreed: Iterable[Consent]) -> Recipient:
    profile = json.loads(key.open(row.profile, place=_profile_place(row.id)))
    return Recipient(
        id=row.id,
        operator=row.operator,
        name=profile["name"],
        language=row.language,
        time_zone=row.time_zone,
        post_codes=tuple(profile.get("post_codes", ())),
        quiet_hours=QuietHours(
            rule=QuietRule(row.quiet_rule),
            **(
                {"starts": time.fromisoformat(row.quiet_from), "ends": time.fromisoformat(row.quiet_to)}
                if row.quiet_from
                else {}
            ),
        ),
        letters=Letters(profile.get("letters", Letters.PLAIN)),
        safety_phrase=profile.get("safety_phrase"),
        contact_points=tuple(contacts),
        consents=tuple(sorted(agreed, key=lambda c: (c.channel, c.purpose))),
        chosen_by_person=frozenset(filter(None, row.chosen_by_person.split("\n"))),
        paused_until=row.paused_until,
    )


def _contact(row: Any, key: PersonKey) -> ContactPoint:
    return ContactPoint(
        id=row.id,
        channel=Channel(row.channel),
        value=key.open(row.value, place=_contact_place(row.id)).decode(),
        state=ContactState(row.state),
        method=row.method,
        changed_at=row.changed_at,
        changed_by=Actor(row.changed_by),
    )


def _consent(row: Any) -> Consent:
    return Consent(
        channel=Channel(row.channel),
        purpose=Purpose(row.purpose),
        granted=row.granted,
        version=row.version,
        at=row.at,
        by=Actor(row.by),
        method=row.method,
        text_version=row.text_version,
        fact_leaf=row.fact_leaf,
        refused_at=row.refused_at,
    )


async def save(tx: Tx, recipient: Recipient, key: PersonKey, *, now: datetime) -> None:
    """Write the whole record as it now is; its row is locked by the caller. `now` counts at the first time only."""
    quiet = recipient.quiet_hours
    own = quiet.rule is QuietRule.OWN
    profile = {
        "name": recipient.name,
        "post_codes": list(recipient.post_codes),
        "letters": recipient.letters,
        "safety_phrase": recipient.safety_phrase,
    }
    await tx.execute(
        update(recipients)
        .where(recipients.c.id == recipient.id)
        .values(
            registered_at=func.coalesce(recipients.c.registered_at, literal(now, recipients.c.registered_at.type)),
            language=recipient.language,
            time_zone=recipient.time_zone,
            quiet_rule=quiet.rule,
            quiet_from=quiet.starts.isoformat("minutes") if own else None,
            quiet_to=quiet.ends.isoformat("minutes") if own else None,
            chosen_by_person="\n".join(sorted(recipient.chosen_by_person)),
            paused_until=recipient.paused_until,
            profile=key.seal(json.dumps(profile).encode(), place=_profile_place(recipient.id)),
        )
    )
    for contact in recipient.contact_points:
        await _save_contact(tx, recipient.id, contact, key)
    for consent in recipient.consents:
        await _save_consent(tx, recipient.id, consent)
    await recipient_areas.keep(tx, recipient)


async def _save_contact(tx: Tx, recipient: UUID, contact: ContactPoint, key: PersonKey) -> None:
    state = {
        "state": contact.state,
        "method": contact.method,
        "changed_at": contact.changed_at,
        "changed_by": contact.changed_by,
    }
    done = await tx.execute(update(contact_points).where(contact_points.c.id == contact.id).values(state))
    if done.rowcount == 0:
        await tx.execute(
            insert(contact_points).values(
                id=contact.id,
                recipient_id=recipient,
                channel=contact.channel,
                value_index=tx.vault.index("contact", contact.channel, contact.value),
                value=key.seal(contact.value.encode(), place=_contact_place(contact.id)),
                **state,
            )
        )


async def _save_consent(tx: Tx, recipient: UUID, consent: Consent) -> None:
    act = {
        "granted": consent.granted,
        "version": consent.version,
        "at": consent.at,
        "by": consent.by,
        "method": consent.method,
        "text_version": consent.text_version,
        "fact_leaf": consent.fact_leaf,
        "refused_at": consent.refused_at,
    }
    place = {"recipient_id": recipient, "channel": consent.channel, "purpose": consent.purpose}
    found = [consents.c[name] == value for name, value in place.items()]
    done = await tx.execute(update(consents).where(*found).values(act))
    if done.rowcount == 0:
        await tx.execute(insert(consents).values(**place, **act))


async def withhold(tx: Tx, recipient: UUID, *, asked_at: datetime, asked_by: str) -> None:
    """Note that erasure was asked for and is deferred; the row is locked by the caller."""
    await tx.execute(
        update(recipients)
        .where(recipients.c.id == recipient)
        .values(erasure_asked_at=asked_at, erasure_asked_by=asked_by)
    )


async def lock(tx: Tx, ids: Iterable[UUID]) -> set[UUID]:
    """Lock these recipients for changing, without reading anything of theirs; those whom nobody else has locked."""
    query = select(recipients.c.id).where(one_of(tx, recipients.c.id, set(ids)), recipients.c.erased_at.is_(None))
    return set((await tx.execute(locked(tx, query.order_by(recipients.c.id), skip=True))).scalars())


async def awaiting_erasure(tx: Tx, *, limit: int, among: Collection[UUID] | None = None) -> dict[UUID, str]:
    """Up to `limit` recipients (of these) whose erasure nothing defers any more, and the key that asked for it."""
    query = (
        select(recipients.c.id, recipients.c.erasure_asked_by)
        .outerjoin(legal_holds, legal_holds.c.recipient_id == recipients.c.id)
        .where(recipients.c.erasure_asked_at.is_not(None), legal_holds.c.recipient_id.is_(None))
        .order_by(recipients.c.erasure_asked_at)
        .limit(limit)
    )
    if among is not None:
        query = query.where(one_of(tx, recipients.c.id, among))
    return {row.id: row.erasure_asked_by for row in await tx.execute(query)}


async def asked_for_erasure(tx: Tx, recipient: UUID) -> datetime | None:
    """When the erasure of that person was asked for that a hold defers, or None."""
    query = select(recipients.c.erasure_asked_at).where(recipients.c.id == recipient)
    asked_at: datetime | None = (await tx.execute(query)).scalar_one_or_none()
    return asked_at


def _profile_place(recipient: UUID) -> bytes:
    return b"profile" + recipient.bytes


def _contact_place(contact: UUID) -> bytes:
    return b"contact" + contact.bytes
