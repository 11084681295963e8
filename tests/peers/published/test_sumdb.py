"""What a running service gives out, checked by the library of Go's checksum database (golang.org/x/mod/sumdb)."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.peers.published.damage import flip_in_file
from tests.peers.published.running import Client, Published, tile_paths
from tests.property.forging import ForgersKey
from tests.property.mutation import flipped, flipped_base64, note_of, other, proof_of, proven, with_digest

pytestmark = pytest.mark.peers

SOURCE = Path(__file__).parent / "go"
DEBIANS_PACKAGES = Path("/usr/share/gocode")
HINT = "on Debian, apt-get install golang-go golang-golang-x-mod-dev"

Json = dict[str, Any]
Peer = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Peer:
    """Runs the Go program; gives its exit code and what it said."""
    go, directory = shutil.which("go"), tmp_path_factory.mktemp("go")
    if go is None:
        pytest.fail(f"Go is missing: {HINT}")
    if not (DEBIANS_PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.fail(f"Go's sumdb packages are missing: {HINT}")
    own = {"GO111MODULE": "off", "GOPATH": str(DEBIANS_PACKAGES), "GOCACHE": str(directory / "cache"), "GOFLAGS": ""}
    program = directory / "peer"
    built = subprocess.run(
        [go, "build", "-o", program, "."], cwd=SOURCE, env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr

    def run(*arguments: object) -> tuple[int, str]:
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout.strip()

    return run


def test_go_accepts_every_bundle(published: Published, peer: Peer) -> None:
    for bundle in published.bundles:
        raw = json.loads(bundle.read_bytes())
        said = f"{len(proven(raw))} facts, {len(raw['anchors'])} anchors, {len(raw['timestamps'])} stamped checkpoints"
        assert peer("bundle", bundle, published.vkeys) == (0, said)
    assert any(len(json.loads(bundle.read_bytes())["anchors"]) > 1 for bundle in published.bundles)


def test_go_accepts_checkpoint_tiles_and_entries_of_the_whole_log(published: Published, peer: Peer) -> None:
    assert published.size > 512
    assert peer("log", published.log, published.vkeys) == (0, f"{published.size} entries")


def test_go_proves_from_the_tiles_what_the_bundles_prove(published: Published, peer: Peer) -> None:
    for bundle in published.closed_bundles:
        raw = json.loads(bundle.read_bytes())
        said = f"{len(proven(raw))} inclusion paths, {len(raw['anchors'])} consistency paths"
        assert peer("proofs", published.log, published.vkeys, bundle) == (0, said)


def test_go_accepts_the_static_export_which_is_what_was_served(
    published: Published, running_service: Client, peer: Peer, tmp_path: Path
) -> None:
    running_service.awizo("log", "export", str(tmp_path / "export"))
    shard = tmp_path / "export" / published.origin.rpartition("/")[2]
    assert peer("log", shard, published.vkeys) == (0, f"{published.size} entries")
    for path in ("checkpoint", "vkey", *tile_paths(published.size)):
        assert (shard / path).read_bytes() == (published.log / path).read_bytes()


# --- and refuses ---


def another_document(raw: Json, chance: Random) -> None:
    document = chance.choice(proven(raw))["document"]
    document["at"] = document["at"][:-2] + str((int(document["at"][-2]) + 1) % 10) + "Z"


def another_salt(raw: Json, chance: Random) -> None:
    fact = chance.choice(proven(raw))
    fact["salt"] = flipped_base64(fact["salt"], chance)


def another_path(raw: Json, chance: Random) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    at = chance.randrange(2, len(proof.lines))
    proof.lines[at] = flipped_base64(proof.lines[at], chance)
    fact["proof"] = proof.text()


def another_index(raw: Json, chance: Random) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    proof.index ^= 1
    fact["proof"] = proof.text()


def another_checkpoint(raw: Json, chance: Random) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    note = note_of(proof.note)
    at = chance.randrange(3)
    note.lines[at] = other(note.lines[at], chance)
    proof.note = note.text()
    fact["proof"] = proof.text()


def another_signature(raw: Json, chance: Random) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    note = note_of(proof.note)
    name, signature = note.signatures[0]
    note.signatures[0] = (name, signature[:4] + flipped(signature[4:], chance))
    proof.note = note.text()
    fact["proof"] = proof.text()


def another_anchor(raw: Json, chance: Random) -> None:
    anchor = chance.choice(raw["anchors"])
    note = note_of(anchor["note"])
    note.lines[2] = flipped_base64(note.lines[2], chance)
    anchor["note"] = note.text()


def another_stamped_root(raw: Json, chance: Random) -> None:
    stamp = chance.choice(raw["timestamps"])
    origin, size, root, end = stamp["note"].split("\n")
    stamp["note"] = "\n".join([origin, size, flipped_base64(root, chance), end])


def another_consistency(raw: Json, chance: Random) -> None:
    path = chance.choice(raw["anchors"])["consistency"]
    at = chance.randrange(len(path))
    path[at] = flipped_base64(path[at], chance)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (another_document, "inclusion of "),
        (another_salt, "inclusion of "),
        (another_path, "inclusion of "),
        (another_index, "inclusion of "),
        (another_checkpoint, "note: invalid signature"),
        (another_signature, "note: invalid signature"),
        (another_anchor, "anchor: note: invalid signature"),
        (another_consistency, "consistency of "),
        (another_stamped_root, "consistency of "),
    ],
)
def test_go_refuses_a_bundle_with(
    change: Callable[[Json, Random], None], reason: str, published: Published, peer: Peer, tmp_path: Path
) -> None:
    bundles = [path for path in published.bundles if path.stem.endswith("-sms")]
    for number in range(20):
        raw = json.loads(bundles[number % len(bundles)].read_bytes())
        change(raw, Random(number))
        file = tmp_path / "bundle.json"
        file.write_bytes(with_digest(raw))
        status, said = peer("bundle", file, published.vkeys)
        assert (status, said[: len(reason) + 9]) == (1, f"refused: {reason}")


def test_go_refuses_a_log_with_one_flipped_bit_in_any_file(published: Published, peer: Peer, tmp_path: Path) -> None:
    for path in ["checkpoint", *tile_paths(published.size)]:
        for place in (0.0, 0.5, 1.0):
            shutil.copytree(published.log, tmp_path, dirs_exist_ok=True)
            flip_in_file(tmp_path / path, place)
            status, said = peer("log", tmp_path, published.vkeys)
            assert status == 1, (path, place, said)
            assert said.startswith("refused: ")


def test_go_refuses_tiles_that_prove_otherwise_than_the_bundle(
    published: Published, peer: Peer, tmp_path: Path
) -> None:
    raw = json.loads(published.closed_bundles[0].read_bytes())
    for change, reason in ((another_path, "inclusion of "), (another_consistency, "consistency of ")):
        spoiled = json.loads(json.dumps(raw))
        change(spoiled, Random(1))
        (tmp_path / "bundle.json").write_bytes(with_digest(spoiled))
        status, said = peer("proofs", published.log, published.vkeys, tmp_path / "bundle.json")
        assert (status, said[: len(reason) + 9]) == (1, f"refused: {reason}")


def test_go_accepts_nothing_under_another_key_of_the_same_name(
    published: Published, peer: Peer, tmp_path: Path
) -> None:
    keys = tmp_path / "vkeys"
    keys.write_text(ForgersKey(published.origin, Random(1)).vkey + "\n")
    for arguments in (("bundle", published.closed_bundles[0], keys), ("log", published.log, keys)):
        status, said = peer(*arguments)
        assert (status, said) == (1, "refused: note: note has no verifiable signatures")
