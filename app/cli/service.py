"""The commands that run the service, alone or with everything around it, and describe it."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from app.cli.terminal import EXIT_USAGE, fail, process_settings
from app.domain.role import Role


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    role: Annotated[Role, typer.Option(help="SQLite serves one process with the role all")] = Role.ALL,
) -> None:
    """Run the service until interrupted; what is in flight is settled before it ends."""
    from app.serving import run_until_done, serve_http, work

    settings = process_settings()
    if role is Role.WORKER:
        run_until_done(work(settings))
    else:
        run_until_done(serve_http(settings, host=host, port=port, role=role))


def migrate() -> None:
    """Bring the database to this version's schema.

    Behind a pooler it also has the server end transactions that hang, for the role that it runs as.
    """
    from app.storage.schema import migrate_database, set_idle_timeout
    from app.wiring import open_database_directly

    settings = process_settings()

    async def run() -> str:
        database = open_database_directly(settings)
        try:
            revision = await migrate_database(database)
            if settings.database_direct_url is not None:
                await set_idle_timeout(database)
            return revision
        finally:
            await database.close()

    typer.echo(f"The schema is at revision {asyncio.run(run())}.")


def openapi() -> None:
    """Print openapi.yaml, made from the code."""
    from app.api.openapi import as_yaml, describe
    from app.main import create_app

    sys.stdout.write(as_yaml(describe(create_app())))


def sandbox(
    host: Annotated[str, typer.Option(help="A loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8025,
    smtp_port: Annotated[int, typer.Option(min=0, max=65535)] = 2525,
) -> None:
    """Run the sandbox providers: SMS as Twilio and SMSAPI take it, an SMTP server, and their inbox page."""
    from app.sandbox.server import run_sandbox

    try:
        asyncio.run(run_sandbox(host, port, smtp_port))
    except ValueError as error:
        fail(f"{str(error).capitalize()}.", EXIT_USAGE)
    except OSError as error:
        fail(f"The sandbox cannot listen there: {os.strerror(error.errno or 0)}.")


def run(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    sandbox_port: Annotated[int, typer.Option(min=0, max=65535, help="Of the inbox and the SMS providers")] = 8025,
    sandbox_smtp_port: Annotated[int, typer.Option(min=0, max=65535)] = 2525,
) -> None:
    """Run service, worker and sandbox providers on this machine, for development."""
    from app.development import run_development
    from app.serving import run_until_done

    try:
        settings = process_settings()
        run_until_done(run_development(settings, port=port, sandbox_port=sandbox_port, smtp_port=sandbox_smtp_port))
    except OSError as error:
        ports = f"{sandbox_port} and {sandbox_smtp_port}"
        fail(f"The sandbox's ports {ports} cannot be had: {os.strerror(error.errno or 0)}.")


def demo() -> None:
    """Show a day of events becoming messages and proofs, on this machine alone, in under a minute."""
    from app.demo import run_demo

    raise SystemExit(asyncio.run(run_demo()))
