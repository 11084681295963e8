"""`awizo verify --tsa-ca`: time stamps under certificates that the verifier trusts."""

from pathlib import Path

import pytest
from click.testing import Result
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from typer.testing import CliRunner

from app import cli
from app.evidence.bundle import Timestamp
from app.merkle.note import parse_note
from tests.doubles.tsa import Authority, Grant, new_authority, respond
from tests.unit.evidence.builder import ORIGIN, delivered_log

EXIT_REFUSED, EXIT_USAGE = 1, 2
AUTHORITY = new_authority()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with a stamped bundle, its log's keys, and two authorities' certificates."""
    log = delivered_log()
    text = parse_note(log.shards[ORIGIN].notes[max(log.shards[ORIGIN].notes)]).text
    stamp = Timestamp(text=text, token=stamped(AUTHORITY, text.encode()))
    (tmp_path / "bundle.json").write_bytes(log.bundle(timestamps=[stamp]))
    (tmp_path / "log.vkey").write_text("".join(f"{vkey}\n" for vkey in log.vkeys()))
    (tmp_path / "ours.pem").write_bytes(AUTHORITY.root_pem)
    (tmp_path / "theirs.pem").write_bytes(new_authority().root_pem)
    (tmp_path / "none.pem").write_text("no certificate\n")
    return tmp_path


def stamped(authority: Authority, text: bytes) -> bytes:
    query = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256).build()
    return respond(authority, query.as_bytes(), Grant())


def verify(files: Path, *authorities: str) -> Result:
    options = [part for name in authorities for part in ("--tsa-ca", str(files / name))]
    return CliRunner().invoke(
        cli.app, ["verify", str(files / "bundle.json"), "--vkey", str(files / "log.vkey"), *options]
    )


def test_a_stamp_by_a_trusted_authority_says_by_when_the_facts_existed(files: Path) -> None:
    ended = verify(files, "ours.pem")
    assert ended.exit_code == 0
    assert "ok    timestamps    All facts existed at 2026-11-23T11:00:00.000Z, says CN=Time" in ended.stdout


def test_without_certificates_the_stamps_are_not_judged(files: Path) -> None:
    ended = verify(files)
    assert ended.exit_code == 0
    assert "note  timestamps    The stamped checkpoints belong to this log (1), but" in ended.stdout


def test_a_stamp_by_nobody_trusted_refuses_the_bundle(files: Path) -> None:
    ended = verify(files, "theirs.pem")
    assert ended.exit_code == EXIT_REFUSED
    assert "NO    timestamps    Time stamp 0 does not hold: the given certificates do not vouch" in ended.stdout


def test_several_authorities_may_be_trusted(files: Path) -> None:
    assert verify(files, "theirs.pem", "ours.pem").exit_code == 0


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["none.pem"], "A file of --tsa-ca holds no certificate in PEM."),
        (["ours.pem", "none.pem"], "A file of --tsa-ca holds no certificate in PEM."),
        (["missing.pem"], "missing.pem cannot be read: No such file or directory."),
    ],
)
def test_a_file_without_certificates_is_a_usage_error(files: Path, names: list[str], said: str) -> None:
    ended = verify(files, *names)
    assert ended.exit_code == EXIT_USAGE
    assert said in ended.stderr
    assert ended.stdout == ""
