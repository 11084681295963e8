"""What every command needs: a sentence on stderr with an exit code, settings, the database, a bounded file, a bar."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from app.settings import Settings
    from app.storage.database import Database

EXIT_REFUSED, EXIT_USAGE, EXIT_FAULT = 1, 2, 70
T = TypeVar("T")


def fail(sentence: str, code: int = EXIT_REFUSED) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(code)


def process_settings() -> "Settings":
    from app.logs import configure_logs
    from app.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log_level)
    return settings


def with_database(work: Callable[["Database"], Awaitable[T]]) -> T:
    from app.storage.schema import require_current_schema, require_same_root
    from app.wiring import open_database

    async def run() -> T:
        database = open_database(process_settings())
        try:
            await require_current_schema(database, migrate_first=database.is_sqlite)
            await require_same_root(database)
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def read(file: Path, maximum: int) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(maximum + 1)
    if len(data) > maximum:
        fail(f"{file} is larger than {maximum:,} bytes: that is not what it should be.", EXIT_USAGE)
    return data


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on the terminal, if stderr is one; it is told how many were done, and of how many if that is known."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count, total: bar.update(task, advance=count, total=total)
