"""The public keys of an issuer of tokens: asked for rarely, remembered while the issuer is away."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from jwt import PyJWK, PyJWTError

from app.ports import NoKeys, PublishedKeys, Surroundings, TokenIssuer

FRESH = timedelta(minutes=10)
"""So long keys are used without asking whether they still hold."""

KEPT = timedelta(days=1)
"""So long after the issuer last answered its keys are used: as long as a token may live."""

SPACING = timedelta(seconds=30)
"""From one question to the next at least, whatever tokens come in."""

_KEYS_MAX = 100
_RSA_BITS_MIN, _RSA_BITS_MAX = 2048, 8192
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
# For each type of key and curve, the public members of a JWK (RFC 7518 §6, RFC 8037 §2) and what it can check.
_FAMILIES: Mapping[tuple[object, object], tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        ("RSA", None): (("kty", "n", "e"), _RSA),
        ("EC", "P-256"): (("kty", "crv", "x", "y"), ("ES256",)),
        ("EC", "P-384"): (("kty", "crv", "x", "y"), ("ES384",)),
        ("EC", "P-521"): (("kty", "crv", "x", "y"), ("ES512",)),
        ("OKP", "Ed25519"): (("kty", "crv", "x"), ("EdDSA",)),
    }
)
_log = structlog.get_logger(__name__)

Keys = Mapping[tuple[str, str], PyJWK]
"""By their name and the algorithm that they are for."""


class IssuerKeys:
    """Nothing is asked before the first token comes, and nothing here fails because the issuer does."""

    def __init__(self, issuer: TokenIssuer, surroundings: Surroundings) -> None:
        self._issuer = issuer
        self._surroundings = surroundings
        self._keys: Keys = {}
        self._answered_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._is_away = False
        self._asking: asyncio.Task[None] | None = None

    async def find(self, name: str, algorithm: str) -> PyJWK | None:
        """The key of that name for that algorithm; None when the issuer publishes none, or is away for too long.

        An unknown name makes us ask, but only if SPACING has passed since we last did.
        """
        known = self._known(name, algorithm)
        if known is None or not self._is_within(FRESH, self._answered_at):
            asking = self._ask()
            # While the issuer is away, whoever has a key that we know need not wait for what it will answer.
            if asking is not None and (known is None or not self._is_away):
                await asyncio.shield(asking)
        return self._known(name, algorithm)

    async def close(self) -> None:
        """Stop asking, and close the connections to the issuer."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._issuer.close()

    def _known(self, name: str, algorithm: str) -> PyJWK | None:
        return self._keys.get((name, algorithm)) if self._is_within(KEPT, self._answered_at) else None

    def _is_within(self, span: timedelta, since: datetime | None) -> bool:
        """Whether less than `span` has passed; a clock that was set back tells nothing."""
        return since is not None and timedelta(0) <= self._surroundings.clock() - since < span

    def _ask(self) -> asyncio.Task[None] | None:
        """The question that is under way, a new one if one may be put, or None."""
        if self._asking is None and not self._is_within(SPACING, self._asked_at):
            self._asked_at = self._surroundings.clock()
            self._asking = asyncio.create_task(self._fetch())
            self._asking.add_done_callback(lambda _: self._forget_question())
        return self._asking

    def _forget_question(self) -> None:
        self._asking = None

    async def _fetch(self) -> None:
        match await self._issuer.published_keys():
            case NoKeys(reason=reason):
                self._is_away = True
                _log.warning("token_issuer_away", because=reason)
            case PublishedKeys(keys=published):
                self._keys, self._is_away = usable_keys(published), False
                self._answered_at = self._surroundings.clock()
                if not self._keys:
                    _log.warning("token_issuer_without_keys", published=len(published))


def usable_keys(published: tuple[Mapping[str, object], ...]) -> Keys:
    """Those of an issuer's JWKs that can check signatures as we ask for them; the first of a name counts.

    Left out: symmetric and private keys, keys for encryption, without a name, of other curves, and RSA keys of less
    than 2048 bits.
    """
    found: dict[tuple[str, str], PyJWK] = {}
    for jwk in published[:_KEYS_MAX]:
        name = jwk.get("kid")
        if isinstance(name, str) and _is_for_signatures(jwk):
            for key in _readings(jwk):
                found.setdefault((name, key.algorithm_name), key)
    return found


def _is_for_signatures(jwk: Mapping[str, object]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    is_public = not {"d", "k"} & jwk.keys()  # a private key that was published is anybody's
    return is_public and jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _readings(jwk: Mapping[str, object]) -> Iterator[PyJWK]:
    """The key for each algorithm that it is for: the one that it names, else all of its type."""
    kind, curve = jwk.get("kty"), jwk.get("crv")
    family = _FAMILIES.get((kind, curve)) if isinstance(kind, str) and isinstance(curve, str | None) else None
    if family is None:
        return
    members, algorithms = family
    public = {member: jwk.get(member) for member in members}
    if not all(isinstance(value, str) for value in public.values()):
        return
    for algorithm in algorithms:
        if jwk.get("alg", algorithm) != algorithm:
            continue
        try:
            key = PyJWK(public, algorithm)
        except (PyJWTError, ValueError):  # PyJWT lets some faults of base64 and of curves through as they are
            return
        if kind != "RSA" or _RSA_BITS_MIN <= key.key.key_size <= _RSA_BITS_MAX:
            yield key
