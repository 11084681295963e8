"""`awizo log check` and `awizo log export`: the whole log, in the database or as a copy."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import EXIT_REFUSED, EXIT_USAGE, fail, process_settings, progress_bar, read, with_database
from app.cli.verify import VKEYS_BYTES_MAX

if TYPE_CHECKING:
    from app.merkle.note import VKey
    from app.usecases.check_copied_shard import Paths, Read
    from app.usecases.check_copy import CopyDifference, CopySummary
    from app.usecases.check_log import Difference, LogSummary

commands = typer.Typer(no_args_is_help=True, help="The evidence log.")


@commands.command("check")
def log_check(
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="DIR|URL", help="Check this copy or log instead, with no database or settings"),
    ] = None,
    vkey: Annotated[list[Path] | None, typer.Option(help="With --from: a file with the log's keys, one a line")] = None,
) -> None:
    """Re-verify the whole log: in the database every document, leaf, tile and signed checkpoint; or a copy of it.

    Exit 1 names the place of the first difference. 2: a file, directory or option is wrong.
    """
    if source is not None:
        _check_copy(source, vkey or [])
    elif vkey:
        fail("--vkey goes with --from: the log in the database is checked under its own keys.", EXIT_USAGE)
    else:
        _check_database()


def _check_database() -> None:
    from app.usecases.check_log import check_log
    from app.wiring import mark_of, signing_keys

    settings = process_settings()
    if not (settings.data_dir / "keys").is_dir():
        fail(f"There are no keys in {settings.data_dir}; check AWIZO_DATA_DIR.", EXIT_USAGE)
    keys, mark = signing_keys(settings.data_dir), mark_of(settings).read()
    with progress_bar("entries checked") as advance:
        results = with_database(
            lambda database: check_log(
                database,
                keys=keys,
                mark=mark,
                progress=lambda count: advance(count, None),
            )
        )
    _tell_of_database(results)
    if not results and mark is not None:
        fail("The database holds no log, but a checkpoint was signed before.")
    if not results:
        typer.echo("The log has not been opened yet.")


def _tell_of_database(results: "list[LogSummary | Difference]") -> None:
    from app.usecases.check_log import Difference

    for result in results:
        if isinstance(result, Difference):
            fail(f"{result.shard}: {result.sentence}.")
        typer.echo(
            f"{result.shard}: {result.entries} entries, {result.tiles} full tiles and "
            f"{result.checkpoints} signed checkpoints agree."
        )
        for number, what in (
            (result.retired, "facts were removed because they were old"),
            (result.lost, "facts are lost, as a recovery found"),
            (result.short, "entries more were signed, and are lost, as a recovery found"),
        ):
            if number:
                typer.echo(f"{result.shard}: {number} {what}.")


def _check_copy(source: str, files: list[Path]) -> None:
    from app.usecases.check_copy import NoCopyError, check_copy

    vkeys = _given_keys(files)
    try:
        with progress_bar("entries checked") as advance, opened_copy(source) as (read_file, paths):
            results = check_copy(read_file, paths=paths, vkeys=vkeys, progress=lambda count: advance(count, None))
    except NoCopyError as error:
        fail(f"{source}: {error}", EXIT_USAGE)
    except OSError as error:
        fail(f"{error.filename or source} cannot be read: {error.strerror or error}.", EXIT_USAGE)
    _tell_of_copy(results)


@contextmanager
def opened_copy(source: str) -> "Iterator[tuple[Read, Paths | None]]":
    """How to read a copy, and how to list it; a log over HTTP cannot be listed."""
    from app.storage.log_directory import LogDirectory

    if not source.startswith(("http://", "https://")):
        directory = LogDirectory(Path(source))
        yield directory.read, directory.paths
        return
    from app.wiring import log_at

    with closing(log_at(source)) as log:
        yield log.read, None


def _given_keys(files: list[Path]) -> "list[VKey]":
    from app.merkle.note import NoteError, parse_vkeys

    try:
        return [key for file in files for key in parse_vkeys(read(file, VKEYS_BYTES_MAX).decode())]
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.", EXIT_USAGE)
    except (NoteError, UnicodeDecodeError) as error:
        fail(f"The key file cannot be used: {error}.", EXIT_USAGE)


def _tell_of_copy(results: "list[CopySummary | CopyDifference]") -> None:
    from app.usecases.check_copy import CopyDifference, CopySummary, Voucher

    words = {
        Voucher.KEY: "signed by a key you gave",
        Voucher.NEXT_SHARD: "vouched for by the shard after it",
        Voucher.NOBODY: "signed by the key beside it",
    }
    for result in results:
        if isinstance(result, CopySummary):
            rotated = ", its key rotated since it was opened" if result.rotated else ""
            typer.echo(
                f"{result.shard}: {result.entries} entries and {result.tiles} tiles agree, "
                f"{words[result.voucher]}{rotated}."
            )
    differences = [result for result in results if isinstance(result, CopyDifference)]
    for difference in differences:
        typer.echo(f"{difference.place}: {difference.sentence}.", err=True)
    if differences:
        raise SystemExit(EXIT_REFUSED)
    if any(isinstance(result, CopySummary) and result.voucher is Voucher.NOBODY for result in results):
        typer.echo("You gave no key, so nobody vouches for who signed it: use --vkey FILE.", err=True)


@commands.command("export")
def log_export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where a web server finds what it serves as /log")],
) -> None:
    """Write the published log as files that any web server can publish, or bring such a copy up to date.

    What an earlier export wrote is taken to be there. To mend a copy that `awizo log check --from` refuses, remove its
    files called checkpoint and export again.
    """
    from app.storage.log_directory import DirectoryInUseError, LogDirectory
    from app.usecases.export_log import ExportError, export_log

    copy = LogDirectory(directory)
    try:
        with progress_bar("entries written") as advance:
            shards = with_database(lambda database: export_log(database, copy, progress=advance))
    except ExportError as error:
        fail(str(error))
    except DirectoryInUseError:
        fail(f"Another export is writing to {directory}.")
    except FileExistsError:
        fail(f"{directory} is not a directory.")
    except OSError as error:
        fail(f"{error.filename or directory} cannot be written: {error.strerror}.")
    for shard in shards:
        lacks = f"; {shard.lacks} more were signed, and the database has lost them" if shard.lacks else ""
        typer.echo(f"{shard.shard}: {shard.entries} entries, {shard.added} of them new{lacks}.")
