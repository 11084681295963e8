"""A statement about one shipment, checked with jq and openssl by the very lines that the documentation gives."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.evidence.bundle import AssembledBundle
from app.ports import Surroundings
from app.storage.database import Database
from tests.builders import OPERATOR, SHIPMENT, event
from tests.integration.stating import stated
from tests.integration.world import World, open_world
from tests.peers.published.test_by_hand import extract, verify
from tests.property.mutation import Raw, with_digest
from tests.second_formats import read_vkey

pytestmark = [pytest.mark.peers, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.fixture(autouse=True, scope="module")
def _tools() -> None:
    missing = [name for name in ("openssl", "jq", "base64", "diff") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} is missing: on Debian, apt-get install openssl jq coreutils diffutils")


def by_hand(directory: Path, data: bytes, vkeys: list[str]) -> tuple[int, str]:
    """How the lines of the documentation end in that directory, and what they say."""
    (lines,) = re.findall(r"^```sh\n(jq -j \.statement .*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    directory.mkdir()
    (directory / "statement.json").write_bytes(data)
    (directory / "log.vkey").write_text("".join(f"{vkey}\n" for vkey in vkeys))
    # As typed at a prompt they go on after a difference; here the first one ends them.
    done = subprocess.run(["sh", "-eu", "-c", lines], cwd=directory, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


async def two_events(world: World) -> bytes:
    await world.register()
    await world.accepted(event("in_transit", id="1", data={"raw": {"vocabulary": "v", "code": 'zażółć \\ " gęślą'}}))
    await world.accepted(event("notice_left", id="2"))
    await world.dispatch()
    await world.seal()
    file = await stated(world)
    assert isinstance(file, AssembledBundle)
    return file.data


async def test_a_statement_is_checked_by_hand_as_the_documentation_shows(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    assert OPERATOR + "\\n" + SHIPMENT in PAGE.read_text()
    async with open_world(database, surroundings, tmp_path) as world:
        data = await two_events(world)
        assert by_hand(tmp_path / "sound", data, world.vkeys) == (0, "Signature Verified Successfully")
        raw = json.loads(data)
        key = read_vkey(world.vkeys[0]).point
        for number, fact in enumerate(raw["events"]):
            extract(fact, key, tmp_path / str(number))
            assert verify(tmp_path / str(number)) == (0, "verified")


def an_event_is_missing(raw: Raw) -> None:
    del raw["events"][0]


def a_notification_has_fewer_facts(raw: Raw) -> None:
    raw["notifications"][0]["facts"] -= 1


def it_ends_later(raw: Raw) -> None:
    raw["statement"] = raw["statement"].replace(raw["until"], raw["issued_at"], 1)


def it_is_about_another(raw: Raw) -> None:
    raw["subject"]["salt"] = raw["events"][0]["salt"]


@pytest.mark.parametrize(
    "change", [an_event_is_missing, a_notification_has_fewer_facts, it_ends_later, it_is_about_another]
)
async def test_what_was_changed_is_found_by_hand_too(
    change: Callable[[Raw], None], database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    async with open_world(database, surroundings, tmp_path) as world:
        raw: Raw = json.loads(await two_events(world))
        change(raw)
        status, _ = by_hand(tmp_path / "changed", with_digest(raw), world.vkeys)
        assert status != 0
