"""How often a key may be tried on a page with a wrong secret.

A secret has 256 bits, so nobody guesses one; the limit keeps a program that tries from asking the database for ever,
and is counted there, so that no restart and no other process forgets it. Whoever knows a key's public id can use it up:
then the key cannot open a session on a page for the rest of the hour, and still works where it is presented by itself.

Only tries of keys that there are count, live or not: made-up ids have no end, and each would be a row that a stranger
writes. That such an id is one shows in a 429; it is no secret.
"""

from datetime import datetime, timedelta

from app.domain.access import parse_token
from app.domain.pumping import Limit
from app.storage import api_keys, quotas
from app.storage.database import Database

WRONG_SECRETS_MAX = 20


async def may_try(database: Database, credentials: str, *, now: datetime) -> bool:
    """Whether these credentials, right or wrong, are looked at; what is no key `awz_…` always is."""
    limit = _limit(credentials)
    if limit is None:
        return True
    async with database.read() as tx:
        return not await quotas.used_up(tx, limit, now=now)


async def note_failure(database: Database, credentials: str, *, now: datetime) -> None:
    """Count that the credentials were wrong; of what names no key nothing is kept."""
    token, limit = parse_token(credentials), _limit(credentials)
    if token is None or limit is None:
        return
    async with database.read() as tx:
        is_key = await api_keys.exists(tx, token.key_id)
    if is_key:
        await database.transact(lambda tx: quotas.take(tx, [limit], now=now))


def _limit(credentials: str) -> Limit | None:
    token = parse_token(credentials)
    if token is None:
        return None
    return Limit(about=("sign-in", token.key_id), most=WRONG_SECRETS_MAX, per=timedelta(hours=1))
