"""Contact points whose confirmation is old, and people who gave a contact point and never confirmed it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, update

from app.domain.channel import Channel
from app.domain.one_time_code import Use
from app.domain.recipient import ContactState
from app.storage.database import Tx
from app.storage.sql import one_of
from app.storage.tables import codes, contact_points, recipients

# Somebody was asked to confirm a contact point since its state changed last, and has not done so yet.
_ASKED = contact_points.c.asked_at >= contact_points.c.changed_at
_IN_USE = contact_points.c.state == ContactState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPerson:
    """A contact point, and whose it is."""

    contact: UUID
    recipient: UUID


async def old(tx: Tx, *, before: datetime, limit: int) -> list[OfPerson]:
    """Up to `limit` phones in use that were confirmed before that moment, and not asked about since; oldest first."""
    query = (
        select(contact_points.c.id, contact_points.c.recipient_id)
        .where(
            contact_points.c.channel == Channel.SMS,
            _IN_USE,
            contact_points.c.changed_at <= before,
            or_(contact_points.c.asked_at.is_(None), ~_ASKED),
        )
        .order_by(contact_points.c.changed_at)
        .limit(limit)
    )
    return [OfPerson(contact=row.id, recipient=row.recipient_id) for row in await tx.execute(query)]


async def unanswered(tx: Tx, *, asked_before: datetime, limit: int) -> list[OfPerson]:
    """Up to `limit` contact points in use that people were asked about before that moment, in vain."""
    query = (
        select(contact_points.c.id, contact_points.c.recipient_id)
        .where(_IN_USE, _ASKED, contact_points.c.asked_at <= asked_before)
        .order_by(contact_points.c.asked_at)
        .limit(limit)
    )
    return [OfPerson(contact=row.id, recipient=row.recipient_id) for row in await tx.execute(query)]


async def awaited(tx: Tx, channel: Channel, contact_index: bytes) -> list[OfPerson]:
    """Contact points in use with that blind index that people were asked about and have not confirmed yet."""
    same: ColumnElement[bool] = contact_points.c.value_index == contact_index
    query = (
        select(contact_points.c.id, contact_points.c.recipient_id)
        .where(same, contact_points.c.channel == channel, _IN_USE, _ASKED)
        .order_by(contact_points.c.recipient_id)
    )
    return [OfPerson(contact=row.id, recipient=row.recipient_id) for row in await tx.execute(query)]


async def note_asked(tx: Tx, contacts: Collection[UUID], *, now: datetime) -> None:
    """The people were asked to confirm these contact points once more; their rows are locked by the caller."""
    await tx.execute(update(contact_points).where(one_of(tx, contact_points.c.id, contacts)).values(asked_at=now))


async def never_confirmed(tx: Tx, *, operator: str, before: datetime, limit: int) -> list[UUID]:
    """Up to `limit` people of that operator whose codes all ended before that moment, and who have confirmed nothing.

    People who were never sent a code are not among them.
    """
    code = codes.alias()
    waiting = exists().where(code.c.recipient_id == codes.c.recipient_id, code.c.expires_at > before)
    confirmed = exists().where(
        contact_points.c.recipient_id == codes.c.recipient_id, contact_points.c.state != ContactState.UNCONFIRMED
    )
    query = (
        select(codes.c.recipient_id)
        .distinct()
        .join(recipients, recipients.c.id == codes.c.recipient_id)
        .where(
            codes.c.use == Use.CONFIRM,
            codes.c.expires_at <= before,
            recipients.c.operator == operator,
            recipients.c.erased_at.is_(None),
            recipients.c.erasure_asked_at.is_(None),
            ~waiting,
            ~confirmed,
        )
        .limit(limit)
    )
    return list((await tx.execute(query)).scalars())
