"""Somebody gives a one-time code back: counted before it is looked at, and good for one time only."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.domain.one_time_code import TRIES_MAX, Use, as_typed
from app.ports import Surroundings
from app.storage import codes as code_store
from app.storage.codes import Code
from app.storage.database import Tx
from app.usecases.reverify_contacts import prove_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """It was that code, which is spent now. It was sent to the `contact` of its `recipient`: both are known."""

    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """It was another one. After the last of the `tries_left`, even the right one is worthless."""

    tries_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """There is no such code for that use, or it holds no more: it was used, guessed at too often, or is too old."""


GivenCode = Right | Wrong | Gone


async def give_code(tx: Tx, code: UUID, typed: str, uses: Iterable[Use], *, surroundings: Surroundings) -> GivenCode:
    """Compare what somebody `typed` with the code of that id, which must be for one of `uses`, and spend it if right.

    Who signs in by it has confirmed the contact point once more, if that was due. The outcome is to be committed,
    whichever it is: the try that it took counts in the database, for every process and after every restart. A code
    that was sent to nobody is answered like any other, and is never right.
    """
    now = surroundings.clock()
    tried = await code_store.take_try(tx, code, uses, now=now)
    if tried is None:
        return Gone()
    reads = code_store.reading(tx.vault, code)
    is_it = hmac.compare_digest(as_typed(typed).encode("utf-8", "replace"), reads.encode())
    if is_it and tried.recipient is not None and await code_store.use(tx, code, now=now):
        if tried.use is not Use.CONFIRM:
            await prove_again(tx, tried, surroundings=surroundings)
        return Right(code=tried)
    return Wrong(tries_left=TRIES_MAX - tried.tries)
