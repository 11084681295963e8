"""Service, worker and sandbox providers in one process on loopback, for development."""

from datetime import timedelta

import typer

from app.domain.access import Scope
from app.domain.role import Role
from app.sandbox.server import Sandbox
from app.serving import server
from app.settings import Settings
from app.storage.schema import require_current_schema, require_same_root
from app.usecases.create_key import create_key
from app.wiring import open_database, real_surroundings

HOST = "127.0.0.1"
SMS_PROVIDERS = "twilio=70,smsapi=30"


def with_sandbox(settings: Settings, sandbox: Sandbox, *, public_url: str) -> Settings:
    """The same settings, sending through the sandbox and both of its SMS providers."""
    given = {name.removeprefix("AWIZO_").lower(): value for name, value in sandbox.connection.items()}
    given["sms_providers"] = SMS_PROVIDERS
    return Settings(**(settings.model_dump() | given | {"public_url": public_url}))


async def development_key(settings: Settings) -> str:
    """A new key that may do everything, for a day."""
    surroundings = real_surroundings()
    database = open_database(settings)
    try:
        await require_current_schema(database, migrate_first=database.is_sqlite)
        await require_same_root(database)
        return await database.transact(
            lambda tx: create_key(
                tx,
                name="development",
                operators=(),
                scopes=[Scope.ADMIN],
                expires_at=surroundings.clock() + timedelta(days=1),
                surroundings=surroundings,
            )
        )
    finally:
        await database.close()


def addresses(public_url: str, inbox_url: str) -> list[str]:
    """A line for each page and what it is for."""
    return [
        f"awizo          {public_url}/docs",
        f"inbox          {inbox_url}/   every SMS and e-mail that was sent",
        "outcomes       numbers and mailboxes that force each one: at the foot of the inbox, and docs/sandbox.md",
        f"checkpoint     {public_url}/log/checkpoint",
        f"settings       {public_url}/preferences   what people set for themselves; codes come to the inbox",
        f"audit          {public_url}/audit   the story of an item and its proofs; the key below signs in",
        f"verify         {public_url}/verify   checks a proof in the browser",
        f"status         {public_url}/status   figures for everybody",
        f"metrics        {public_url}/metrics",
    ]


async def run_development(settings: Settings, *, port: int, sandbox_port: int, smtp_port: int) -> None:
    """Run everything until interrupted, after saying where it is."""
    async with Sandbox(http_port=sandbox_port, smtp_port=smtp_port) as sandbox:
        public_url = f"http://{HOST}:{port}"
        local = with_sandbox(settings, sandbox, public_url=public_url)
        token = await development_key(local)
        for line in addresses(public_url, sandbox.base_url):
            typer.echo(line)
        typer.echo(f"key            {token}   may do everything, for a day")
        typer.echo("Ctrl-C ends it.")
        await server(local, host=HOST, port=port, role=Role.ALL).serve()
