"""The `awizo` command. Commands import what they run, so that `--help` and `verify` start at once."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from app.domain.role import Role

if TYPE_CHECKING:
    from app.evidence.verifier import Report
    from app.settings import Settings
    from app.storage.database import Database

app = typer.Typer(
    name="awizo",
    help="Digital delivery notices with evidence that anyone can verify offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
keys_app = typer.Typer(no_args_is_help=True, help="API keys of logistics systems, support and auditors.")
log_app = typer.Typer(no_args_is_help=True, help="The evidence log.")
app.add_typer(keys_app, name="keys")
app.add_typer(log_app, name="log")

EXIT_REFUSED, EXIT_USAGE, EXIT_FAULT = 1, 2, 70
BUNDLE_BYTES_MAX, VKEYS_BYTES_MAX = 64 * 2**20, 64 * 2**10
T = TypeVar("T")


def main() -> None:
    """Run the command; expected failures are one sentence on stderr."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 – what no command expected ends here, without its message
        sentence = _sentence_of(error)
        if sentence is None:
            _fail(_place_of(error), EXIT_FAULT)
        _fail(sentence)


def _sentence_of(error: Exception) -> str | None:
    """What to tell the operator; None for a fault of the program."""
    from app.serving import ListenError
    from app.settings import SettingsError
    from app.storage.database import DatabaseUnavailableError
    from app.storage.schema import SchemaError
    from app.usecases.seal_log import MarkError

    if isinstance(error, SettingsError | SchemaError | ListenError | MarkError):
        return str(error)
    if isinstance(error, DatabaseUnavailableError):
        return "The database cannot be reached; check AWIZO_DATABASE_URL."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}."
    return None


def _place_of(error: Exception) -> str:
    """Where the program is at fault. Its message is left out: it may hold a secret or somebody's data."""
    from app.api.problems import without_messages

    return json.dumps({"event": "unexpected_exception"} | without_messages(error))


def _fail(sentence: str, code: int = EXIT_REFUSED) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(code)


def _settings() -> "Settings":
    from app.logs import configure_logs
    from app.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log_level)
    return settings


def _with_database(work: Callable[["Database"], Awaitable[T]]) -> T:
    from app.storage.schema import require_current_schema, require_same_root
    from app.wiring import open_database

    async def run() -> T:
        database = open_database(_settings())
        try:
            await require_current_schema(database, migrate_first=database.is_sqlite)
            await require_same_root(database)
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    role: Annotated[Role, typer.Option(help="SQLite serves one process with the role all")] = Role.ALL,
) -> None:
    """Run the service until interrupted; what is in flight is settled before it ends."""
    from app.serving import run_until_done, serve_http, work

    settings = _settings()
    if role is Role.WORKER:
        run_until_done(work(settings))
    else:
        run_until_done(serve_http(settings, host=host, port=port, role=role))


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from app.storage.schema import migrate_database
    from app.wiring import open_database

    async def run() -> str:
        database = open_database(_settings())
        try:
            return await migrate_database(database)
        finally:
            await database.close()

    typer.echo(f"The schema is at revision {asyncio.run(run())}.")


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="What the key is for, for people")],
    scope: Annotated[list[str], typer.Option(help="May be given several times")],
    operator: Annotated[list[str] | None, typer.Option(help="May be given several times")] = None,
    expires: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD (UTC)")] = None,
) -> None:
    """Create a key and print its token, this once, alone on stdout."""
    from app.domain.access import Scope
    from app.domain.names import is_name
    from app.usecases.create_key import create_key
    from app.wiring import real_surroundings

    unknown = [item for item in scope if item not in list(Scope)]
    if unknown:
        _fail(f"There is no scope {unknown[0]}; there are {', '.join(Scope)}.", EXIT_USAGE)
    if any(not is_name(item) for item in operator or ()):
        _fail("An operator's name has letters, digits and . _ : ~ - only, at most 128.", EXIT_USAGE)
    until = _end_of(expires) if expires else None
    try:
        token = _with_database(
            lambda database: database.transact(
                lambda tx: create_key(
                    tx,
                    name=name,
                    operators=operator or (),
                    scopes=[Scope(item) for item in scope],
                    expires_at=until,
                    surroundings=real_surroundings(),
                )
            )
        )
    except ValueError as error:
        _fail(f"{str(error).capitalize()}.", EXIT_USAGE)
    typer.echo(token)


def _end_of(day: str) -> datetime:
    try:
        end = datetime.combine(date.fromisoformat(day), time.max, UTC)
    except ValueError:
        _fail("--expires needs a date such as 2027-06-30.", EXIT_USAGE)
    if end <= datetime.now(UTC):
        _fail("--expires lies in the past.", EXIT_USAGE)
    return end


