"""`awizo witness`: watches somebody else's log, and shows what that log did wrong."""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import EXIT_USAGE, fail, read

if TYPE_CHECKING:
    from app.merkle.policy import Policy

POLICY_BYTES_MAX = 64 * 2**10

commands = typer.Typer(invoke_without_command=True, help="A witness for somebody else's log (c2sp.org/tlog-witness).")

DataDir = Annotated[
    Path | None, typer.Option(help="Its key and what it saw; AWIZO_DATA_DIR, else ./var/witness, unless given")
]


@commands.callback()
def witness(
    context: typer.Context,
    policy: Annotated[
        list[Path] | None, typer.Option(help="A trust policy whose log lines say what to watch; may be repeated")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its key's name, such as witness.example/w1; for good")] = None,
    data_dir: DataDir = None,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8009,
    url: Annotated[str | None, typer.Option(help="Where others reach it, for the lines that it prints")] = None,
) -> None:
    """Run a witness until interrupted; it prints the lines by which others can name it."""
    if context.invoked_subcommand is not None:
        return
    policies = [_policy(file) for file in policy or ()]
    if not any(each.logs for each in policies):
        fail("A witness needs a --policy file with a log line for each log that it shall watch.", EXIT_USAGE)
    from app.logs import configure_logs
    from app.witness.server import open_cosigner, run_witness
    from app.witness.settings import load_witness_settings
    from app.witness.state import WitnessError

    settings = load_witness_settings()
    configure_logs(settings.log_level)
    try:
        cosigner = open_cosigner(data_dir or settings.data_dir, name=name, policies=policies)
    except WitnessError as error:
        fail(str(error), EXIT_USAGE)
    try:
        asyncio.run(run_witness(cosigner, host=host, port=port, url=url, announce=typer.echo))
    except OSError as error:
        fail(f"The witness cannot listen there: {os.strerror(error.errno or 0)}.")
    finally:
        cosigner.close()


@commands.command()
def offences(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="With the notes, which are the evidence")] = False,
) -> None:
    """List the checkpoints that logs signed against what this witness holds; exit 1 when there is a fork."""
    from app.witness.judgement import Offence
    from app.witness.settings import load_witness_settings
    from app.witness.state import WitnessError, seen_offences

    try:
        seen = seen_offences(data_dir or load_witness_settings().data_dir)
    except WitnessError as error:
        fail(str(error), EXIT_USAGE)
    for each in seen:
        at = datetime.fromtimestamp(each.seen_at, UTC).isoformat().replace("+00:00", "Z")
        held = each.held.decode() if each.held is not None else None
        if as_json:
            row = {"log": each.origin, "kind": each.kind, "seen_at": at, "note": each.note.decode(), "held": held}
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            size = each.note.decode().split("\n")[1]
            typer.echo(f"{at}  {each.kind:<8}  {each.origin} at size {size}")
    if not seen:
        typer.echo("No log contradicted what this witness holds.", err=as_json)
    raise SystemExit(any(each.kind is Offence.FORK for each in seen))


def _policy(file: Path) -> "Policy":
    from app.merkle.policy import PolicyError, parse_policy

    try:
        return parse_policy(read(file, POLICY_BYTES_MAX))
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.", EXIT_USAGE)
    except PolicyError as error:
        fail(f"{file} is no policy: {error}.", EXIT_USAGE)
