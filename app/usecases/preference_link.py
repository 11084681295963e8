"""A link that an operator hands to a person it knows: it opens their settings once, within five minutes."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.one_time_code import Use, lifetime
from app.ports import Surroundings
from app.storage import codes as code_store
from app.storage import recipients as recipient_store
from app.storage.codes import Code
from app.storage.database import Tx

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceLink:
    """A token of 256 bits, which stands nowhere else, and until when it opens anything."""

    token: str = field(repr=False)
    expires_at: datetime


async def make_link(tx: Tx, operator: str, name: str, *, surroundings: Surroundings) -> PreferenceLink | None:
    """A new link to that person's settings; None when nobody has registered that name. Earlier ones are worthless.

    Kept is a keyed hash of the token, in place of an id.
    """
    record = await recipient_store.find(tx, operator, name)
    if record is None or record.recipient is None:
        return None
    now = surroundings.clock()
    await code_store.spend_all(tx, record.id, (Use.LINK,), now=now)
    token = urlsafe_b64encode(surroundings.entropy(_TOKEN_BYTES)).rstrip(b"=").decode()
    expires_at = now + lifetime(Use.LINK, None)
    code = Code(id=_id_of(tx, token), use=Use.LINK, recipient=record.id, created_at=now, expires_at=expires_at)
    await code_store.insert_one(tx, code, handled_at=now)
    return PreferenceLink(token=token, expires_at=expires_at)


async def open_link(tx: Tx, token: str, *, now: datetime) -> UUID | None:
    """Whose settings the link opens, which is spent by it; None when it opens nothing, or nothing any more.

    Of several who open it at once one does.
    """
    if not token.isascii():
        return None
    code = _id_of(tx, token)
    opened = await code_store.take_try(tx, code, (Use.LINK,), now=now)
    if opened is None or not await code_store.use(tx, code, now=now):
        return None
    return opened.recipient


def _id_of(tx: Tx, token: str) -> UUID:
    return UUID(bytes=tx.vault.index("preference-link", token)[:16])
