"""Court packs and time stamps of a running service, checked by sh and OpenSSL."""

import json
import subprocess
from base64 import b64decode
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.peers.published.damage import flip_in_file
from tests.peers.published.running import Client, Published

pytestmark = pytest.mark.peers


def run(*arguments: object, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, arguments)), cwd=directory, capture_output=True, text=True, check=False)


def unpack(pack: Path, directory: Path) -> Path:
    directory.mkdir()
    with ZipFile(pack) as packed:
        packed.extractall(directory)
    return directory


def test_every_court_pack_is_verified_by_its_script(published: Published, tmp_path: Path) -> None:
    for pack in published.packs:
        done = run("sh", "verify.sh", published.vkeys, directory=unpack(pack, tmp_path / pack.stem))
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("name", ["document.jcs", "salt.bin", "path.bin", "index"])
def test_a_flipped_bit_in_a_court_pack_is_refused(name: str, published: Published, tmp_path: Path) -> None:
    pack = unpack(published.packs[0], tmp_path / "pack")
    flip_in_file(next((pack / "facts").iterdir()) / name, 0.5)
    done = run("sh", "verify.sh", published.vkeys, directory=pack)
    assert done.returncode == 1, done.stdout


@pytest.fixture
def stamped(published: Published, running_service: Client, tmp_path: Path) -> list[Path]:
    """Each time stamp of a bundle with the text that it stamps, in a directory of its own, and its authority's root."""
    root = Path(running_service.settings["tsa_ca_file"]).read_bytes()
    directories = []
    for bundle in published.bundles:
        for number, stamp in enumerate(json.loads(bundle.read_bytes())["timestamps"]):
            directory = tmp_path / f"{bundle.stem}-{number}"
            directory.mkdir()
            (directory / "root.pem").write_bytes(root)
            (directory / "note").write_text(stamp["note"])
            (directory / "stamp.tsr").write_bytes(b64decode(stamp["tsr"]))
            directories.append(directory)
    return directories


def verify_stamp(directory: Path) -> int:
    arguments = ("-verify", "-data", "note", "-in", "stamp.tsr", "-CAfile", "root.pem")
    return run("openssl", "ts", *arguments, directory=directory).returncode


def test_openssl_verifies_the_time_stamps_in_every_bundle(stamped: list[Path], published: Published) -> None:
    assert len(stamped) >= len(published.bundles)
    assert {verify_stamp(directory) for directory in stamped} == {0}


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", ["note", "stamp.tsr"])
def test_openssl_refuses_a_time_stamp_with_a_flipped_bit(name: str, place: float, stamped: list[Path]) -> None:
    flip_in_file(stamped[0] / name, place)
    assert verify_stamp(stamped[0]) == 1
