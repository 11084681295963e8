"""A time stamping authority (RFC 3161) whose certificates and behaviour are made for one test."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Self

from asn1crypto import cms, tsp
from asn1crypto import x509 as der_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.doubles.connections import Connections

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # where the tests' clock begins, in Warsaw
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Root and signing certificate (both DER) of an authority, and the key it signs with."""

    root: bytes
    leaf: bytes
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def root_pem(self) -> bytes:
        return _pem(self.root)

    @property
    def leaf_pem(self) -> bytes:
        return _pem(self.leaf)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def token(self, info: tsp.TSTInfo, certificates: tuple[bytes, ...]) -> cms.ContentInfo:
        """The signed token over `info` (RFC 3161 §2.4.2, RFC 5816)."""
        content = info.dump()
        certificate = sha256(self.leaf).digest()
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [sha256(content).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [{"cert_hash": certificate}]})],
                },
            ]
        )
        leaf = der_x509.Certificate.load(self.leaf)
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {"issuer_and_serial_number": {"issuer": leaf.issuer, "serial_number": leaf.serial_number}}
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        signed: dict[str, Any] = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
            "signer_infos": [signer],
        }
        if certificates:
            signed["certificates"] = [
                cms.CertificateChoices("certificate", der_x509.Certificate.load(item)) for item in certificates
            ]
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})


def new_authority(name: str = "Time", *, days: int = 3650, begin: datetime = _BEGIN) -> Authority:
    """An authority whose signing certificate holds for `days` from `begin`, under a root of its own."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _name(f"{name} Root"), _name(name)
    root = (
        _certificate(issuer, issuer, root_key.public_key(), days=7300, begin=_BEGIN)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(subject, issuer, key.public_key(), days=days, begin=begin)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        # By name alone OpenSSL would take any root called the same for the issuer.
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    encoding = serialization.Encoding.DER
    return Authority(root=root.public_bytes(encoding), leaf=leaf.public_bytes(encoding), key=key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int, begin: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=days))


def _pem(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A stamp at `at`, by default as it was asked for; every field is one way of getting it wrong."""

    at: datetime = NOON
    imprint: bytes | None = None
    algorithm: str = "sha256"
    nonce: int | None = None
    with_nonce: bool = True
    certificates: tuple[bytes, ...] | None = None  # in this order, sorted or not
    status: str = "granted"
    damage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """A response without a token (RFC 3161 §2.4.2)."""

    status: str = "rejection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Any HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Takes the request and never answers; with `dripping`, one byte at a time and never to the end."""

    dripping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The TimeStampResp that something else gives to the TimeStampReq (both DER)."""

    respond: Callable[[bytes], bytes]


Behaviour = Grant | Refuse | Answer | Hang | Relay


def respond(authority: Authority, request: bytes, behaviour: Grant | Refuse, *, serial: int = 1) -> bytes:
    """The TimeStampResp (DER) to a TimeStampReq (DER)."""
    if isinstance(behaviour, Refuse):
        status: bytes = tsp.PKIStatusInfo({"status": behaviour.status}).dump()
        return bytes([0x30, len(status)]) + status  # asn1crypto has no response without a token
    asked = tsp.TimeStampReq.load(request)
    imprint = behaviour.imprint or asked["message_imprint"]["hashed_message"].native
    said: dict[str, Any] = {
        "version": "v1",
        "policy": "1.3.6.1.4.1.32473.1",  # of the arc for examples, RFC 5612
        "message_imprint": {"hash_algorithm": {"algorithm": behaviour.algorithm}, "hashed_message": imprint},
        "serial_number": serial,
        "gen_time": behaviour.at,
    }
    if behaviour.with_nonce:
        said["nonce"] = asked["nonce"].native if behaviour.nonce is None else behaviour.nonce
    given = (authority.leaf, authority.root) if behaviour.certificates is None else behaviour.certificates
    token = authority.token(tsp.TSTInfo(said), given)
    response: bytes = tsp.TimeStampResp({"status": {"status": behaviour.status}, "time_stamp_token": token}).dump()
    response = response.replace(b"".join(sorted(given)), b"".join(given))
    return response[:-1] + bytes([response[-1] ^ 1]) if behaviour.damage else response


class TsaServer:
    """Answers time stamp queries over HTTP; an async context manager. `requests` holds each query (DER)."""

    def __init__(self, authority: Authority, *, tls: ssl.SSLContext | None = None) -> None:
        self.authority = authority
        self.behave: Callable[[], Behaviour] = Grant
        self.requests: list[bytes] = []
        self.heads: list[str] = []
        self._scheme = "https" if tls else "http"
        self._connections = Connections(self._serve, tls=tls)

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.__aexit__()

    @property
    def url(self) -> str:
        """For `AWIZO_TSA_URL`."""
        return f"{self._scheme}://127.0.0.1:{self._connections.port}/tsr"

    def next(self, *behaviours: Behaviour) -> None:
        """Behaves like this for the coming requests, in this order, and grants afterwards."""
        queue = deque(behaviours)
        self.behave = lambda: queue.popleft() if queue else Grant()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in head.split("\r\n"))}
            body = await reader.readexactly(int(headers["content-length"]))
            self.heads.append(head)
            self.requests.append(body)
            await self._answer(body, writer)

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        match self.behave():
            case Answer() as answer:
                writer.write(_http(answer))
            case Hang(dripping=dripping):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" if dripping else b"")
                while True:
                    writer.write(b"0" if dripping else b"")
                    await asyncio.sleep(0.02)
            case Grant() | Refuse() as behaviour:
                writer.write(_reply(respond(self.authority, request, behaviour, serial=len(self.requests))))
            case Relay() as relay:
                writer.write(_reply(relay.respond(request)))
        await writer.drain()


def _reply(response: bytes) -> bytes:
    return _http(Answer(body=response, headers={"Content-Type": "application/timestamp-reply"}))


def _http(answer: Answer) -> bytes:
    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Status", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body
