"""Signatures of access tokens: by which keys, and by what an attacker would rather have them checked."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from structlog.testing import capture_logs

from app.domain.access import Scope
from app.domain.access_token import ALGORITHMS, Refusal
from app.ports import Surroundings
from app.usecases.check_token import AccessTokens
from tests.conftest import TestClock
from tests.doubles.issuer import ScriptedIssuer
from tests.tokens import AUDIENCE, Key, base64url, claims, header, key, token

SIGNER, RSA = key("key-1"), key("key-r", "RS256")


@pytest.fixture
def tokens(surroundings: Surroundings) -> AccessTokens:
    issuer = ScriptedIssuer(SIGNER, RSA)
    return AccessTokens(issuer, audience=AUDIENCE, surroundings=surroundings)


@pytest.fixture
def good(clock: TestClock) -> dict[str, object]:
    return claims("events:write", now=clock.now, operators=["inpost"])


async def refusal_of(tokens: AccessTokens, presented: str) -> str:
    with capture_logs() as logs:
        assert await tokens.caller(presented) is None
    (entry,) = logs
    assert entry.keys() == {"event", "because", "log_level"}
    return str(entry["because"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_signed_by_the_issuer_names_its_caller(
    algorithm: str, surroundings: Surroundings, good: dict[str, object]
) -> None:
    private = RSA.private if algorithm[0] in "RP" else key("k", algorithm).private
    signer = Key(name="k", algorithm=algorithm, private=private)
    tokens = AccessTokens(ScriptedIssuer(signer), audience=AUDIENCE, surroundings=surroundings)
    caller = await tokens.caller(token(signer, good))
    assert caller is not None
    assert caller.scopes == {Scope.EVENTS_WRITE}
    assert caller.operators == frozenset({"inpost"})


async def test_a_signature_by_another_key_of_that_name_is_refused(
    tokens: AccessTokens, good: dict[str, object]
) -> None:
    stranger = Key(name=SIGNER.name, algorithm="ES256", private=key("stranger").private)
    assert await refusal_of(tokens, token(stranger, good)) == Refusal.SIGNATURE


async def test_a_key_that_the_issuer_does_not_publish_is_refused(tokens: AccessTokens, good: dict[str, object]) -> None:
    assert await refusal_of(tokens, token(key("stranger"), good)) == Refusal.KEY


@pytest.mark.parametrize("algorithm", ["ES384", "RS256", "PS256", "EdDSA"])
async def test_a_key_is_for_its_own_algorithm_only(
    tokens: AccessTokens, good: dict[str, object], algorithm: str
) -> None:
    assert await refusal_of(tokens, token(SIGNER, good, header(SIGNER, alg=algorithm))) == Refusal.KEY


async def test_a_token_without_signature_is_refused(tokens: AccessTokens, good: dict[str, object]) -> None:
    for algorithm in ("none", "None", "nOnE", ""):
        head = base64url(json.dumps(header(SIGNER, alg=algorithm)).encode())
        body = base64url(json.dumps(good).encode())
        assert await refusal_of(tokens, f"{head}.{body}.") == Refusal.FORM
        assert await refusal_of(tokens, f"{head}.{body}.AAAA") == Refusal.ALGORITHM


def public_texts() -> Iterator[bytes]:
    """Every form in which somebody could take the public key for an HMAC secret."""
    for each in (SIGNER, RSA):
        public = each.private.public_key()
        for encoding in (Encoding.PEM, Encoding.DER):
            yield public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        yield json.dumps(each.jwk()).encode()
        yield base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    yield b""


async def test_the_public_key_is_no_secret_to_sign_with(tokens: AccessTokens, good: dict[str, object]) -> None:
    for name in (SIGNER.name, RSA.name):
        for secret in public_texts():
            signed = ".".join(
                base64url(json.dumps(part).encode()) for part in (header(SIGNER, alg="HS256", kid=name), good)
            )
            forged = f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
            assert await refusal_of(tokens, forged) == Refusal.ALGORITHM


async def test_a_token_that_was_changed_after_signing_is_refused(tokens: AccessTokens, good: dict[str, object]) -> None:
    head, body, signature = token(SIGNER, good).split(".")
    more = base64url(json.dumps({**good, "scope": "admin", "awizo_operators": ["*"]}).encode())
    other_head = base64url(json.dumps({**header(SIGNER), "cty": "JWT"}).encode())
    for changed in (
        f"{head}.{more}.{signature}",
        f"{other_head}.{body}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{body}.{base64url(bytes(64))}",
        f"{head}.{body}.{base64url(SIGNER.private.sign(f'{head}.{body}'.encode(), ec.ECDSA(SHA256())))}",
    ):
        assert await refusal_of(tokens, changed) == Refusal.SIGNATURE


async def test_another_spelling_of_the_same_signature_is_refused(tokens: AccessTokens, good: dict[str, object]) -> None:
    """The last digit of base64url has bits that mean nothing; were they free, one token would be several texts."""
    signed = token(SIGNER, good)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signed[:-1] + digits[digits.index(signed[-1]) ^ 1]
    assert await refusal_of(tokens, other) == Refusal.SIGNATURE


async def test_claims_are_read_only_under_a_good_signature(tokens: AccessTokens, clock: TestClock) -> None:
    expired = claims("admin", now=clock.now - timedelta(days=3))
    stranger = Key(name=SIGNER.name, algorithm="ES256", private=key("stranger").private)
    assert await refusal_of(tokens, token(stranger, expired)) == Refusal.SIGNATURE
    assert await refusal_of(tokens, token(SIGNER, expired)) == Refusal.TIME


async def test_a_token_ends_when_it_says(tokens: AccessTokens, good: dict[str, object], clock: TestClock) -> None:
    presented = token(SIGNER, good)
    assert await tokens.caller(presented) is not None
    clock.forward(minutes=6)
    assert await refusal_of(tokens, presented) == Refusal.TIME


async def test_no_part_of_a_refused_token_is_logged(tokens: AccessTokens, clock: TestClock) -> None:
    marked = claims("events:write", now=clock.now, aud="canary", sub="canary", jti="canary")
    with capture_logs() as logs:
        await tokens.caller(token(SIGNER, marked, header(SIGNER, cty="canary")))
        await tokens.caller("canary")
    assert len(logs) == 2
    assert "canary" not in str(logs)


async def test_an_issuer_that_is_away_makes_nobody_a_caller(
    surroundings: Surroundings, good: dict[str, object]
) -> None:
    issuer = ScriptedIssuer()
    issuer.keys = None
    tokens = AccessTokens(issuer, audience=AUDIENCE, surroundings=surroundings)
    with capture_logs() as logs:
        assert await tokens.caller(token(SIGNER, good)) is None
    assert [entry["event"] for entry in logs] == ["token_issuer_away", "access_refused"]
