"""A fact of a running service, checked with sh, OpenSSL and coreutils, from files that hold what a bundle says."""

import json
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.peers.published.damage import flip_in_file
from tests.peers.published.running import Published
from tests.property.mutation import jcs, note_of, proof_of, proven

pytestmark = pytest.mark.peers

SCRIPT = Path(__file__).with_name("verify_by_hand.sh")
FILES = ("document.jcs", "salt.bin", "path.bin", "checkpoint.txt", "signature.bin", "key.bin")


@pytest.fixture(autouse=True, scope="module")
def _tools() -> None:
    missing = [name for name in ("openssl", "split", "base64", "mktemp") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} is missing: on Debian, apt-get install openssl coreutils")


def extract(fact: dict[str, Any], key: bytes, directory: Path) -> None:
    """Write what the script reads; `key` has 32 bytes."""
    proof = proof_of(fact)
    note = note_of(proof.note)
    files = {
        "document.jcs": jcs(fact["document"]),
        "salt.bin": b64decode(fact["salt"]),
        "path.bin": b"".join(b64decode(line) for line in proof.lines[2:]),
        "index": str(proof.index).encode(),
        "checkpoint.txt": "".join(f"{line}\n" for line in note.lines).encode(),
        "signature.bin": note.signatures[0][1][4:],
        "key.bin": key,
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)


def verify(directory: Path) -> tuple[int, str]:
    done = subprocess.run(["sh", SCRIPT, directory], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def facts_of(published: Published) -> dict[str, dict[str, Any]]:
    """Each fact of all bundles once, by its id."""
    raws = [json.loads(bundle.read_bytes()) for bundle in published.bundles]
    return {fact["document"]["id"]: fact for raw in raws for fact in proven(raw)}


def test_every_fact_is_verified_by_hand(published: Published, tmp_path: Path) -> None:
    facts = facts_of(published)
    assert len(facts) > len(published.bundles)
    for name, fact in facts.items():
        extract(fact, published.log_key, tmp_path / name)
        assert verify(tmp_path / name) == (0, "verified"), fact["document"]["type"]


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_refused_by_hand(name: str, published: Published, tmp_path: Path) -> None:
    fact = next(iter(facts_of(published).values()))
    for place in (0.0, 0.5, 1.0):
        extract(fact, published.log_key, tmp_path)
        flip_in_file(tmp_path / name, place)
        status, said = verify(tmp_path)
        assert status == 1
        assert said.startswith("refused: ")


def test_another_index_is_refused_by_hand(published: Published, tmp_path: Path) -> None:
    fact = next(iter(facts_of(published).values()))
    extract(fact, published.log_key, tmp_path)
    for index in (proof_of(fact).index ^ 1, 0, published.size, 10**9):
        (tmp_path / "index").write_text(str(index))
        assert verify(tmp_path)[0] == 1
