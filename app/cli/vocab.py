"""`awizo vocab`: tables of operators' codes, checked before a deployment takes them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import EXIT_REFUSED, EXIT_USAGE, fail, read

if TYPE_CHECKING:
    from app.domain.vocabulary_check import Change, TableCheck
    from app.domain.vocabulary_row import Row
    from app.domain.vocabulary_table import TableFault


commands = typer.Typer(help="Tables of what operators' codes mean.", no_args_is_help=True)


@commands.command()
def check(
    file: Annotated[Path, typer.Argument(help="A table in CSV, as AWIZO_VOCABULARY_DIR holds them")],
    vocabulary: Annotated[str | None, typer.Option(help="Its name, if it is not that of the file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs")] = False,
) -> None:
    """Check a table of codes offline: every fault with its line, and what it changes in the built-in one.

    Exit 0: it can be used. 1: it has faults. 2: the file cannot be read.
    """
    from app.domain.vocabularies import TABLE_BYTES_MAX, built_in
    from app.domain.vocabulary_check import check_table

    try:
        data = read(file, TABLE_BYTES_MAX)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.", EXIT_USAGE)
    found = check_table(data, vocabulary=vocabulary or file.stem, built_in=built_in())
    if as_json:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        _print(found)
    raise SystemExit(EXIT_REFUSED if found.faults else 0)


def _print(found: "TableCheck") -> None:
    for fault in found.faults:
        typer.echo(f"NO    line {fault.line}: {fault.detail}")
    for caution in found.cautions:
        typer.echo(f"note  line {caution.line}: {caution.detail}")
    kind = "a vocabulary of its own" if found.is_new else "over the built-in table"
    typer.echo(f"{found.vocabulary}, {kind}. Codes understood: {len(found.rows)}")
    for type_, count in found.types.items():
        typer.echo(f"  {count:>4}  {type_}")
    if not found.is_new:
        typer.echo(f"Changes to what the built-in table says: {len(found.changes)}")
    for change in found.changes:
        typer.echo(f"  line {change.after.line}: {_sentence(change)}")
    typer.echo(f"SOUND, version {found.version}." if not found.faults else f"FAULTY: {len(found.faults)} to correct.")


def _sentence(change: "Change") -> str:
    after = f"{change.after.code} is {_words(change.after)}"
    if change.before is None:
        return f"{after}, was unknown"
    by = f" by {change.before.code}" if change.before.code != change.after.code else ""
    return f"{after}, was {_words(change.before)}{by}"


def _words(row: "Row") -> str:
    more = [f"{key}={value}" for key, value in row.fields.items()]
    more += [f"guard {row.guard}"] if row.guard else []
    words = row.type or "ignored"
    return f"{words} ({'; '.join(more)})" if more else words


def _as_json(found: "TableCheck") -> dict[str, object]:
    return {
        "vocabulary": found.vocabulary,
        "version": found.version,
        "sound": not found.faults,
        "new": found.is_new,
        "codes": len(found.rows),
        "types": found.types,
        "faults": [_place(fault) for fault in found.faults],
        "cautions": [_place(caution) for caution in found.cautions],
        "changes": [
            {
                "line": change.after.line,
                "code": change.after.code,
                "before": _meaning(change.before) if change.before else None,
                "after": _meaning(change.after),
            }
            for change in found.changes
        ],
    }


def _place(fault: "TableFault") -> dict[str, object]:
    return {"line": fault.line, "detail": fault.detail}


def _meaning(row: "Row") -> dict[str, object]:
    return {"code": row.code, "type": row.type, "set": dict(row.fields), "guard": row.guard}
