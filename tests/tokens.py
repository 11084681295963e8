"""Access tokens and the keys that sign them, made by hand, so that anything can be wrong with them."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

ISSUER = "https://id.example.org/realms/post"
AUDIENCE = "https://awizo.test"
SUBJECT = "5f0c6a2e-8d5e-4a3b-9c55-3f0f3ad1b0b7"

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES: dict[str, tuple[ec.EllipticCurve, str, int]] = {
    "ES256": (ec.SECP256R1(), "P-256", 32),
    "ES384": (ec.SECP384R1(), "P-384", 48),
    "ES512": (ec.SECP521R1(), "P-521", 66),
    "ES256K": (ec.SECP256K1(), "secp256k1", 32),
}


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A private key of an issuer, for one algorithm."""

    name: str
    algorithm: str
    private: Any = field(repr=False)

    def jwk(self, **changes: object) -> dict[str, object]:
        """What the issuer publishes of it; a change to None leaves that member out."""
        members = {"kid": self.name, "use": "sig", "alg": self.algorithm, **_public_members(self)} | changes
        return {name: value for name, value in members.items() if value is not None}

    def sign(self, message: bytes, algorithm: str | None = None) -> bytes:
        algorithm = algorithm or self.algorithm
        if algorithm == "EdDSA":
            return bytes(self.private.sign(message))
        digest = _HASHES[algorithm[2:5]]
        match algorithm[:2]:
            case "RS":
                return bytes(self.private.sign(message, padding.PKCS1v15(), digest))
            case "PS":
                salted = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
                return bytes(self.private.sign(message, salted, digest))
            case _:
                numbers = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(digest)))
                return b"".join(number.to_bytes(_CURVES[self.algorithm][2]) for number in numbers)


@cache
def key(name: str = "key-1", algorithm: str = "ES256", *, bits: int = 2048) -> Key:
    """The key of that name, the same each time."""
    return Key(name=name, algorithm=algorithm, private=_private(algorithm, bits))


def _private(algorithm: str, bits: int) -> Any:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm][0])
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _public_members(key: Key) -> dict[str, object]:
    public = key.private.public_key()
    if key.algorithm == "EdDSA":
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(public.public_bytes_raw())}
    numbers = public.public_numbers()
    if key.algorithm in _CURVES:
        _, curve, size = _CURVES[key.algorithm]
        x, y = base64url(numbers.x.to_bytes(size)), base64url(numbers.y.to_bytes(size))
        return {"kty": "EC", "crv": curve, "x": x, "y": y}
    return {"kty": "RSA", "n": base64url(numbers.n.to_bytes(public.key_size // 8)), "e": "AQAB"}


def claims(*scopes: str, now: datetime, operators: Sequence[str] | None = None, **changes: object) -> dict[str, object]:
    """The claims of a token for a client with these scopes, good for five minutes; a change to None leaves one out."""
    members = {
        "iss": ISSUER,
        "aud": [AUDIENCE, "account"],
        "sub": SUBJECT,
        "client_id": "sorting-centre",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
        "jti": "d5b5c1a0",
        "scope": " ".join(("profile", *scopes)),
        "awizo_operators": operators,
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def header(key: Key, **changes: object) -> dict[str, object]:
    members = {"typ": "at+jwt", "alg": key.algorithm, "kid": key.name} | changes
    return {name: value for name, value in members.items() if value is not None}


def token(key: Key, claims: Mapping[str, object] | bytes, header_: Mapping[str, object] | bytes | None = None) -> str:
    """Signed as the key signs, whatever the header says."""
    parts = [header(key) if header_ is None else header_, claims]
    texts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
    signed = ".".join(base64url(text) for text in texts)
    return f"{signed}.{base64url(key.sign(signed.encode()))}"