@keys_app.command("list")
def keys_list(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List all keys; secrets are not kept and cannot be shown."""
    from app.storage import api_keys

    async def read(database: "Database") -> list[api_keys.ApiKey]:
        async with database.read() as tx:
            return await api_keys.all_keys(tx)

    rows = [
        {
            "id": key.id,
            "name": key.name,
            "operators": sorted(key.operators) if key.operators is not None else None,
            "scopes": sorted(key.scopes),
            "created_at": key.created_at.isoformat(),
            "expires_at": key.expires_at.isoformat() if key.expires_at else None,
            "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        }
        for key in _with_database(read)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = "revoked" if row["revoked_at"] else f"until {row['expires_at'] or 'revoked'}"
        operators = ", ".join(row["operators"]) if row["operators"] is not None else "all operators"
        typer.echo(f"{row['id']}  {row['name']}  {operators}  {', '.join(row['scopes'] or ())}  {state}")


@keys_app.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key; running services notice within two seconds."""
    from app.storage import api_keys

    now = datetime.now(UTC)
    if not _with_database(lambda database: database.transact(lambda tx: api_keys.revoke(tx, key_id, now=now))):
        _fail("There is no live key with that id.")
    typer.echo(f"Key {key_id} is revoked.")


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The proof bundle, a JSON file")],
    vkey: Annotated[list[Path] | None, typer.Option(help="A file with the log's keys, one a line")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every check, for programs")] = False,
) -> None:
    """Verify a proof bundle offline.

    Exit 0: verified under a key you gave. 1: refused. 2: a file or option is wrong. 3: sound, but you gave no key.
    """
    from app.evidence.verifier import NoteError, parse_vkeys, verify_bundle

    try:
        data = _read(bundle, BUNDLE_BYTES_MAX)
        vkeys = [key for file in vkey or () for key in parse_vkeys(_read(file, VKEYS_BYTES_MAX).decode())]
    except OSError as error:
        _fail(f"{error.filename} cannot be read: {error.strerror}.", EXIT_USAGE)
    except (NoteError, UnicodeDecodeError) as error:
        _fail(f"The key file cannot be used: {error}.", EXIT_USAGE)
    report = verify_bundle(data, vkeys=vkeys)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print_report(report)
    raise SystemExit(report.exit_code)


def _read(file: Path, maximum: int) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(maximum + 1)
    if len(data) > maximum:
        _fail(f"{file} is larger than {maximum:,} bytes: that is not what it should be.", EXIT_USAGE)
    return data


_MARKS = {"holds": "ok  ", "fails": "NO  ", "warning": "note", "not_vouched": "note"}
_VERDICTS = {
    "verified": "VERIFIED under a key you gave.",
    "refused": "REFUSED.",
    "sound_unvouched": "SOUND, but you gave no key, so nobody vouches for who signed it: use --vkey FILE.",
}


def _print_report(report: "Report") -> None:
    for check in report.checks:
        typer.echo(f"{_MARKS[check.outcome]}  {check.name:<13} {check.sentence}")
    for section, heading in (("facts", "What is proven, oldest first:"), ("context", "What it refers to:")):
        lines = [fact for fact in report.facts if fact.section == section]
        if lines:
            typer.echo(heading)
        for fact in lines:
            typer.echo(f"  {fact.at}  {fact.type:<25} {fact.grade_words}")
    typer.echo(_VERDICTS[report.verdict])


@log_app.command("check")
def log_check() -> None:
    """Re-verify the whole log in the database, every document, leaf, tile and signed checkpoint.

    Exit 1 names the place of the first difference.
    """
    from rich.console import Console
    from rich.progress import Progress

    from app.merkle.note import parse_vkey
    from app.usecases.check_log import Difference, check_log
    from app.wiring import mark_of, signers

    settings = _settings()
    if not (settings.data_dir / "keys").is_dir():
        _fail(f"There are no keys in {settings.data_dir}; check AWIZO_DATA_DIR.", EXIT_USAGE)
    signer_for, mark = signers(settings.data_dir), mark_of(settings).read()
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("entries checked", total=None)
        results = _with_database(
            lambda database: check_log(
                database,
                vkey_for=lambda origin: parse_vkey(signer_for(origin).vkey),
                mark=mark,
                progress=lambda count: bar.advance(task, count),
            )
        )
    for result in results:
        if isinstance(result, Difference):
            _fail(f"{result.shard}: {result.sentence}.")
        typer.echo(
            f"{result.shard}: {result.entries} entries, {result.tiles} full tiles and "
            f"{result.checkpoints} signed checkpoints agree."
        )
    if not results and mark is not None:
        _fail("The database holds no log, but a checkpoint was signed before.")
    if not results:
        typer.echo("The log has not been opened yet.")


@app.command()
def openapi() -> None:
    """Print openapi.yaml, made from the code."""
    from app.api.openapi import as_yaml, describe
    from app.main import create_app

    sys.stdout.write(as_yaml(describe(create_app())))


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="A loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8025,
    smtp_port: Annotated[int, typer.Option(min=0, max=65535)] = 2525,
) -> None:
    """Run the sandbox providers: a Twilio-compatible SMS endpoint, an SMTP server, and their inbox page."""
    from app.sandbox.server import run_sandbox

    try:
        asyncio.run(run_sandbox(host, port, smtp_port))
    except ValueError as error:
        _fail(f"{str(error).capitalize()}.", EXIT_USAGE)
    except OSError as error:
        _fail(f"The sandbox cannot listen there: {os.strerror(error.errno or 0)}.")


@app.command()
def run(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
) -> None:
    """Run service, worker and sandbox providers on this machine, for development."""
    from app.development import run_development
    from app.serving import run_until_done

    try:
        run_until_done(run_development(_settings(), port=port))
    except OSError as error:
        _fail(f"The sandbox's ports 8025 and 2525 cannot be had: {os.strerror(error.errno or 0)}.")


@app.command()
def demo() -> None:
    """Show a day of events becoming messages and proofs, on this machine alone, in under a minute."""
    from app.demo import run_demo

    raise SystemExit(asyncio.run(run_demo()))


if __name__ == "__main__":
    main()
