"""SQLite serves one process: a second one says so and ends; after a kill, the next one may start."""

from pathlib import Path

from app.cli.terminal import EXIT_REFUSED
from tests.integration.api.process import serve
from tests.integration.command import Awizo, awizo

__all__ = ["awizo"]  # a fixture

ANOTHER = "Another awizo serves the database of AWIZO_DATABASE_URL: SQLite has one."


def test_a_second_service_on_the_same_file_does_not_start(awizo: Awizo, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'awizo.db'}"
    with serve(tmp_path, database_url=url):
        second = awizo("serve", "--port", "0", database_url=url, data_dir=str(tmp_path))
    assert (second.code, second.sentence) == (EXIT_REFUSED, ANOTHER)


def test_one_that_was_killed_stands_in_nobodys_way(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'awizo.db'}"
    with serve(tmp_path, database_url=url) as first:
        first.process.kill()
        first.process.wait()
        with serve(tmp_path, database_url=url):
            pass
        first.process.returncode = 0  # it did not end in good order, and was not to
