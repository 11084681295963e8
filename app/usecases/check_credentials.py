"""Who is calling: the one place where what a caller presents becomes a Caller, for the API and for pages alike."""

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

from app.domain.access import Caller, Token, parse_token
from app.ports import Surroundings
from app.storage import api_keys
from app.storage.database import Database

if TYPE_CHECKING:
    from app.usecases.check_token import AccessTokens

REMEMBERED_SECONDS = 2.0
REMEMBERED_MAX = 1024


class Keyring:
    """Checks what callers present.

    Good keys are remembered for a moment, so that a burst does not ask the database each time: a revoked one works for
    at most REMEMBERED_SECONDS more. Refusals are never remembered. Without `tokens` nobody's access tokens count.
    """

    def __init__(self, database: Database, surroundings: Surroundings, tokens: "AccessTokens | None" = None) -> None:
        self._database = database
        self._surroundings = surroundings
        self._tokens = tokens
        self._remembered: dict[bytes, tuple[float, Caller]] = {}
        self._asking: dict[bytes, asyncio.Task[Caller | None]] = {}

    async def caller(self, credentials: str) -> Caller | None:
        """Who presents these credentials, a key `awz_…` or an access token; None when they are not live for any cause.

        `credentials` is what follows `Bearer` in a header, or what was pasted into a form; it may be any text.
        """
        remembered_as = sha256(credentials.encode(errors="surrogatepass")).digest()
        until, caller = self._remembered.get(remembered_as, (0.0, None))
        now = self._surroundings.clock()
        if caller is not None and now.timestamp() < until and not caller.has_ended(now):
            return caller
        token = parse_token(credentials)
        if token is not None:
            return await self._ask(token, remembered_as)
        return await self._tokens.caller(credentials) if self._tokens is not None else None

    async def _ask(self, token: Token, remembered_as: bytes) -> Caller | None:
        """Ask the database, once for all who wait for the same answer."""
        asking = self._asking.get(remembered_as)
        if asking is None:
            asking = self._asking[remembered_as] = asyncio.create_task(self._look_up(token, remembered_as))
            asking.add_done_callback(lambda _: self._asking.pop(remembered_as))
        return await asyncio.shield(asking)  # one of them may go away, the others still wait

    async def _look_up(self, token: Token, remembered_as: bytes) -> Caller | None:
        now = self._surroundings.clock()
        async with self._database.read() as tx:
            caller = await api_keys.caller(tx, token, now=now)
        if caller is None:
            self._remembered.pop(remembered_as, None)
            return None
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[remembered_as] = (now.timestamp() + REMEMBERED_SECONDS, caller)
        return caller
