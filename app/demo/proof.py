"""The last act: a proof leaves the service, is verified without it, and is refused once a byte is changed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import app
from app.demo.screen import Screen
from app.demo.stage import Stage
from app.demo.surprise import Surprise, expect
from app.settings import Settings
from app.usecases.check_log import Difference, check_log
from app.wiring import mark_of, open_database, signing_keys

PUBLISHED_SECONDS, LOOK_SECONDS = 15.0, 0.1
VERIFIED, REFUSED = 0, 1
_SENTENCE_AT = 20  # the column where the command's sentences begin


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFiles:
    """What an auditor takes away: the bundle, and the log's keys, which should come another way than the bundle."""

    bundle: Path
    vkey: Path


async def fetch_proof(stage: Stage, screen: Screen, notification: UUID, directory: Path) -> ProofFiles:
    """Wait until all facts of the notification are published, and save its proof and the log's keys as files."""
    screen.chapter("One proof leaves the service")
    with screen.waiting("The log is being signed …"):
        total = await _published(stage, screen, notification)
    screen.step(f"the {total} facts about the first SMS stand in the signed log")
    files = ProofFiles(bundle=directory / "proof.json", vkey=directory / "vkey.txt")
    for path, file in ((f"/v1/notifications/{notification}/proof", files.bundle), ("/log/vkey", files.vkey)):
        answer = await stage.call("GET", path, key=stage.keys.auditor if file is files.bundle else None)
        expect(answer.status_code == 200, f"{file.name} was answered {answer.status_code}, not 200.")
        await asyncio.to_thread(file.write_bytes, answer.content)
        shown = path.replace(str(notification), "…")
        screen.step(f"GET {shown}", detail=f"{file.name}, {len(answer.content):,} bytes")
    return files


async def _published(stage: Stage, screen: Screen, notification: UUID) -> int:
    deadline = screen.seconds + PUBLISHED_SECONDS
    while screen.seconds < deadline:
        answer = await stage.call("GET", f"/v1/notifications/{notification}", key=stage.keys.auditor)
        expect(answer.status_code == 200, f"The notification was answered {answer.status_code}, not 200.")
        facts = answer.json()["facts"]
        if facts["total"] == facts["published"]:
            return int(facts["total"])
        await asyncio.sleep(LOOK_SECONDS)
    raise Surprise("The facts about the first SMS were not published in time.")


async def verify_offline(screen: Screen, files: ProofFiles) -> None:
    """Verify the bundle with the command that an auditor uses, then once more with one byte changed."""
    screen.chapter("The proof is verified offline; the service has been stopped")
    code, lines = await _verify(files.bundle, files.vkey)
    screen.step("awizo verify proof.json --vkey vkey.txt", detail=f"exit {code}")
    screen.quote(lines, hang=_SENTENCE_AT)
    expect(code == VERIFIED, f"The proof was answered with exit {code}, not {VERIFIED}.")

    screen.chapter("One byte is changed")
    forged = files.bundle.with_name("forged.json")
    true, false = await asyncio.to_thread(_forge, files.bundle, forged)
    screen.step(f"forged.json says that the SMS went to {false}, not to {true}")
    code, lines = await _verify(forged, files.vkey)
    screen.step("awizo verify forged.json --vkey vkey.txt", detail=f"exit {code}")
    screen.quote([line for line in lines if line.startswith(("NO", "REFUSED"))], hang=_SENTENCE_AT)
    expect(code == REFUSED, f"The forgery was answered with exit {code}, not {REFUSED}.")


def _forge(bundle: Path, forged: Path) -> tuple[str, str]:
    """Write the bundle with the last digit of the first phone number changed; the number before and after."""
    data = bundle.read_bytes()
    found = data.find(b'"+48')
    expect(found >= 0, "The proof does not show the phone number.")
    true = data[found + 1 : found + 13]
    false = true[:-1] + (b"2" if true.endswith(b"1") else b"1")
    forged.write_bytes(data[: found + 1] + false + data[found + 13 :])
    return true.decode(), false.decode()


async def _verify(bundle: Path, vkey: Path) -> tuple[int, list[str]]:
    """The exit code and the output of `awizo verify`, as a process of its own: it has these two files and no more."""
    async with _process("verify", str(bundle), "--vkey", str(vkey)) as process:
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode().splitlines()


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command of this very copy of the program, wherever it stands; it ends with the demonstration."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        *arguments,
        cwd=Path(app.__file__).parents[1],
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def check_whole_log(screen: Screen, settings: Settings) -> None:
    """What `awizo log check` does: hash every fact again and compare the tree with every signed checkpoint."""
    screen.chapter("The whole log is checked")
    keys = signing_keys(settings.data_dir)
    database = open_database(settings)
    try:
        results = await check_log(
            database,
            keys=keys,
            mark=mark_of(settings).read(),
            progress=lambda _count: None,
        )
    finally:
        await database.close()
    expect(results, "The log is empty.")
    for result in results:
        if isinstance(result, Difference):
            raise Surprise(f"{result.shard}: {result.sentence}.")
        screen.step(
            f"{result.entries} entries and {result.checkpoints} signed checkpoints agree", detail="awizo log check"
        )
