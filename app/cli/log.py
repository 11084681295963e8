"""`awizo log`: the evidence log."""

import sys

import typer

from app.cli.terminal import EXIT_USAGE, fail, process_settings, with_database

commands = typer.Typer(no_args_is_help=True, help="The evidence log.")


@commands.command("check")
def log_check() -> None:
    """Re-verify the whole log in the database, every document, leaf, tile and signed checkpoint.

    Exit 1 names the place of the first difference.
    """
    from rich.console import Console
    from rich.progress import Progress

    from app.merkle.note import parse_vkey
    from app.usecases.check_log import Difference, check_log
    from app.wiring import mark_of, signers

    settings = process_settings()
    if not (settings.data_dir / "keys").is_dir():
        fail(f"There are no keys in {settings.data_dir}; check AWIZO_DATA_DIR.", EXIT_USAGE)
    signer_for, mark = signers(settings.data_dir), mark_of(settings).read()
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("entries checked", total=None)
        results = with_database(
            lambda database: check_log(
                database,
                vkey_for=lambda origin: parse_vkey(signer_for(origin).vkey),
                mark=mark,
                progress=lambda count: bar.advance(task, count),
            )
        )
    for result in results:
        if isinstance(result, Difference):
            fail(f"{result.shard}: {result.sentence}.")
        typer.echo(
            f"{result.shard}: {result.entries} entries, {result.tiles} full tiles and "
            f"{result.checkpoints} signed checkpoints agree."
        )
    if not results and mark is not None:
        fail("The database holds no log, but a checkpoint was signed before.")
    if not results:
        typer.echo("The log has not been opened yet.")
