"""The commands by which an operator keeps the log: end a shard, rotate a key, bring an old backup back."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from app.cli.log import opened_copy
from app.cli.terminal import EXIT_USAGE, fail, process_settings, with_database

if TYPE_CHECKING:
    from app.storage.database import Database
    from app.usecases.read_copy import ReadCopy
    from app.usecases.recover_log import NothingToRecover, Recovery
    from app.usecases.seal_log import Sealer

T = TypeVar("T")
TURNS_MAX = 8
REASON_MAX = 300


def _reason(text: str) -> str:
    if not 0 < len(text.strip()) <= REASON_MAX or not text.isprintable():
        raise typer.BadParameter(f"A reason is one line of at most {REASON_MAX} characters.")
    return text.strip()


_Reason = Annotated[str, typer.Option(callback=_reason, help="Why, for everybody to read: no personal data")]


def _with_sealer(work: Callable[["Database", "Sealer"], Awaitable[T]]) -> T:
    """Run `work` with a sealer that has started and, afterwards, publishes what is pending."""
    from app.wiring import sealer_of

    async def run(database: "Database") -> T:
        sealer = sealer_of(process_settings(), database)
        try:
            await sealer.start()
            result = await work(database, sealer)
            for _ in range(TURNS_MAX):  # the service goes on with what comes meanwhile
                if not await sealer.turn():
                    break
        finally:
            await sealer.close()
        return result

    return with_database(run)


def add_to(commands: typer.Typer) -> None:
    """Add these commands to `awizo log`."""
    commands.command("seal")(log_seal)
    commands.command("rotate-key")(log_rotate_key)
    commands.command("recover")(log_recover)
    commands.command("release")(log_release)


def log_seal(reason: _Reason) -> None:
    """End the shard that is being written, publish its last checkpoint, and open the next one.

    Half-years end by themselves. A running service goes on in the new shard.
    """
    shard = _with_sealer(lambda _database, sealer: sealer.seal_shard(reason))
    typer.echo(f"{shard} is sealed; the log goes on in the next shard.")


def log_rotate_key(
    statements: Annotated[bool, typer.Option("--statements", help="The key of statements, not the log's")] = False,
) -> None:
    """Make a new key. Until the shard ends both sign, so that those who trust the old one can follow.

    Prints the new verifier key. Where several machines sign, copy the new file in keys/ to all of them first thing:
    until then the others publish nothing.
    """
    from app.usecases.rotate_key import rotate_key
    from app.wiring import real_surroundings, signing_keys

    keys = signing_keys(process_settings().data_dir)
    typer.echo(
        _with_sealer(
            lambda database, _sealer: database.transact(
                lambda tx: rotate_key(
                    tx, "statements" if statements else "log", keys=keys, surroundings=real_surroundings()
                )
            )
        )
    )


def log_recover(
    reason: _Reason,
    source: Annotated[
        str | None, typer.Option("--from", metavar="DIR|URL", help="An exported copy, or another node's /log")
    ] = None,
) -> None:
    """Bring the log back after the database was restored from an old backup, or the mark was lost.

    Stop the service first. Entries that were published are taken back from the copy; what cannot be had ends the shard
    where it was signed last, and the log goes on under a new origin. What may have been sent since the backup becomes
    unknown and is never sent by itself: see `awizo log release`.
    """
    from app.usecases.recover_log import NothingToRecover, recover_log
    from app.wiring import mark_of, real_surroundings, sealer_of, signing_keys, witnesses_of

    settings = process_settings()
    if source is not None and not source.startswith(("http://", "https://")) and not Path(source).is_dir():
        fail(f"{source} is not a directory.", EXIT_USAGE)

    async def run(database: "Database", copy: "ReadCopy | None") -> "Recovery | NothingToRecover":
        witnesses = witnesses_of(settings)
        try:
            done = await recover_log(
                database,
                origin_base=settings.origin_base,
                mark=mark_of(settings),
                witnesses=witnesses,
                copy=copy,
                reason=reason,
                keys=signing_keys(settings.data_dir),
                surroundings=real_surroundings(),
            )
        finally:
            await witnesses.close()
        sealer = sealer_of(settings, database)
        await sealer.start()
        await sealer.close()
        return done

    try:
        with ExitStack() as stack:
            copy = stack.enter_context(opened_copy(source))[0] if source else None
            done = with_database(lambda database: run(database, copy))
    except ConnectionError as error:
        fail(f"{source} cannot be read: {error}.", EXIT_USAGE)
    if isinstance(done, NothingToRecover):
        typer.echo("The database holds everything that was signed; nothing to recover.")
        return
    _tell(done)


def _tell(done: "Recovery") -> None:
    typer.echo(f"Entries taken back from the copy: {done.imported}.")
    typer.echo(f"Facts that are lost: {done.lost_facts}{':' if done.lost else '.'}")
    for each in done.lost:
        typer.echo(f"  {each}")
    if done.successor is not None:
        typer.echo(f"The shard ends where it was signed last; the log goes on in {done.successor}.")
    typer.echo(f"Notifications that are unknown now, and are not sent: {done.unknown}.")
    typer.echo("The log can be signed again. Start the service.")


def log_release(
    notifications: Annotated[list[UUID], typer.Argument(metavar="ID...", help="Notifications that a recovery held")],
    reason: Annotated[str, typer.Option(callback=_reason, help="Why; sealed with the person's key")],
) -> None:
    """Let notifications be sent that a recovery made unknown, though they may have been sent before.

    What is not true any more, or may not be sent, is refused. Exit 1 when one of them is; the others are released all
    the same.
    """
    from app.usecases.record_support import ActingSupport
    from app.usecases.release_restored import release_notifications
    from app.wiring import real_surroundings

    done = with_database(
        lambda database: database.transact(
            lambda tx: release_notifications(
                tx,
                notifications,
                by=ActingSupport(actor="console", reason=reason),
                surroundings=real_surroundings(),
            )
        )
    )
    for each in done:
        if each.outcome != "refused":
            typer.echo(f"{each.id} is queued." if each.outcome == "released" else f"{each.id} was released before.")
    if refused := [each for each in done if each.outcome == "refused"]:
        fail(
            "\n".join(
                f"{each.id} is not sent: {_NOT_RELEASED.get(each.reason or '', each.reason)}." for each in refused
            )
        )


_NOT_RELEASED = {
    "not_found": "there is no such notification",
    "not_restored": "it is not unknown because of a recovery",
    "erased": "the person was erased",
    "expired": "the day on which it was news is over",
}
