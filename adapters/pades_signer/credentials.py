"""The certificate that signs, and its key: from a file that somebody was issued, or made here once."""

import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12, serialize_key_and_certificates
from cryptography.x509.oid import NameOID

_RSA_BITS_MIN = 2048
_NAME_LONGEST = 64
# “No well-defined expiration date”, RFC 5280 §4.1.2.5: a certificate that nobody vouches for has nothing to renew.
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class CredentialsError(ValueError):
    """A file holds nothing to sign with; the text is one clause about it, free of what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A PKCS#12 file (RFC 7292) with its password, and what its certificate says.

    `fingerprint` is the hex SHA-256 of its DER form; `is_self_signed`: its holder issued it. `certificate_bytes` counts
    what else is in the file as well.
    """

    pkcs12: bytes = field(repr=False)
    password: bytes | None = field(repr=False)
    holder: str
    fingerprint: str
    is_self_signed: bool
    certificate_bytes: int


def read_credentials(pkcs12: bytes, password: str) -> Credentials:
    """What the file holds: a key, RSA from 2048 bits or ECDSA, and its certificate; else CredentialsError.

    An empty password also stands for none.
    """
    passwords = [password.encode()] if password else [None, b""]
    for given in passwords:
        try:
            found = load_pkcs12(pkcs12, given)
        except ValueError:
            continue
        break
    else:
        raise CredentialsError("is no PKCS#12 file that this password opens")
    key, entry = found.key, found.cert
    if entry is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CredentialsError("must hold one certificate and its RSA or ECDSA key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _RSA_BITS_MIN:
        raise CredentialsError(f"holds an RSA key of less than {_RSA_BITS_MIN} bits")
    certificate = entry.certificate
    if certificate.public_key() != key.public_key():
        raise CredentialsError("holds a key that is not its certificate's")
    encoded = certificate.public_bytes(Encoding.DER)
    others = (each.certificate.public_bytes(Encoding.DER) for each in found.additional_certs)
    return Credentials(
        pkcs12=pkcs12,
        password=given,
        holder=_holder(certificate),
        fingerprint=sha256(encoded).hexdigest(),
        is_self_signed=certificate.issuer == certificate.subject,
        certificate_bytes=len(encoded) + sum(map(len, others)),
    )


def own_credentials(path: Path, *, name: str, now: datetime) -> Credentials:
    """What the file at `path` holds; made at the first time, with a certificate that it signs itself for `name`.

    Of several processes that start at once, all get the same; only its owner can read the file. Raises
    CredentialsError when there is a file that is none, OSError when it cannot be read or written.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep(path, _make(name, now))
    return read_credentials(path.read_bytes(), "")


def _holder(certificate: x509.Certificate) -> str:
    """The common name, else the whole subject (RFC 4514)."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _make(name: str, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_NAME_LONGEST])])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(_NEVER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return serialize_key_and_certificates(None, key, certificate, None, NoEncryption())


def _keep(path: Path, content: bytes) -> None:
    """Put a file there that is whole and durable, unless another process was first."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # unlike a rename, fails when there is one already
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
