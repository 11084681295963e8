"""Checks API keys, remembering good ones for a moment so that a burst does not ask the database each time."""

import asyncio
from hashlib import sha256

from app.domain.access import Caller, Token, parse_token
from app.ports import Surroundings
from app.storage import api_keys
from app.storage.database import Database

REMEMBERED_SECONDS = 2.0
REMEMBERED_MAX = 1024


class Keyring:
    """A revoked key works for at most REMEMBERED_SECONDS more. Refusals are never remembered."""

    def __init__(self, database: Database, surroundings: Surroundings) -> None:
        self._database = database
        self._surroundings = surroundings
        self._remembered: dict[bytes, tuple[float, Caller]] = {}
        self._asking: dict[bytes, asyncio.Task[Caller | None]] = {}

    async def caller(self, token_text: str) -> Caller | None:
        """Who holds this token; None when it is not a live key."""
        remembered_as = sha256(token_text.encode()).digest()
        until, caller = self._remembered.get(remembered_as, (0.0, None))
        if caller is not None and self._surroundings.clock().timestamp() < until:
            return caller
        token = parse_token(token_text)
        return await self._ask(token, remembered_as) if token else None

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
