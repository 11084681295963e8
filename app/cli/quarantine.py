"""`awizo quarantine`: events that nobody could interpret when they came, listed, and taken up again."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.cli.terminal import EXIT_REFUSED, EXIT_USAGE, fail, process_settings, progress_bar, with_database

if TYPE_CHECKING:
    from app.storage.database import Database
    from app.storage.quarantine import KeptEvent
    from app.usecases.replay_quarantined import Outcome, Replay

LIMIT_MAX = 1000
_NOT_TO_SEND = frozenset({"suppressed", "cancelled"})

commands = typer.Typer(no_args_is_help=True, help="Events of a type or code that nobody knew when they came.")


@commands.command("list")
def quarantine_list(
    operator: Annotated[str | None, typer.Option(help="Only of this operator")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Received on that day or later (UTC)")] = None,
    before: Annotated[UUID | None, typer.Option(metavar="ID", help="Older than this event: the next page")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="How many at most")] = 50,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List what is set aside, the newest first: id, when it came, operator, type, vocabulary:code, and why.

    `erased` beside the reason: nothing is left to be replayed.
    """
    from app.storage import quarantine

    sought = quarantine.Sought(
        operator=operator, received_from=_day(since) if since else None, before=before, limit=limit + 1
    )

    async def read(database: "Database") -> "list[KeptEvent]":
        async with database.read() as tx:
            return await quarantine.newest(tx, sought)

    found = with_database(read)
    page = found[:limit]
    if as_json:
        typer.echo(json.dumps([_members(kept) for kept in page]))
        return
    for kept in page:
        typer.echo(_line(kept))
    if len(found) > limit:
        typer.echo(f"There is more: --before {page[-1].id}")
    if not found:
        everything = operator is None and since is None and before is None
        typer.echo("Nothing is in quarantine." if everything else "Nothing of that is in quarantine.")


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    except ValueError:
        fail("--since needs a date such as 2026-11-23.", EXIT_USAGE)


def _members(kept: "KeptEvent") -> dict[str, object]:
    return {
        "id": str(kept.id),
        "received_at": kept.received_at.isoformat(),
        "operator": kept.operator,
        "type": kept.type,
        "code": kept.code,
        "why": kept.why,
        "erased": kept.payload is None,
    }


def _line(kept: "KeptEvent") -> str:
    came = kept.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    why = f"{kept.why}, erased" if kept.payload is None else kept.why
    return f"{kept.id}  {came}  {kept.operator}  {_shown(kept.type)}  {_shown(kept.code or '-')}  {why}"


def _shown(text: str) -> str:
    """A producer's text as it may stand on a terminal, in one line."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


@commands.command("replay")
def quarantine_replay(
    events: Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...", help="Events that the list names")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is set aside")] = False,
    code: Annotated[
        str | None, typer.Option(metavar="VOCABULARY:CODE", help="With --all: only what has this code")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of them, and change nothing")
    ] = False,
) -> None:
    """Read events again with today's types and vocabularies, and accept those that are understood now.

    Exit 0: all are accepted. 1: some are not, and why. 2: wrong use.
    """
    if bool(events) == everything:
        fail("Name events, or give --all.", EXIT_USAGE)
    if code is not None and not everything:
        fail("--code goes with --all.", EXIT_USAGE)
    wanted = _code(code) if code is not None else None
    counts = with_database(lambda database: _replay(database, events or [], wanted, dry_run=dry_run))
    typer.echo(_summary(counts, dry_run=dry_run))
    if counts["left"]:
        raise SystemExit(EXIT_REFUSED)


def _code(text: str) -> str:
    """As events keep it."""
    from app.domain.event import code_with_vocabulary

    vocabulary, _, code = text.partition(":")
    if not vocabulary.strip() or not code.strip():
        fail("--code needs a vocabulary and a code such as poczta-polska:P_A.", EXIT_USAGE)
    return code_with_vocabulary(vocabulary, code)


async def _replay(database: "Database", events: Sequence[UUID], code: str | None, *, dry_run: bool) -> Counter[str]:
    from app.api.cloudevents import decode_kept
    from app.storage import quarantine
    from app.usecases.replay_quarantined import Replay
    from app.wiring import real_surroundings, sealer_of, vocabularies

    settings = process_settings()
    sealer = sealer_of(settings, database)
    replay = Replay(
        # Nothing is decided over a database that is not the one that was signed.
        database=database.only_while(sealer.reaches_mark),
        decode=decode_kept,
        vocabularies=vocabularies(settings),
        surroundings=real_surroundings(),
        dry_run=dry_run,
    )
    async with database.read() as tx:
        counted, is_any = await quarantine.count(tx), await quarantine.last(tx) is not None
    counts = Counter[str]()
    if is_any:
        await sealer.look()
    if is_any or events:
        await _go_through(replay, events, code, counts, total=len(set(events)) or (None if code else counted.there))
    counts["erased"] = 0 if events else counted.erased
    return counts


async def _go_through(
    replay: "Replay", events: Sequence[UUID], code: str | None, counts: Counter[str], *, total: int | None
) -> None:
    with progress_bar("events replayed") as advance:
        async for outcomes in replay.named(events) if events else replay.all(code):
            for outcome in outcomes:
                _tell(outcome, counts)
            advance(len(outcomes), total)


def _tell(outcome: "Outcome", counts: Counter[str]) -> None:
    from app.usecases.replay_quarantined import AcceptedBefore, Left, Replayed

    match outcome:
        case Replayed():
            counts["replayed"] += 1
            counts["suppressed"] += sum(n.status in _NOT_TO_SEND for n in outcome.notifications)
            counts["to send"] += sum(n.status not in _NOT_TO_SEND for n in outcome.notifications)
            typer.echo(f"{outcome.event}  {outcome.type or 'a code that tells nobody'}")
        case AcceptedBefore():
            counts["before"] += 1
            typer.echo(f"{outcome.event}  accepted before")
        case Left():
            counts["left"] += 1
            typer.echo(f"NO  {outcome.event}  {outcome.why}")


def _summary(counts: Counter[str], *, dry_run: bool) -> str:
    verb = "Would be replayed" if dry_run else "Replayed"
    parts = [f"{verb}: {counts['replayed']} (messages to send: {counts['to send']}, not sent: {counts['suppressed']})"]
    parts.append(f"left in quarantine: {counts['left']}")
    if counts["before"]:
        parts.append(f"accepted before: {counts['before']}")
    if counts["erased"]:
        parts.append(f"erased, nothing to replay: {counts['erased']}")
    return "; ".join(parts) + "."
