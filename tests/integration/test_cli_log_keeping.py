"""`awizo log seal`, `rotate-key`, `recover` and `release` as commands, and the service before and after them."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.merkle.note import parse_vkey
from tests.integration.command import Awizo, Ended
from tests.integration.test_sealing_process import Deployment, deployment, prepare, settled

__all__ = ["deployment"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Operator:
    """Runs commands beside a deployment, with its settings."""

    def __init__(self, awizo: Awizo, deployment: Deployment) -> None:
        self._awizo = awizo
        settings = deployment.settings
        self._settings = {
            "database_url": settings.database_url.get_secret_value(),
            "data_dir": str(settings.data_dir),
            "public_url": settings.public_url,
        }

    async def run(self, *arguments: str) -> Ended:
        return await asyncio.to_thread(self._awizo, "log", *arguments, **self._settings)


@pytest.fixture
def operator(awizo: Awizo, deployment: Deployment) -> Operator:
    return Operator(awizo, deployment)


def database_file(deployment: Deployment) -> Path:
    return Path(deployment.settings.database_url.get_secret_value().removeprefix("sqlite+aiosqlite:///"))


def copy_of(file: Path, target: Path) -> None:
    """Write the database over another file, as a backup program does: whoever has that one open sees it change."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def assert_tells_of_the_loss(ended: Ended) -> None:
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "Entries taken back from the copy: 0."
    assert lines[1].startswith("Facts that are lost: ")
    assert "with their entries" in lines[2]
    assert lines[-2:] == [
        "Notifications that are unknown now, and are not sent: 1.",
        "The log can be signed again. Start the service.",
    ]


async def test_an_old_backup_is_refused_recovered_and_goes_on_without_sending_anything_again(
    deployment: Deployment, operator: Operator, tmp_path: Path
) -> None:
    file, backup = database_file(deployment), tmp_path / "backup.db"
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        waiting = (await deployment.post(client, "waiting")).json()["notifications"][0]["id"]
        await settled(process)
        copy_of(file, backup)
    async with deployment.up(sending=True) as (process, client):
        async with asyncio.timeout(60):
            while not deployment.gateway.journal:  # noqa: ASYNC110 – the journal of a double rings no bell
                await asyncio.sleep(0.02)
        assert (await deployment.post(client, "later")).status_code == 202
        await settled(process)
    sent = len(deployment.gateway.journal)
    copy_of(backup, file)

    async with deployment.up(sending=True) as (_, client):
        ready = await client.get("/readyz")
        assert (ready.status_code, "awizo log recover" in ready.text) == (503, True)
        assert (await deployment.post(client, "refused")).status_code == 503
        published = (await client.get("/log/checkpoint")).content
    assert len(deployment.gateway.journal) == sent

    assert_tells_of_the_loss(await operator.run("recover", "--reason", "the disk failed"))
    checked = await operator.run("check")
    assert (checked.code, checked.err) == (0, "")
    assert "entries more were signed, and are lost, as a recovery found." in checked.out

    async with deployment.up(sending=True) as (process, client):
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/log/checkpoint")).content != published
        key = {"Authorization": f"Bearer {deployment.token}"}
        view = (await client.get(f"/v1/notifications/{waiting}", headers=key)).json()
        assert (view["status"], view["reason"]) == ("unknown", "restored")
        await asyncio.sleep(1.0)  # several polls of every loop
        assert len(deployment.gateway.journal) == sent
        await settled(process)
    released = await operator.run("release", waiting, "--reason", "the addressee asked for it")
    assert (released.code, released.out) == (0, f"{waiting} is queued.\n")
    async with deployment.up(sending=True), asyncio.timeout(60):
        while len(deployment.gateway.journal) < sent + 1:  # noqa: ASYNC110 – as above
            await asyncio.sleep(0.02)
    nobody = "01936c1e-6d7a-7f02-9d3e-5a6b7c8d9e0f"
    again = await operator.run("release", waiting, nobody, "--reason", "once more")
    assert (again.code, again.out) == (1, f"{waiting} was released before.\n")
    assert again.err == f"{nobody} is not sent: there is no such notification.\n"
    assert len(deployment.gateway.journal) == sent + 1


