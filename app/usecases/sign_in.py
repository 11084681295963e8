"""Sign in to the pages: ask for a code at a contact point, and give it back for a session.

Nothing here tells whether anybody has the contact point: the same rows are written and the same tries are counted.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from app.domain.channel import Channel
from app.domain.one_time_code import Use
from app.domain.pumping import CodeLimits, Limit
from app.ports import Surroundings
from app.storage import quotas
from app.storage.database import Tx
from app.usecases.give_code import Gone, Right, Wrong, give_code
from app.usecases.send_codes import ask_for_code
from app.usecases.sessions import open_session, people_with

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A code was asked for; the id under which it is given back."""

    code: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTooOften:
    """That contact point was named too often within the hour: codes that nobody is sent could be guessed, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """There is a new session, known by `token`, which stands nowhere else."""

    token: str = field(repr=False)


async def ask_to_sign_in(
    tx: Tx, channel: Channel, value: str, *, use: Use = Use.SIGN_IN, limits: CodeLimits, surroundings: Surroundings
) -> Asked | AskedTooOften:
    """Ask for a code at that contact point, for `use` SIGN_IN or STEP_UP. `value` is E.164 or a normalised address."""
    about = ("sign_in", channel.value, value)
    wanted = Limit(about=about, most=limits.per_contact, per=_HOUR)
    if not await quotas.take(tx, [wanted], now=surroundings.clock()):
        return AskedTooOften()
    return Asked(code=await ask_for_code(tx, use, channel, value, surroundings=surroundings))


async def sign_in(
    tx: Tx,
    code: UUID,
    typed: str,
    *,
    use: Use = Use.SIGN_IN,
    opening: UUID | None = None,
    replacing: str | None,
    surroundings: Surroundings,
) -> SignedIn | Wrong | Gone:
    """Open a session by a code for `use`, in place of the one with the token `replacing`.

    It opens the record of `opening`, where that is one of those who have the contact point. A code for somebody
    whom nobody knows, or who has taken the contact point away meanwhile, is gone.
    """
    given = await give_code(tx, code, typed, (use,), surroundings=surroundings)
    if not isinstance(given, Right):
        return given
    channel, index = given.code.channel, given.code.contact_index
    people = await people_with(tx, (channel, index)) if channel and index else ()
    if channel is None or index is None or not people:
        return Gone()
    token = await open_session(
        tx,
        contact=(channel, index),
        recipient=opening if opening in {record.id for record in people} else None,
        replacing=replacing,
        surroundings=surroundings,
    )
    return SignedIn(token=token)
