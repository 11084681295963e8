"""How often a key may be tried on a page with a wrong secret.

A secret has 256 bits, so nobody guesses one; the limit keeps a program that tries from asking the database for ever,
and is counted there, so that no restart and no other process forgets it. Whoever knows a key's public id can use it up:
then the key cannot open a session on a page for the rest of the hour, and still works where it is presented by itself.
"""

from datetime import datetime, timedelta

from app.domain.access import parse_token
from app.domain.pumping import Limit
from app.storage import quotas
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
    """Count that the credentials were wrong."""
    limit = _limit(credentials)
    if limit is not None:
        await database.transact(lambda tx: quotas.take(tx, [limit], now=now))


def _limit(credentials: str) -> Limit | None:
    token = parse_token(credentials)
    if token is None:
        return None
    return Limit(about=("sign-in", token.key_id), most=WRONG_SECRETS_MAX, per=timedelta(hours=1))
