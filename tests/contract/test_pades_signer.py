"""Who signs PDF documents, with what, and that the signature covers all of it."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12, serialize_key_and_certificates
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature

from adapters.pades_signer import Credentials, CredentialsError, PadesSigner, own_credentials, read_credentials
from adapters.rfc3161_timestamp import Rfc3161Timestamper
from app.ports import NotStamped
from app.rendering.statement_pdf.document import render_statement
from app.rendering.statement_pdf.seal import Seal, Stamp
from tests.doubles.tsa import Authority, Refuse, TsaServer, new_authority
from tests.unit.rendering.statement.stories import delivered

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
PASSWORD = "canary-7421"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def certificate(key: Key, *, name: str = "Court clerk", of: Key | None = None) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Root")])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key((of or key).public_key())
    builder = builder.serial_number(7).not_valid_before(NOW).not_valid_after(NOW.replace(year=2030))
    return builder.sign(key, algorithm)


def pkcs12(key: Key, *, password: str = "", of: Key | None = None) -> bytes:
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return serialize_key_and_certificates(b"x", key, certificate(key, of=of), None, protection)


@pytest.fixture(scope="module")
def document() -> bytes:
    seal = Seal(holder="x", fingerprint="ab" * 32, is_self_signed=True, stamp=Stamp.NONE_ASKED)
    return render_statement(delivered().bundle(), "en", seal)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return own_credentials(tmp_path_factory.mktemp("keys") / "statements.p12", name="awizo, awizo.test", now=NOW)


@pytest.fixture
async def server() -> AsyncIterator[TsaServer]:
    async with TsaServer(new_authority()) as server:
        yield server


def signature_in(document: bytes) -> EmbeddedPdfSignature:
    (signature,) = PdfFileReader(io.BytesIO(document)).embedded_signatures
    return signature


def holds(document: bytes) -> bool:
    """Whether the signature is over all bytes of the document but itself, under the certificate in it."""
    signature = signature_in(document)
    first, length, second, rest = (int(each) for each in signature.byte_range)
    covered = document[first : first + length] + document[second : second + rest]
    whole = first == 0 and second + rest == len(document)
    info = signature.signer_info
    digests = [each["values"][0].native for each in info["signed_attrs"] if each["type"].native == "message_digest"]
    return whole and digests == [sha256(covered).digest()]


async def test_the_document_is_signed_whole_and_stays_as_it_was(document: bytes, credentials: Credentials) -> None:
    signed = await PadesSigner(credentials).sign(document)
    assert signed.startswith(document)
    assert holds(signed)
    assert signature_in(signed).sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert sha256(signature_in(signed).signer_cert.dump()).hexdigest() == credentials.fingerprint


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)])
@pytest.mark.parametrize("password", ["", PASSWORD])
async def test_a_certificate_that_somebody_was_issued_signs(key: Key, password: str, document: bytes) -> None:
    issued = read_credentials(pkcs12(key, password=password), password)
    assert (issued.holder, issued.is_self_signed) == ("Court clerk", False)
    assert PASSWORD not in repr(issued)
    assert holds(await PadesSigner(issued).sign(document))


async def test_the_certificates_of_those_who_issued_it_go_along(document: bytes) -> None:
    key, root_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate(root_key, name="Root")
    file = serialize_key_and_certificates(b"x", key, certificate(key), [root], NoEncryption())
    signed = await PadesSigner(read_credentials(file, "")).sign(document)
    embedded = signature_in(signed).signed_data["certificates"]
    assert {each.chosen.subject.native["common_name"] for each in embedded} == {"Court clerk", "Root"}


@pytest.mark.parametrize(
    ("content", "password", "sentence"),
    [
        (b"no such thing", "", "is no PKCS#12 file that this password opens"),
        (pkcs12(ec.generate_private_key(ec.SECP256R1()), password=PASSWORD), "wrong", "that this password opens"),
        (pkcs12(ec.generate_private_key(ec.SECP256R1()), password=PASSWORD), "", "that this password opens"),
        (pkcs12(ed25519.Ed25519PrivateKey.generate()), "", "must hold one certificate and its RSA or ECDSA key"),
        (pkcs12(rsa.generate_private_key(65537, 1024)), "", "an RSA key of less than 2048 bits"),
    ],
)
def test_a_file_that_cannot_sign_is_refused_in_a_clause(content: bytes, password: str, sentence: str) -> None:
    with pytest.raises(CredentialsError, match=sentence) as caught:
        read_credentials(content, password)
    assert "canary" not in str(caught.value)


def test_the_own_certificate_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "statements.p12"
    first = own_credentials(path, name="awizo, " + "x" * 100, now=NOW)
    assert own_credentials(path, name="another", now=NOW).fingerprint == first.fingerprint
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["statements.p12"]
    assert (first.is_self_signed, len(first.holder)) == (True, 64)
    found = load_pkcs12(path.read_bytes(), None).cert
    assert found is not None
    assert found.certificate.not_valid_after_utc.year == 9999


def test_a_damaged_file_is_no_reason_to_make_another(tmp_path: Path) -> None:
    path = tmp_path / "statements.p12"
    path.write_bytes(b"damaged")
    with pytest.raises(CredentialsError):
        own_credentials(path, name="awizo", now=NOW)
    assert path.read_bytes() == b"damaged"


async def test_a_stamp_is_on_the_signature(document: bytes, credentials: Credentials, server: TsaServer) -> None:
    signer = stamping(credentials, server)
    signed = await signer.sign_and_stamp(document)
    assert isinstance(signed, bytes)
    assert holds(signed)
    info = signature_in(signed).signer_info
    (attribute,) = info["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    token: cms.ContentInfo = attribute["values"][0]
    imprint = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]["hashed_message"].native
    assert imprint == sha256(info["signature"].native).digest()
    await signer.close()


async def test_without_a_stamp_there_is_a_reason_and_no_document(
    document: bytes, credentials: Credentials, server: TsaServer
) -> None:
    signer = stamping(credentials, server)
    server.next(Refuse())
    assert isinstance(await signer.sign_and_stamp(document), NotStamped)
    await signer.close()
    assert isinstance(await PadesSigner(credentials).sign_and_stamp(document), NotStamped)
    assert not PadesSigner(credentials).stamps


def stamping(credentials: Credentials, server: TsaServer) -> PadesSigner:
    authority: Authority = server.authority
    return PadesSigner(
        credentials, timestamper=Rfc3161Timestamper(server.url, ca_certificates=authority.root_pem, timeout_seconds=5.0)
    )
