"""A court pack of a notice whose slip was reported missing: a shell verifies what the person said."""

from pathlib import Path

import pytest

from app.domain.channel import Channel
from app.domain.statement import StatementKind
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.say_about_notice import Saying, say_about_notice
from tests.builders import event
from tests.integration.world import open_world
from tests.peers.court_packs import key_file, run_script, unpack

pytestmark = pytest.mark.peers


async def test_what_a_person_said_is_in_the_pack_and_a_shell_verifies_it(
    database: Database, surroundings: Surroundings, tmp_path: Path, programs: Path
) -> None:
    async with open_world(database, surroundings, tmp_path) as world:
        await world.register()
        answer = await world.accepted(event())
        await world.dispatch()
        (letter,) = [n.id for n in answer.notifications if n.channel is Channel.EMAIL]
        saying = Saying(kind=StatementKind.DISPUTED, words="I have no paper notice", language="en")
        await world.database.transact(lambda tx: say_about_notice(tx, letter, saying, surroundings=surroundings))
        await world.seal()
        pack = unpack(await world.bundle(letter), tmp_path / "pack")
        finding = run_script(pack, key_file(tmp_path, world.vkeys), path=programs)
        assert (finding.status, finding.errors) == (0, ""), finding.output
        assert "recipient.disputed" in finding.output
        (said,) = pack.glob("facts/*/fields/statement.bin")
        assert b'"words":"I have no paper notice"' in said.read_bytes()
        said.write_bytes(said.read_bytes().replace(b"no paper", b"my paper"))
        assert run_script(pack, key_file(tmp_path, world.vkeys), path=programs).status == 1
