"""docs/backup.md, done as it says: every command that is run here stands in that page."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url, text

from tests.builders import OPERATOR, RECIPIENT
from tests.integration.test_sealing_process import Deployment, deployment, prepare, settled
from tests.postgres import PostgresServer, _find_binaries

__all__ = ["deployment"]

pytestmark = pytest.mark.peers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "backup.md"
WAIT_SECONDS = 60.0


def commands(heading: str) -> str:
    """The shell commands below a heading of the page."""
    sections = re.split(r"^#+ ", PAGE.read_text(), flags=re.MULTILINE)
    (section,) = [each for each in sections if each.partition("\n")[0] == heading]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    return str(block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody at a shell with the page open. `engine` is SQLite or PostgreSQL, as headings name it."""

    engine: str
    variables: Mapping[str, str]

    async def follow(self, heading: str, **more: str) -> str:
        """Run the commands below a heading; what they print. Every one of them must succeed."""
        ended = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-euo", "pipefail", "-c", commands(heading.format(self.engine))],
            env={**self.variables, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture
def operator(deployment: Deployment, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Operator]:
    settings = deployment.settings
    url = make_url(settings.database_url.get_secret_value())
    places = {name: tmp_path / "backup" / name.lower() for name in ("BACKUP", "PEOPLE", "SAFE", "COPY")}
    for place in places.values():
        place.mkdir(parents=True)
    path = [str(Path(sys.executable).parent), os.environ["PATH"]]
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWIZO_", "PG"))},
        **{name: str(place) for name, place in places.items()},
        "AWIZO_DATABASE_URL": settings.database_url.get_secret_value(),
        "AWIZO_DATA_DIR": str(settings.data_dir),
        "AWIZO_PUBLIC_URL": settings.public_url,
    }
    if url.get_backend_name() == "sqlite":
        yield Operator(engine="SQLite", variables=variables | {"PATH": ":".join(path), "DATABASE": str(url.database)})
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    libpq = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    variables |= {name: str(value) for name, value in libpq.items() if value is not None}
    path.insert(1, str(_find_binaries()))
    yield Operator(
        engine="PostgreSQL",
        variables=variables | {"PATH": ":".join(path), "PGDATABASE": str(url.database), "OWNER": str(url.username)},
    )
    server.execute(f'DROP DATABASE IF EXISTS "{url.database}_broken" WITH (FORCE)')


async def until_sent(deployment: Deployment, count: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while len(deployment.gateway.journal) < count:  # noqa: ASYNC110 – the journal of a double rings no bell
            await asyncio.sleep(0.02)


async def back_up(operator: Operator) -> None:
    for heading in ("The keys", "A database on {}", "The log"):
        await operator.follow(heading)


async def view(deployment: Deployment, client: httpx.AsyncClient, notification: str) -> dict[str, str]:
    answer: dict[str, str] = (await client.get(f"/v1/notifications/{notification}", headers=key_of(deployment))).json()
    return answer


def key_of(deployment: Deployment) -> dict[str, str]:
    return {"Authorization": f"Bearer {deployment.token}"}


async def assert_refuses(deployment: Deployment) -> None:
    """It answers, says which command brings the log back, accepts nothing and sends nothing."""
    sent = len(deployment.gateway.journal)
    async with deployment.up(sending=True) as (_, client):
        ready = await client.get("/readyz")
        assert (ready.status_code, "awizo log recover" in ready.text) == (503, True)
        assert (await deployment.post(client, "refused")).status_code == 503
        await asyncio.sleep(1.0)  # several polls of every loop
    assert len(deployment.gateway.journal) == sent


async def test_saved_gone_on_restored_refused_recovered_and_released(
    deployment: Deployment, operator: Operator
) -> None:
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        waiting = (await deployment.post(client, "waiting")).json()["notifications"][0]["id"]
        await settled(process)
        await back_up(operator)
    async with deployment.up(sending=True) as (process, client):
        await until_sent(deployment, 1)
        assert (await deployment.post(client, "later")).status_code == 202
        await until_sent(deployment, 2)
        await settled(process)
        await operator.follow("The log")
    sent = len(deployment.gateway.journal)
    await operator.follow("Bring {} back")
    await assert_refuses(deployment)

    said = await operator.follow("Bring the log back", REASON="a rehearsal")
    assert "Notifications that are unknown now, and are not sent: 1." in said
    assert "Entries taken back from the copy: 0." not in said
    async with deployment.up(sending=True) as (process, client):
        assert (await client.get("/readyz")).status_code == 200
        seen = await view(deployment, client, waiting)
        assert (seen["status"], seen["reason"]) == ("unknown", "restored")
        export = await client.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}/export", headers=key_of(deployment))
        assert export.json()["contact_points"] != []  # which takes the person's key
        await asyncio.sleep(1.0)  # several polls of every loop
        assert len(deployment.gateway.journal) == sent
        await settled(process)

    said = await operator.follow("Let named ones go", NOTIFICATION=waiting, REASON="it never left")
    assert said == f"{waiting} is queued.\n"
    async with deployment.up(sending=True) as (process, client):
        await until_sent(deployment, sent + 1)
        await settled(process)
        assert (await view(deployment, client, waiting))["status"] in {"sent", "delivered"}


