"""Who is signed in to the pages: kept by the digest of a token that stands in nobody's database but the browser's."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.domain.channel import Channel
from app.storage.database import Tx
from app.storage.tables import sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody at a browser, known by a contact point (its blind index), or as one `recipient`, or as both.

    `recipient` is the person whose record is open. `seen_at` is when they did something last, give or take a minute,
    `proven_at` when they last gave a code that was sent to the contact point. An auditor is known by the `credentials`
    alone, which are sealed.
    """

    digest: bytes = field(repr=False)
    channel: Channel | None = None
    contact_index: bytes | None = field(default=None, repr=False)
    recipient: UUID | None = None
    created_at: datetime
    seen_at: datetime
    proven_at: datetime
    credentials: bytes | None = field(default=None, repr=False)


async def insert_one(tx: Tx, session: Session) -> None:
    """Write a new session."""
    await tx.execute(
        insert(sessions).values(
            token_digest=session.digest,
            channel=session.channel,
            contact_index=session.contact_index,
            recipient_id=session.recipient,
            created_at=session.created_at,
            seen_at=session.seen_at,
            proven_at=session.proven_at,
            credentials=session.credentials,
        )
    )


async def live(tx: Tx, digest: bytes, *, seen_after: datetime, created_after: datetime) -> Session | None:
    """The session of that token; None when there is none, or it was idle or open for too long."""
    query = select(sessions).where(
        sessions.c.token_digest == digest,
        sessions.c.seen_at > seen_after,
        sessions.c.created_at > created_after,
    )
    row = (await tx.execute(query)).one_or_none()
    return _session(row) if row else None


async def seen(tx: Tx, digest: bytes, *, now: datetime) -> None:
    """Note that somebody did something in that session."""
    await tx.execute(update(sessions).where(sessions.c.token_digest == digest).values(seen_at=now))


async def choose(tx: Tx, digest: bytes, recipient: UUID | None) -> None:
    """Open that person's record in a session; None: ask again whose."""
    await tx.execute(update(sessions).where(sessions.c.token_digest == digest).values(recipient_id=recipient))


async def end(tx: Tx, digest: bytes) -> None:
    """End one session."""
    await tx.execute(delete(sessions).where(sessions.c.token_digest == digest))


async def forget(tx: Tx, *, seen_before: datetime, limit: int) -> None:
    """Remove up to `limit` sessions in which nobody has done anything since that moment."""
    old = select(sessions.c.token_digest).where(sessions.c.seen_at < seen_before).limit(limit)
    await tx.execute(delete(sessions).where(sessions.c.token_digest.in_(old)))


def _session(row: Any) -> Session:
    return Session(
        digest=row.token_digest,
        channel=Channel(row.channel) if row.channel else None,
        contact_index=row.contact_index,
        recipient=row.recipient_id,
        created_at=row.created_at,
        seen_at=row.seen_at,
        proven_at=row.proven_at,
        credentials=row.credentials,
    )
