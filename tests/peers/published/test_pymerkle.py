"""The published entries give, in pymerkle's tree, the roots that the log signed."""

import json
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from tests.peers.published.running import Published, tile_paths
from tests.property.mutation import note_of

pytestmark = pytest.mark.peers

PYTHON = Path(__file__).parents[3] / ".venv" / "peers" / "bin" / "python"
SCRIPT = Path(__file__).with_name("pymerkle_roots.py")


def roots(entries: bytes, sizes: list[int]) -> list[bytes]:
    """The root of the first so many entries, by pymerkle."""
    if not PYTHON.exists():
        pytest.fail("pymerkle is missing: make peers installs it, beside the project's own dependencies")
    done = subprocess.run(
        [PYTHON, SCRIPT, *map(str, sizes)], input=entries, capture_output=True, check=True, timeout=120
    )
    return [bytes.fromhex(line) for line in done.stdout.decode().split()]


def entries_of(published: Published) -> bytes:
    bundles = [path for path in tile_paths(published.size) if path.startswith("tile/entries/")]
    return b"".join((published.log / path).read_bytes() for path in bundles)


def signed(published: Published) -> dict[int, bytes]:
    """Size and root of the newest checkpoint, and of every older one that a fact in a bundle names."""
    notes = [published.checkpoint.read_text()]
    for bundle in published.bundles:
        notes += [anchor["note"] for anchor in json.loads(bundle.read_bytes())["anchors"]]
    lines = [note_of(note).lines for note in notes]
    return {int(size): b64decode(root) for _, size, root in lines}


def test_pymerkle_finds_the_root_of_every_checkpoint(published: Published) -> None:
    known = signed(published)
    assert published.size in known
    assert len(known) > 2
    assert roots(entries_of(published), list(known)) == list(known.values())


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_pymerkle_finds_another_root_when_a_bit_is_flipped(place: float, published: Published) -> None:
    entries = bytearray(entries_of(published))
    number = int(place * (published.size - 1))
    entries[(number + 1) * len(entries) // published.size - 1] ^= 1
    assert roots(bytes(entries), [published.size]) != [signed(published)[published.size]]
