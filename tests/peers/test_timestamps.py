"""Time stamps between us and OpenSSL: its authority stamps for us, and its verifier reads what we keep and publish."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from adapters.rfc3161_timestamp import Rfc3161Timestamper
from app import cli
from app.domain.time_stamp import TimeStampError, read_time_stamp
from app.evidence.bundle import Timestamp
from app.merkle.note import parse_note
from app.ports import NotStamped, Stamped
from tests.doubles.tsa import NOON, Relay, TsaServer, new_authority
from tests.unit.evidence.builder import ORIGIN, delivered_log

pytestmark = pytest.mark.peers

AUTHORITY = new_authority(begin=datetime.now(UTC) - timedelta(days=1))
ROOTS = x509.load_pem_x509_certificates(AUTHORITY.root_pem)
TEXT = b"awizo.test/log/2026h2\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
CONFIGURATION = """\
[tsa]
default_tsa = here
[here]
serial = {directory}/serial
signer_cert = {directory}/leaf.pem
signer_key = {directory}/key.pem
certs = {directory}/{certificates}
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = {digests}
clock_precision_digits = {digits}
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
"""

Openssl = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def openssl() -> Openssl:
    program = shutil.which("openssl")
    if program is None:
        pytest.fail("OpenSSL is missing: on Debian, apt-get install openssl")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([program, *map(str, arguments)], capture_output=True, check=False)

    return run


@pytest.fixture
def authority_of(openssl: Openssl, tmp_path: Path) -> Callable[..., Relay]:
    """`openssl ts -reply`, set up as the arguments say."""
    files = {
        "leaf.pem": AUTHORITY.leaf_pem,
        "root.pem": AUTHORITY.root_pem,
        "both.pem": AUTHORITY.root_pem + AUTHORITY.leaf_pem,
        "key.pem": AUTHORITY.key_pem,
        "serial": b"01\n",
        "text": TEXT,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def set_up(*, certificates: str = "root.pem", digests: str = "sha256", digits: int = 0) -> Relay:
        configuration = tmp_path / "tsa.cnf"
        configuration.write_text(
            CONFIGURATION.format(directory=tmp_path, certificates=certificates, digests=digests, digits=digits)
        )

        def respond(query: bytes) -> bytes:
            (tmp_path / "query").write_bytes(query)
            made = openssl(
                "ts", "-reply", "-config", configuration, "-queryfile", tmp_path / "query", "-out", tmp_path / "answer"
            )
            assert made.returncode == 0, made.stderr
            return (tmp_path / "answer").read_bytes()

        return Relay(respond=respond)

    return set_up


@pytest.fixture
async def server() -> AsyncIterator[TsaServer]:
    async with TsaServer(AUTHORITY) as server:
        yield server


async def stamp(server: TsaServer, text: bytes = TEXT) -> Stamped | NotStamped:
    timestamper = Rfc3161Timestamper(server.url, ca_certificates=AUTHORITY.root_pem)
    try:
        return await timestamper.stamp(text)
    finally:
        await timestamper.close()


@pytest.mark.parametrize("certificates", ["root.pem", "both.pem", "leaf.pem"])
@pytest.mark.parametrize("digits", [0, 3])
async def test_the_stamps_of_openssls_authority_are_taken(
    server: TsaServer,
    authority_of: Callable[..., Relay],
    openssl: Openssl,
    tmp_path: Path,
    certificates: str,
    digits: int,
) -> None:
    relay = authority_of(certificates=certificates, digits=digits)
    server.next(relay)
    answer = await stamp(server)
    assert isinstance(answer, Stamped)
    (tmp_path / "kept.tsr").write_bytes(answer.response)
    root = tmp_path / "root.pem"
    for against in (["-queryfile", tmp_path / "query"], ["-data", tmp_path / "text"]):
        checked = openssl("ts", "-verify", *against, "-in", tmp_path / "kept.tsr", "-CAfile", root)
        assert checked.returncode == 0, checked.stderr
    assert read_time_stamp(answer.response, data=TEXT, roots=ROOTS).authority == "CN=Time"


async def test_a_refusal_by_openssls_authority_is_one(server: TsaServer, authority_of: Callable[..., Relay]) -> None:
    server.next(authority_of(digests="sha512"))
    assert await stamp(server) == NotStamped(reason="the authority's answer is of no use: it was refused with status 2")


async def test_openssl_reads_the_query(server: TsaServer, openssl: Openssl, tmp_path: Path) -> None:
    await stamp(server)
    (tmp_path / "query").write_bytes(server.requests[0])
    shown = openssl("ts", "-query", "-in", tmp_path / "query", "-text").stdout.decode()
    assert "Hash Algorithm: sha256" in shown
    assert "Certificate required: yes" in shown
    assert "Nonce: 0x" in shown


@pytest.mark.parametrize("text", [TEXT, TEXT + b"\n"], ids=["the text", "another"])
@pytest.mark.parametrize("root", ["ours", "theirs"])
async def test_openssl_and_we_agree_on_a_stamp(openssl: Openssl, tmp_path: Path, text: bytes, root: str) -> None:
    """Under which root and over which text a stamp of the tests' own authority holds."""
    ours = new_authority()
    async with TsaServer(ours) as server:
        timestamper = Rfc3161Timestamper(server.url)
        answer = await timestamper.stamp(TEXT)
        await timestamper.close()
    assert isinstance(answer, Stamped)
    pem = ours.root_pem if root == "ours" else new_authority().root_pem
    for name, content in (("stamp.tsr", answer.response), ("text", text), ("root.pem", pem)):
        (tmp_path / name).write_bytes(content)
    checked = openssl(
        "ts", "-verify", "-data", tmp_path / "text", "-in", tmp_path / "stamp.tsr",
        "-CAfile", tmp_path / "root.pem", "-attime", str(int(NOON.timestamp())),
    )  # fmt: skip
    try:
        read_time_stamp(answer.response, data=text, roots=x509.load_pem_x509_certificates(pem))
        holds = True
    except TimeStampError:
        holds = False
    assert holds is (checked.returncode == 0) is (text == TEXT and root == "ours")


async def test_awizo_verify_trusts_a_stamp_by_openssl(
    server: TsaServer, authority_of: Callable[..., Relay], tmp_path: Path
) -> None:
    log = delivered_log()
    text = parse_note(log.shards[ORIGIN].notes[max(log.shards[ORIGIN].notes)]).text
    server.next(authority_of())
    answer = await stamp(server, text.encode())
    assert isinstance(answer, Stamped)
    (tmp_path / "bundle.json").write_bytes(log.bundle(timestamps=[Timestamp(text=text, token=answer.response)]))
    (tmp_path / "log.vkey").write_text("".join(f"{vkey}\n" for vkey in log.vkeys()))
    arguments = [str(tmp_path / "bundle.json"), "--vkey", str(tmp_path / "log.vkey")]
    ended = CliRunner().invoke(cli.app, ["verify", *arguments, "--tsa-ca", str(tmp_path / "root.pem")])
    assert ended.exit_code == 0, ended.output
    assert "says CN=Time by a time stamp that you trust" in ended.stdout