async def test_the_backup_of_the_database_holds_nobodys_key(deployment: Deployment, operator: Operator) -> None:
    async with deployment.up(sending=False) as (process, _):
        await prepare(deployment, process)
        await operator.follow("A database on {}")
        async with process.services.database.read() as tx:
            ((key,),) = (await tx.execute(text("SELECT wrapped_key FROM recipient_keys"))).all()
    held = {name: contained(Path(operator.variables[name]), key, operator) for name in ("BACKUP", "PEOPLE")}
    assert held == {"BACKUP": False, "PEOPLE": True}


async def test_whoever_was_erased_since_the_backup_is_back_until_the_erasure_is_repeated(
    deployment: Deployment, operator: Operator
) -> None:
    person = f"/v1/recipients/{OPERATOR}/{RECIPIENT}"
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        await settled(process)
        await operator.follow("A database on {}")
        assert (await client.delete(person, headers=key_of(deployment))).status_code == 204
        await settled(process)
        await operator.follow("The log")
    await operator.follow("Bring {} back")
    await operator.follow("Bring the log back", REASON="a rehearsal")
    async with deployment.up(sending=False) as (process, client):
        await settled(process)
        back = await client.get(person, headers=key_of(deployment))
        assert back.status_code == 200, back.text
        assert (await client.delete(person, headers=key_of(deployment))).status_code == 204
        assert (await client.get(person, headers=key_of(deployment))).status_code == 404
        async with process.services.database.read() as tx:
            assert (await tx.execute(text("SELECT count(*) FROM recipient_keys"))).scalar() == 0


def content(directory: Path) -> tuple[Path, bytes]:
    """The one file of a directory, and what is in it."""
    (file,) = directory.iterdir()
    return file, file.read_bytes()


def contained(directory: Path, key: bytes, operator: Operator) -> bool:
    """Whether a backup holds these bytes; a dump is read as pg_restore writes it."""
    file, held = content(directory)
    if operator.engine == "SQLite":
        return key in held
    script = subprocess.run(
        ["pg_restore", "--file=-", str(file)], env=dict(operator.variables), capture_output=True, check=True
    )
    return key.hex().encode() in script.stdout


def test_every_block_of_commands_in_the_page_is_run_here_or_names_places() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    run = [
        *("The keys", "The log", "Bring the log back", "Let named ones go"),
        *(
            heading
            for engine in ("SQLite", "PostgreSQL")
            for heading in (f"A database on {engine}", f"Bring {engine} back")
        ),
    ]
    assert sorted(blocks) == sorted([*map(commands, run), commands("The names that the commands use")])
