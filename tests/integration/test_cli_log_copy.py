"""`awizo log export` and `awizo log check --from` as commands: exit codes, sentences, and what they need."""

import asyncio
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adapters.ed25519_signer import Ed25519Signer
from app.storage.log_directory import LogDirectory
from tests.integration.api.scene import set_scene
from tests.integration.api.service import open_service
from tests.integration.command import Awizo

EXIT_REFUSED, EXIT_USAGE = 1, 2
NO_KEY = "You gave no key, so nobody vouches for who signed it: use --vkey FILE."


@pytest.fixture(scope="module")
def deployed(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a deployment that has sealed a day's work."""
    directory = tmp_path_factory.mktemp("deployed")
    (directory / "awizo.db").write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite+aiosqlite:///{directory / 'awizo.db'}"

    async def work() -> None:
        async with open_service(url, directory / "data") as service:
            await set_scene(service)

    asyncio.run(work())
    return {"database_url": url, "data_dir": str(directory / "data"), "public_url": "https://awizo.test"}


@pytest.fixture
def copy(awizo: Awizo, deployed: dict[str, str], tmp_path: Path) -> Path:
    ended = awizo("log", "export", str(tmp_path / "copy"), **deployed)
    assert (ended.code, ended.err) == (0, "")
    return tmp_path / "copy"


def shard_in(copy: Path) -> Path:
    (shard,) = (path for path in copy.iterdir() if path.is_dir())
    return shard


def test_an_export_says_what_it_wrote_and_a_second_one_that_there_was_nothing_new(
    awizo: Awizo, deployed: dict[str, str], copy: Path
) -> None:
    ended = awizo("log", "export", str(copy), **deployed)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{shard_in(copy).name}: ")
    assert ended.out.endswith(" entries, 0 of them new.\n")


def test_a_copy_is_checked_under_a_given_key_without_settings_or_database(
    awizo: Awizo, copy: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    ended = awizo("log", "check", "--from", str(copy), "--vkey", str(copy / "vkey"), database_url="no", pool_size="x")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(" tiles agree, signed by a key you gave.\n")
    assert sorted(tmp_path.iterdir()) == before


def test_without_a_key_it_warns_that_nobody_vouches(awizo: Awizo, copy: Path) -> None:
    ended = awizo("log", "check", "--from", str(copy))
    assert (ended.code, ended.err.strip()) == (0, NO_KEY)
    assert ended.out.endswith(" tiles agree, signed by the key beside it.\n")


def test_a_difference_is_exit_1_and_its_place(awizo: Awizo, copy: Path) -> None:
    tile = next(shard_in(copy).glob("tile/0/000*/*"))
    tile.write_bytes(tile.read_bytes()[::-1])
    ended = awizo("log", "check", "--from", str(copy), "--vkey", str(copy / "vkey"))
    assert ended.code == EXIT_REFUSED
    assert ended.sentence.startswith(f"{tile.relative_to(copy)}: entry 0 in ")


@pytest.fixture
def web_server(copy: Path) -> Iterator[str]:
    """An ordinary web server that serves the copy as /log, and nothing else."""

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(copy))

        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix("/log"))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/log"
        server.shutdown()
        serving.join()


def test_a_log_is_checked_where_it_is_published(awizo: Awizo, copy: Path, web_server: str) -> None:
    ended = awizo("log", "check", "--from", web_server, "--vkey", str(copy / "vkey"))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(" tiles agree, signed by a key you gave.\n")
    next(shard_in(copy).glob("tile/0/000*/*")).unlink()
    ended = awizo("log", "check", "--from", web_server)
    assert (ended.code, ended.sentence.endswith(": it is missing.")) == (EXIT_REFUSED, True)


def test_where_no_log_is_published_it_is_exit_2(awizo: Awizo, web_server: str) -> None:
    for url, said in (
        (f"{web_server}/nothing", "There is no log."),
        ("http://127.0.0.1:1/log", "the log cannot be reached"),
        ("http://[::1/log", "the log cannot be reached"),
        ("http:///log", "the log cannot be reached"),
    ):
        ended = awizo("log", "check", "--from", url)
        assert (url, ended.code) == (url, EXIT_USAGE)
        assert said in ended.sentence


def test_the_key_of_another_log_is_exit_1(awizo: Awizo, copy: Path, tmp_path: Path) -> None:
    name = (copy / "vkey").read_text().partition("+")[0]
    (tmp_path / "other.vkey").write_text(Ed25519Signer(name, bytes([9]) * 32).vkey + "\n")
    ended = awizo("log", "check", "--from", str(copy), "--vkey", str(tmp_path / "other.vkey"))
    assert (ended.code, ended.sentence) == (
        EXIT_REFUSED,
        f"{shard_in(copy).name}/checkpoint: it is signed by none of the keys given.",
    )


def test_what_cannot_be_read_is_exit_2(awizo: Awizo, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("words\n")
    for arguments, said in (
        (["--from", str(tmp_path / "missing")], "cannot be read: No such file or directory."),
        (["--from", str(tmp_path / "file")], "cannot be read: Not a directory."),
        (["--from", str(tmp_path / "empty")], "There is no copy of a log."),
        (["--from", str(copy), "--vkey", str(tmp_path / "missing")], "cannot be read: No such file or directory."),
        (["--from", str(copy), "--vkey", str(tmp_path / "file")], "The key file cannot be used: "),
        (["--vkey", str(copy / "vkey")], "--vkey goes with --from: "),
    ):
        ended = awizo("log", "check", *arguments)
        assert (arguments, ended.code) == (arguments, EXIT_USAGE)
        assert said in ended.sentence


def test_a_place_that_cannot_take_the_log_is_one_sentence(
    awizo: Awizo, deployed: dict[str, str], copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (shard_in(copy) / "checkpoint").write_text("something else\n")
    for directory, said in (
        (tmp_path / "file", "is not a directory."),
        (tmp_path / "file" / "below", "cannot be written: Not a directory."),
        (copy, "in the directory is no checkpoint"),
    ):
        ended = awizo("log", "export", str(directory), **deployed)
        assert ended.code == EXIT_REFUSED
        assert said in ended.sentence
    with LogDirectory(copy).writing():
        assert awizo("log", "export", str(copy), **deployed).sentence == f"Another export is writing to {copy}."


def test_a_log_that_was_never_opened_is_not_exported(awizo: Awizo, tmp_path: Path) -> None:
    ended = awizo("log", "export", str(tmp_path / "copy"))
    assert (ended.code, ended.sentence) == (EXIT_REFUSED, "Nothing of the log is published yet.")
