"""`awizo keys`: create, list and revoke API keys."""

import json
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import EXIT_USAGE, fail, with_database

if TYPE_CHECKING:
    from app.storage.database import Database

commands = typer.Typer(no_args_is_help=True, help="API keys of logistics systems, support and auditors.")


@commands.command("create")
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
        fail(f"There is no scope {unknown[0]}; there are {', '.join(Scope)}.", EXIT_USAGE)
    if any(not is_name(item) for item in operator or ()):
        fail("An operator's name has letters, digits and . _ : ~ - only, at most 128.", EXIT_USAGE)
    until = _end_of(expires) if expires else None
    try:
        token = with_database(
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
        fail(f"{str(error).capitalize()}.", EXIT_USAGE)
    typer.echo(token)


def _end_of(day: str) -> datetime:
    try:
        end = datetime.combine(date.fromisoformat(day), time.max, UTC)
    except ValueError:
        fail("--expires needs a date such as 2027-06-30.", EXIT_USAGE)
    if end <= datetime.now(UTC):
        fail("--expires lies in the past.", EXIT_USAGE)
    return end


@commands.command("list")
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
        for key in with_database(read)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = "revoked" if row["revoked_at"] else f"until {row['expires_at'] or 'revoked'}"
        operators = ", ".join(row["operators"]) if row["operators"] is not None else "all operators"
        typer.echo(f"{row['id']}  {row['name']}  {operators}  {', '.join(row['scopes'] or ())}  {state}")


@commands.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key; running services notice within two seconds."""
    from app.storage import api_keys

    now = datetime.now(UTC)
    if not with_database(lambda database: database.transact(lambda tx: api_keys.revoke(tx, key_id, now=now))):
        fail("There is no live key with that id.")
    typer.echo(f"Key {key_id} is revoked.")
