"""Confirm a contact point by the contact and the code alone: for whoever got an SMS, and no page beside it."""

import hmac
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.channel import Channel
from app.domain.one_time_code import Use, as_typed
from app.domain.pumping import limits_for
from app.storage import codes as code_store
from app.storage import quotas
from app.storage.database import Tx
from app.usecases.confirm_contact import Confirmed, confirm_contact
from app.usecases.give_code import Gone, Wrong
from app.usecases.send_codes import Confirming

_NOBODYS = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedTooOften:
    """As many codes were typed in for that contact point, or for others like it, as may be."""


async def confirm_unseen(
    tx: Tx, contact: tuple[Channel, str], typed: str, *, language: str, confirming: Confirming
) -> Confirmed | Wrong | Gone | TypedTooOften:
    """Confirm that contact point if `typed` is the code that waits there; where several do, whichever it is.

    Each try counts against the contact point as asking for a code does, before anything is looked at, and against every
    code that it was not: of several that wait, none can be guessed at more often than one alone. The limits are the
    same, and so is the work, whether anybody has the contact point or not. The outcome is to be committed, whichever
    it is.
    """
    now = confirming.surroundings.clock()
    limits = limits_for(*contact, confirming.limits)
    if not await quotas.take(tx, [replace(each, about=("typed", *each.about)) for each in limits], now=now):
        return TypedTooOften()
    waiting = await code_store.waiting_at(tx, Use.CONFIRM, tx.vault.index("contact", *contact), now=now)
    given = as_typed(typed).encode("utf-8", "replace")
    meant = [each for each in waiting if hmac.compare_digest(given, code_store.reading(tx.vault, each).encode())]
    code = next(iter([*meant, *waiting, _NOBODYS]))
    taken = await confirm_contact(tx, code, typed, language=language, confirming=confirming)
    if not isinstance(taken, Confirmed):
        await code_store.count_try(tx, [each for each in waiting if each != code])
    return taken
