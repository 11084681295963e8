"""API keys: never the secret, only its hash."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.domain.access import Caller, Scope, Token
from app.storage.database import Tx
from app.storage.tables import api_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as listed. `operators` is None for all."""

    id: str
    name: str
    operators: frozenset[str] | None
    scopes: frozenset[Scope]
    secret_hash: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def add(tx: Tx, key: ApiKey) -> None:
    """Keep a new key."""
    await tx.execute(
        insert(api_keys).values(
            id=key.id,
            name=key.name,
            operators=None if key.operators is None else _joined(key.operators),
            scopes=_joined(key.scopes),
            secret_hash=key.secret_hash,
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
    )


async def caller(tx: Tx, token: Token, *, now: datetime) -> Caller | None:
    """Who holds this token; None when the key is unknown, expired or revoked, or the secret is wrong."""
    row = (await tx.execute(select(api_keys).where(api_keys.c.id == token.key_id))).one_or_none()
    known = row.secret_hash if row else bytes(32)
    if not hmac.compare_digest(known, token.secret_hash) or row is None:
        return None
    key = _key(row)
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return None
    return Caller(key_id=key.id, scopes=key.scopes, operators=key.operators, expires_at=key.expires_at)


async def exists(tx: Tx, key_id: str) -> bool:
    """Whether there is such a key, live or not."""
    return (await tx.execute(select(api_keys.c.id).where(api_keys.c.id == key_id))).one_or_none() is not None


async def all_keys(tx: Tx) -> list[ApiKey]:
    """Every key, the oldest first."""
    return [_key(row) for row in await tx.execute(select(api_keys).order_by(api_keys.c.created_at))]


async def revoke(tx: Tx, key_id: str, *, now: datetime) -> bool:
    """End a key; False when there is no such live key."""
    statement = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
    return bool((await tx.execute(statement)).rowcount)


def _joined(values: Iterable[str]) -> str:
    return "\n".join(sorted(values))


def _key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        operators=None if row.operators is None else frozenset(row.operators.split("\n")),
        scopes=frozenset(Scope(scope) for scope in row.scopes.split("\n")),
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
