"""Create an API key."""

import base64
from collections.abc import Collection
from datetime import datetime

from app.domain.access import Scope, format_token, parse_token
from app.ports import Surroundings
from app.storage import api_keys
from app.storage.database import Tx

_ID_BYTES, _SECRET_BYTES = 8, 32


async def create_key(
    tx: Tx,
    *,
    name: str,
    operators: Collection[str],
    scopes: Collection[Scope],
    expires_at: datetime | None,
    surroundings: Surroundings,
) -> str:
    """The whole token of a new key; it can be shown this once, only its hash is kept.

    No operators means all of them, which only an admin key may have. Raises ValueError otherwise.
    """
    if not scopes:
        raise ValueError("a key needs at least one scope")
    if not operators and Scope.ADMIN not in scopes:
        raise ValueError("only an admin key may go without an operator")
    key_id = surroundings.entropy(_ID_BYTES).hex()
    secret = base64.urlsafe_b64encode(surroundings.entropy(_SECRET_BYTES)).rstrip(b"=").decode()
    token = format_token(key_id, secret)
    parsed = parse_token(token)
    assert parsed is not None  # noqa: S101 – our own format
    await api_keys.add(
        tx,
        api_keys.ApiKey(
            id=key_id,
            name=name,
            operators=frozenset(operators) or None,
            scopes=frozenset(scopes),
            secret_hash=parsed.secret_hash,
            created_at=surroundings.clock(),
            expires_at=expires_at,
            revoked_at=None,
        ),
    )
    return token