async def test_a_recovery_takes_back_from_a_copy_what_was_published(
    deployment: Deployment, operator: Operator, tmp_path: Path
) -> None:
    file, backup, copy = database_file(deployment), tmp_path / "backup.db", tmp_path / "copy"
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        await settled(process)
        copy_of(file, backup)
        for number in range(5):
            await deployment.post(client, f"later-{number}")
        await settled(process)
    assert (await operator.run("export", str(copy))).code == 0
    copy_of(backup, file)
    ended = await operator.run("recover", "--reason", "a rehearsal", "--from", str(copy))
    assert (ended.code, ended.err) == (0, "")
    assert "Entries taken back from the copy: 1" in ended.out
    assert "the log goes on in" not in ended.out
    checked = await operator.run("check")
    assert checked.code == 0, checked.err
    assert "facts are lost, as a recovery found." in checked.out
    assert (await operator.run("export", str(copy))).code == 0
    assert (await operator.run("check", "--from", str(copy))).code == 0


async def test_a_log_that_was_recovered_is_exported_and_checked_like_any_other(
    deployment: Deployment, operator: Operator, tmp_path: Path
) -> None:
    file, backup, copy = database_file(deployment), tmp_path / "backup.db", tmp_path / "copy"
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        await settled(process)
        copy_of(file, backup)
        await deployment.post(client, "later")
        await settled(process)
    copy_of(backup, file)
    assert (await operator.run("recover", "--reason", "a rehearsal")).code == 0
    exported = await operator.run("export", str(copy))
    assert exported.code == 0, exported.err
    assert "the database has lost them" in exported.out


async def test_a_sound_log_has_nothing_to_recover(deployment: Deployment, operator: Operator) -> None:
    async with deployment.up(sending=False) as (process, _):
        await settled(process)
    ended = await operator.run("recover", "--reason", "a rehearsal")
    assert (ended.code, ended.out) == (0, "The database holds everything that was signed; nothing to recover.\n")


async def test_a_shard_is_sealed_beside_a_running_service_which_goes_on_in_the_next(
    deployment: Deployment, operator: Operator, tmp_path: Path
) -> None:
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        before = (await client.get("/log/opening.json")).json()["document"]["data"]["origin"]
        shard = before.rpartition("/")[2]
        ended = await operator.run("seal", "--reason", "the year's audit")
        assert (ended.code, ended.out) == (0, f"{shard} is sealed; the log goes on in the next shard.\n")
        assert (await deployment.post(client, "after")).status_code == 202
        await settled(process)
        opening = (await client.get("/log/opening.json")).json()["document"]["data"]
        assert opening["origin"] == f"{before}b"
        final = (await client.get(f"/log/{shard}/checkpoint")).text
        assert opening["previous_checkpoint"] == final
        assert process.services.log_watch.fault is None
    assert (await operator.run("check")).code == 0
    copy = str(tmp_path / "copy")
    assert (await operator.run("export", copy)).code == 0
    assert (await operator.run("check", "--from", copy)).code == 0


async def test_a_key_is_rotated_beside_a_running_service_which_then_signs_with_both(
    deployment: Deployment, operator: Operator
) -> None:
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        old = (await client.get("/log/vkey")).text.splitlines()
        ended = await operator.run("rotate-key")
        assert (ended.code, ended.err) == (0, "")
        new = ended.out.strip()
        assert parse_vkey(new).name == parse_vkey(old[0]).name
        assert (await client.get("/log/vkey")).text.splitlines() == [new, *reversed(old)]
        await deployment.post(client, "after")
        await settled(process)
        note = (await client.get("/log/checkpoint")).text
        assert note.partition("\n\n")[2].count("\n") == 2
        statements = await operator.run("rotate-key", "--statements")
        assert (await client.get("/log/vkey")).text.splitlines() == [new, statements.out.strip(), *old]
    assert (await operator.run("check")).code == 0


async def test_a_reason_and_whole_arguments_are_asked_for(operator: Operator, tmp_path: Path) -> None:
    for arguments in (["recover"], ["seal"], ["release"], ["release", "no-id", "--reason", "r"]):
        assert (await operator.run(*arguments)).code == 2
    for reason in ("", "  ", "two\nlines", "x" * 301, "\x1b[2J"):
        assert (await operator.run("seal", "--reason", reason)).code == 2
    nowhere = await operator.run("recover", "--reason", "r", "--from", str(tmp_path / "nowhere"))
    assert (nowhere.code, nowhere.sentence) == (2, f"{tmp_path / 'nowhere'} is not a directory.")
