"""Unpacking court packs and running their script, with a PATH that has nothing but what README.txt asks for."""

import io
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from app.evidence.court_pack import court_pack

TOOLS = (
    "base64",
    "cat",
    "cp",
    "dd",
    "head",
    "ls",
    "mktemp",
    "mv",
    "od",
    "openssl",
    "rm",
    "sed",
    "sha256sum",
    "tail",
    "tr",
    "wc",
)
BUSYBOX = shutil.which("busybox")
SHELLS: list[tuple[str, ...]] = [("sh",), *([("busybox", "sh")] if BUSYBOX else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the script said and how it ended."""

    status: int
    output: str
    errors: str

    @property
    def reason(self) -> str:
        """The check that refused and why; empty when none did."""
        lines = [line for line in self.output.splitlines() if line.startswith("NO ")]
        return " ".join(lines[0].split()[1:]) if lines else ""


def unpack(bundle: bytes, directory: Path) -> Path:
    """The pack of a bundle, unpacked into a new directory."""
    directory.mkdir(parents=True)
    with ZipFile(io.BytesIO(court_pack(bundle))) as pack:
        pack.extractall(directory)
    return directory


def key_file(directory: Path, keys: Iterable[object]) -> Path:
    """A file with these keys, one a line."""
    path = directory / "keys.txt"
    path.write_text("".join(f"{key}\n" for key in keys))
    return path


def tools(directory: Path, names: Sequence[str] = TOOLS) -> Path:
    """A directory with just these programs, to be the PATH."""
    directory.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None, f"{name} is needed for the peers' tests"
        (directory / name).symlink_to(found)
    return directory


def run_script(
    pack: Path, *arguments: object, shell: Sequence[str] = ("sh",), path: Path, script: str = "verify.sh"
) -> Finding:
    """Run a pack's script in its directory. `path` is the whole PATH."""
    program = shutil.which(shell[0])
    assert program is not None
    answer = subprocess.run(
        [program, *shell[1:], script, *map(str, arguments)],
        cwd=pack,
        env={"PATH": str(path), "TMPDIR": str(path.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Finding(status=answer.returncode, output=answer.stdout, errors=answer.stderr)
