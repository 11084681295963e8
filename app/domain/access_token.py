"""Access tokens of an OAuth 2.0 issuer as JWTs (RFC 9068): which are worth a look, and what their claims let one do.

Nothing here checks a signature: `read_header` says which key to check it with, and only then are claims to be read.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NoReturn

from app.domain.access import Caller, Scope
from app.domain.names import is_name

TOKEN_MAX = 8192
"""Characters of a token at most."""

LEEWAY = timedelta(seconds=30)
"""By so much the clocks of the issuer and ours may differ."""

LIFETIME_MAX = timedelta(days=1)
"""From `iat` to `exp` at most: nobody can revoke a token here, so it has to end by itself."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Who checks a signature of one of these cannot make one: `none` and HMAC are not among them (RFC 8725 §3.1)."""

ALL_OPERATORS = "*"
"""In the claim `awizo_operators` of somebody with the scope `admin`: acts for all of them."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
_TYPES = ("at+jwt", "application/at+jwt")
# A key or an address of one that the token brings itself, and what changes how the token is to be read.
_REFUSED_PARAMETERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})
_KEY_NAME_MAX = 255
_SUBJECT_MAX = 255
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_ACTOR_DIGITS = 24  # with its prefix within the 32 characters that Caller.key_id may have


class Refusal(StrEnum):
    """Why a token is worth nothing. For whoever runs the service; who presents the token is not told."""

    FORM = "form"
    TYPE = "type"
    ALGORITHM = "algorithm"
    HEADER = "header"
    KEY = "key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    TIME = "time"
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHeader:
    """Which key a token says that it was signed with, and how."""

    key_name: str
    algorithm: str


def read_header(token: str) -> TokenHeader | Refusal:
    """What is to be looked up before the signature of `token` (JWS compact serialization, RFC 7515 §7.1) is checked.

    Its `typ` is that of access tokens, so that an ID token of the same issuer is none (RFC 9068 §4); its `kid` is
    needed. A token that brings its own key or the address of one is refused.
    """
    if len(token) > TOKEN_MAX or _COMPACT.match(token) is None:
        return Refusal.FORM
    header = _read_object(_decoded(token.partition(".")[0]))
    if header is None:
        return Refusal.FORM
    kind, algorithm, name = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return Refusal.ALGORITHM
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        return Refusal.TYPE
    if not isinstance(name, str) or not 0 < len(name) <= _KEY_NAME_MAX or _REFUSED_PARAMETERS & header.keys():
        return Refusal.HEADER
    return TokenHeader(key_name=name, algorithm=algorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Whose tokens count, and what they must be meant for; both are compared character by character."""

    issuer: str
    audience: str


def read_claims(payload: bytes, expected: Expected, *, now: datetime) -> Caller | Refusal:
    """Who presents a token with this payload, whose signature was checked; `expires_at` is its `exp`.

    `iss`, `aud`, `exp`, `iat` and `sub` or `client_id` are needed. Scopes are those of `scope` (RFC 9068 §2.2.3), or
    else of `scp`; what is none of ours means nothing. Operators are those of `awizo_operators`; without it, none.
    """
    claims = _read_object(payload)
    if claims is None:
        return Refusal.CLAIMS
    span, scopes, operators, subject = _span(claims), _scopes(claims), _operators(claims), _subject(claims)
    if span is None or scopes is None or operators is None or subject is None:
        return Refusal.CLAIMS
    if (refusal := _meant_for_others(claims, expected) or span.refused_at(now)) is not None:
        return refusal
    acts_for_all = ALL_OPERATORS in operators and Scope.ADMIN in scopes
    return Caller(
        key_id=actor_of(expected.issuer, subject),
        scopes=scopes,
        operators=None if acts_for_all else operators - {ALL_OPERATORS},
        expires_at=span.ends_at,
    )


def actor_of(issuer: str, subject: str) -> str:
    """The name in facts of who has that `sub` (or else `client_id`) at that issuer: `oidc:` and 24 hex digits.

    No API key's id looks like it. Who knows a subject can compute it; nobody reads the subject from it.
    """
    digest = sha256(f"{issuer}\n{subject}".encode())
    return f"oidc:{digest.hexdigest()[:_ACTOR_DIGITS]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    issued_at: datetime
    starts_at: datetime
    ends_at: datetime

    def refused_at(self, now: datetime) -> Refusal | None:
        if self.ends_at <= now - LEEWAY or max(self.issued_at, self.starts_at) > now + LEEWAY:
            return Refusal.TIME
        return Refusal.LIFETIME if self.ends_at - self.issued_at > LIFETIME_MAX else None


def _meant_for_others(claims: Mapping[str, object], expected: Expected) -> Refusal | None:
    if claims.get("iss") != expected.issuer:
        return Refusal.ISSUER
    audiences = _texts(claims.get("aud"), or_one=True)
    return Refusal.AUDIENCE if audiences is None or expected.audience not in audiences else None


def _span(claims: Mapping[str, object]) -> _Span | None:
    issued_at, ends_at = _time(claims.get("iat")), _time(claims.get("exp"))
    starts_at = _time(claims["nbf"]) if "nbf" in claims else issued_at
    if issued_at is None or starts_at is None or ends_at is None:
        return None
    return _Span(issued_at=issued_at, starts_at=starts_at, ends_at=ends_at)


def _time(value: object) -> datetime | None:
    """A NumericDate (RFC 7519 §2)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _scopes(claims: Mapping[str, object]) -> frozenset[Scope] | None:
    given = claims.get("scope") if "scope" in claims else claims.get("scp", "")
    words = given.split(" ") if isinstance(given, str) else _texts(given) if "scope" not in claims else None
    return None if words is None else frozenset(Scope(word) for word in words if word in list(Scope))


def _operators(claims: Mapping[str, object]) -> frozenset[str] | None:
    names = _texts(claims.get("awizo_operators", []))
    if names is None or not all(name == ALL_OPERATORS or is_name(name) for name in names):
        return None
    return frozenset(names)


def _subject(claims: Mapping[str, object]) -> str | None:
    subject = claims["sub"] if "sub" in claims else claims.get("client_id")
    return subject if isinstance(subject, str) and 0 < len(subject) <= _SUBJECT_MAX and _is_unicode(subject) else None


def _is_unicode(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which JSON can escape and no bytes can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _texts(value: object, *, or_one: bool = False) -> Sequence[str] | None:
    """A list of strings, or one string alone where that is the same."""
    if isinstance(value, str) and or_one:
        return [value]
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        return b""


def _read_object(data: bytes) -> dict[str, object] | None:
    """A JSON object in UTF-8 that says nothing twice: readers differ about which of the two counts (RFC 8725 §3.1)."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _no_number(_text: str) -> NoReturn:
    raise ValueError
