"""Sessions on the pages: opened by a code, a link or a key, ended by idleness, and whose record they open."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.channel import Channel
from app.domain.recipient import ContactPoint, ContactState, Recipient
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage import sessions as session_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.storage.sessions import Session
from app.storage.vault import key_from_token

IDLE = timedelta(minutes=15)
# However busy: a session that is open for a working day is somebody's forgotten browser.
OPEN_FOR = timedelta(hours=8)
# A code that was given so recently counts for what only the person may do.
FRESH = timedelta(minutes=10)
# Looking at pages is noted that often at most, so that most of them only read.
_NOTED_EVERY = timedelta(minutes=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN_BYTES = 32
_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody with a session. `people` are those whose records it opens, `record` the one that is open.

    `record` is None while there are several and none was chosen; those of `people` and it have recipients.
    """

    session: Session
    people: tuple[RecipientRecord, ...] = field(repr=False)
    record: RecipientRecord | None = field(repr=False)
    contact: ContactPoint | None = field(repr=False)

    def is_proven(self, now: datetime) -> bool:
        """Whether they gave a code within the last ten minutes."""
        return self.session.proven_at > now - FRESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """An auditor's session: the credentials are to be checked at each request, for they can end before it does."""

    session: Session
    credentials: str = field(repr=False)


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


async def open_session(
    tx: Tx,
    *,
    contact: tuple[Channel, bytes] | None = None,
    recipient: UUID | None = None,
    credentials: str | None = None,
    replacing: str | None = None,
    surroundings: Surroundings,
) -> str:
    """The token (256 bits) of a new session of who has just proven to have that contact point, by its blind index.

    Without `contact` it is one of `recipient` alone, who has proven nothing yet, or of whoever has presented
    `credentials`: these are kept so that only the token opens them. The session of the token `replacing` ends: no token
    survives a sign-in (session fixation).
    """
    now = surroundings.clock()
    token = urlsafe_b64encode(surroundings.entropy(_TOKEN_BYTES)).rstrip(b"=").decode()
    if replacing is not None:
        await session_store.end(tx, digest_of(replacing))
    await session_store.forget(tx, seen_before=now - IDLE, limit=_FORGOTTEN_AT_ONCE)
    await session_store.insert_one(
        tx,
        Session(
            digest=digest_of(token),
            channel=contact[0] if contact else None,
            contact_index=contact[1] if contact else None,
            recipient=recipient,
            created_at=now,
            seen_at=now,
            proven_at=now if contact else _NEVER,
            credentials=_sealed(credentials, token) if credentials is not None else None,
        ),
    )
    return token


async def visitor_of(tx: Tx, token: str, *, now: datetime) -> Visitor | None:
    """Who has the session of that token; None when it has ended, or opens nobody's record any more."""
    session = await session_store.live(tx, digest_of(token), seen_after=now - IDLE, created_after=now - OPEN_FOR)
    if session is None:
        return None
    people = await _people(tx, session)
    if not people:
        return None
    chosen = [record for record in people if record.id == session.recipient]
    record = (chosen or [*people])[0] if chosen or len(people) == 1 else None
    contact = _contact(tx, session, record.recipient) if record and record.recipient else None
    return Visitor(session=session, people=people, record=record, contact=contact)


async def presented_in(tx: Tx, token: str, *, now: datetime) -> Presented | None:
    """What was presented to open the session of that token; None when it has ended, or was opened otherwise."""
    session = await session_store.live(tx, digest_of(token), seen_after=now - IDLE, created_after=now - OPEN_FOR)
    if session is None or session.credentials is None:
        return None
    opened = key_from_token(token).open(session.credentials, place=_place(token))
    return Presented(session=session, credentials=opened.decode())


async def people_with(tx: Tx, contact: tuple[Channel, bytes]) -> tuple[RecipientRecord, ...]:
    """Everybody who has confirmed the contact point with that blind index, in the order of their ids."""
    return await _registered(tx, await recipient_store.having_confirmed(tx, *contact))


def needs_noting(session: Session, *, now: datetime) -> bool:
    """Whether it is to be noted that somebody looks at a page."""
    return session.seen_at <= now - _NOTED_EVERY


def _sealed(credentials: str, token: str) -> bytes:
    return key_from_token(token).seal(credentials.encode(), place=_place(token))


def _place(token: str) -> bytes:
    return b"session" + digest_of(token)


async def _people(tx: Tx, session: Session) -> tuple[RecipientRecord, ...]:
    if session.channel is not None and session.contact_index is not None:
        return await people_with(tx, (session.channel, session.contact_index))
    return await _registered(tx, [session.recipient] if session.recipient else [])


async def _registered(tx: Tx, ids: Iterable[UUID]) -> tuple[RecipientRecord, ...]:
    records, _ = await recipient_store.sound_by_ids(tx, ids)
    return tuple(record for _, record in sorted(records.items()) if record.recipient is not None)


def _contact(tx: Tx, session: Session, person: Recipient) -> ContactPoint | None:
    """The contact point by which somebody signed in, among the person's own."""
    return next(
        (
            contact
            for contact in person.contact_points
            if contact.channel is session.channel
            and contact.state is ContactState.ACTIVE
            and tx.vault.index("contact", contact.channel, contact.value) == session.contact_index
        ),
        None,
    )
