"""`awizo verify`: offline, without settings, and what it says of a proof."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.ed25519_signer import Ed25519Signer
from app.evidence.verifier import verify_bundle
from tests.builders import OPERATOR, SHIPMENT
from tests.integration.command import Awizo
from tests.integration.proving import prove_one, state_one

EXIT_REFUSED, EXIT_USAGE, EXIT_UNVOUCHED = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A bundle of the real service, and the file with the keys of its log."""

    bundle: Path
    vkeys: Path


@pytest.fixture(scope="module")
def proof(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    directory = tmp_path_factory.mktemp("proof")
    file = directory / "awizo.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    bundle, vkeys = asyncio.run(prove_one(f"sqlite+aiosqlite:///{file}", directory))
    (directory / "bundle.json").write_bytes(bundle)
    (directory / "log.vkey").write_bytes(vkeys)
    return Proof(bundle=directory / "bundle.json", vkeys=directory / "log.vkey")


def changed(proof: Proof, directory: Path, change: Callable[[bytes], bytes]) -> str:
    file = directory / "changed.json"
    file.write_bytes(change(proof.bundle.read_bytes()))
    return str(file)


def test_a_proof_under_the_logs_own_key_is_verified(awizo: Awizo, proof: Proof) -> None:
    ended = awizo("verify", str(proof.bundle), "--vkey", str(proof.vkeys))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "VERIFIED under a key you gave."


def test_a_proof_is_verified_without_settings_or_database(awizo: Awizo, proof: Proof, tmp_path: Path) -> None:
    ended = awizo("verify", str(proof.bundle), "--vkey", str(proof.vkeys), database_url="nonsense", pool_size="x")
    assert ended.code == 0
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_a_sound_proof_is_vouched_for_by_nobody(awizo: Awizo, proof: Proof) -> None:
    ended = awizo("verify", str(proof.bundle))
    assert ended.code == EXIT_UNVOUCHED
    assert ended.out.splitlines()[-1].startswith("SOUND, but you gave no key")


def test_the_report_for_programs_says_what_the_verifier_says(awizo: Awizo, proof: Proof) -> None:
    ended = awizo("verify", "--json", str(proof.bundle))
    assert json.loads(ended.out) == json.loads(json.dumps(verify_bundle(proof.bundle.read_bytes(), vkeys=[]).as_json()))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: b"",
        lambda data: b"{}",
        lambda data: b"not JSON",
        lambda data: b"\xff" + data,
        lambda data: b" " + data,
        lambda data: data.replace(b'"pending":0', b'"pending":1'),
        lambda data: data.replace(b"+48600100200", b"+48600100201"),
        lambda data: b"[" * 100_000,
    ],
    ids=["cut", "newline", "empty", "no members", "no JSON", "no UTF-8", "space", "pending", "another phone", "deep"],
)
def test_a_changed_proof_is_refused_and_the_check_is_named(
    awizo: Awizo, proof: Proof, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    ended = awizo("verify", changed(proof, tmp_path, change), "--vkey", str(proof.vkeys))
    assert (ended.code, ended.err) == (EXIT_REFUSED, "")
    assert ended.out.splitlines()[-1] == "REFUSED."
    assert any(line.startswith("NO  ") for line in ended.out.splitlines())


def test_a_key_of_another_log_refuses_the_proof(awizo: Awizo, proof: Proof, tmp_path: Path) -> None:
    name = proof.vkeys.read_text().split("+")[0]
    other = tmp_path / "other.vkey"
    other.write_text(Ed25519Signer(name, bytes([9]) * 32).vkey + "\n")
    ended = awizo("verify", str(proof.bundle), "--vkey", str(other))
    assert ended.code == EXIT_REFUSED
    both = awizo("verify", str(proof.bundle), "--vkey", str(other), "--vkey", str(proof.vkeys))
    assert both.code == 0


def test_a_file_that_cannot_be_used_is_a_usage_error_that_names_it(awizo: Awizo, proof: Proof, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "words").write_text("these are no keys\n")
    (tmp_path / "empty").write_text("")
    bundle = str(proof.bundle)
    for arguments, said in (
        ([str(tmp_path / "missing.json")], "missing.json cannot be read: No such file or directory."),
        ([str(tmp_path)], "cannot be read: Is a directory."),
        ([bundle, "--vkey", str(tmp_path / "missing.vkey")], "missing.vkey cannot be read: No such file or directory."),
        ([bundle, "--vkey", str(tmp_path)], "cannot be read: Is a directory."),
        ([bundle, "--vkey", str(tmp_path / "binary")], "The key file cannot be used: "),
        ([bundle, "--vkey", str(tmp_path / "words")], "The key file cannot be used: "),
        ([bundle, "--vkey", str(tmp_path / "empty")], "The key file cannot be used: "),
    ):
        ended = awizo("verify", *arguments)
        assert (arguments, ended.code) == (arguments, EXIT_USAGE)
        assert said in ended.sentence
    assert awizo("verify", bundle, "--nonsense").code == EXIT_USAGE
    assert awizo("verify").code == EXIT_USAGE


@pytest.fixture(scope="module")
def stated(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """A statement about one shipment of the real service."""
    directory = tmp_path_factory.mktemp("stated")
    file = directory / "awizo.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    statement, vkeys = asyncio.run(state_one(f"sqlite+aiosqlite:///{file}", directory))
    (directory / "statement.json").write_bytes(statement)
    (directory / "log.vkey").write_bytes(vkeys)
    return Proof(bundle=directory / "statement.json", vkeys=directory / "log.vkey")


def test_a_statement_about_a_shipment_is_verified_by_the_same_command(awizo: Awizo, stated: Proof) -> None:
    named = f"{OPERATOR}/{SHIPMENT}"
    ended = awizo("verify", str(stated.bundle), "--vkey", str(stated.vkeys), "--shipment", named)
    assert (ended.code, ended.err) == (0, "")
    *_, about, verdict = ended.out.splitlines()
    assert about.startswith(f"About {named}: events 1, notifications 3, until ")
    assert verdict == "VERIFIED under a key you gave."
    assert awizo("verify", str(stated.bundle)).code == EXIT_UNVOUCHED


def test_a_statement_about_another_shipment_or_a_bundle_is_refused(awizo: Awizo, stated: Proof, proof: Proof) -> None:
    for file in (stated.bundle, proof.bundle):
        ended = awizo("verify", str(file), "--vkey", str(stated.vkeys), "--shipment", f"{OPERATOR}/another-one")
        assert ended.code == EXIT_REFUSED
        assert "NO    subject" in ended.out


@pytest.mark.parametrize("named", ["no-slash", "/x", "x/", "two/sl/ashes"])
def test_a_shipment_is_named_by_its_operator_and_its_name(awizo: Awizo, stated: Proof, named: str) -> None:
    ended = awizo("verify", str(stated.bundle), "--shipment", named)
    assert ended.code == EXIT_USAGE
    assert ended.sentence.startswith("--shipment takes")
