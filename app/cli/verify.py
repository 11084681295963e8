"""`awizo verify`: a thin layer over app.evidence.verifier."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import EXIT_USAGE, fail, read
from app.domain.names import is_name

if TYPE_CHECKING:
    from app.evidence.verifier import Named, Report, ShipmentLine, StampChecker

BUNDLE_BYTES_MAX, VKEYS_BYTES_MAX, CERTIFICATES_BYTES_MAX = 64 * 2**20, 64 * 2**10, 2**20
POLICY_BYTES_MAX = 64 * 2**10


def verify(
    bundle: Annotated[Path, typer.Argument(help="The proof bundle, or the statement about a shipment: a JSON file")],
    vkey: Annotated[list[Path] | None, typer.Option(help="A file with the log's keys, one a line")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="A trust policy (c2sp.org/tlog-policy): logs, witnesses and their quorum")
    ] = None,
    tsa_ca: Annotated[
        list[Path] | None, typer.Option(help="A file with certificates (PEM) of stamping authorities that you trust")
    ] = None,
    shipment: Annotated[
        str | None, typer.Option(help="OPERATOR/SHIPMENT: the one that the statement must be about")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every check, for programs")] = False,
) -> None:
    """Verify a proof bundle, or a statement about one shipment, offline.

    Exit 0: verified under a key you gave. 1: refused. 2: a file or option is wrong. 3: sound, but you gave no key.
    """
    from app.evidence.verifier import NoteError, PolicyError, parse_policy, parse_vkeys, verify_file

    try:
        data = read(bundle, BUNDLE_BYTES_MAX)
        vkeys = [key for file in vkey or () for key in parse_vkeys(read(file, VKEYS_BYTES_MAX).decode())]
        trusted = parse_policy(read(policy, POLICY_BYTES_MAX)) if policy is not None else None
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.", EXIT_USAGE)
    except (NoteError, UnicodeDecodeError) as error:
        fail(f"The key file cannot be used: {error}.", EXIT_USAGE)
    except PolicyError as error:
        fail(f"The policy cannot be used: {error}.", EXIT_USAGE)
    stamps = _stamp_checker(tsa_ca) if tsa_ca else None
    report = verify_file(data, vkeys=vkeys, policy=trusted, stamps=stamps, told=_named(shipment) if shipment else None)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print_report(report)
    raise SystemExit(report.exit_code)


def _named(text: str) -> "Named":
    from app.evidence.verifier import Named

    operator, slash, shipment = text.partition("/")
    if not slash or not is_name(operator) or not is_name(shipment):
        fail("--shipment takes the names of an operator and of a shipment, as in poczta-polska/R-1.", EXIT_USAGE)
    return Named(operator, shipment)


def _stamp_checker(files: list[Path]) -> "StampChecker":
    from app.cli.stamp_checking import stamp_checker

    try:
        return stamp_checker([read(file, CERTIFICATES_BYTES_MAX) for file in files])
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.", EXIT_USAGE)
    except ValueError:
        fail("A file of --tsa-ca holds no certificate in PEM.", EXIT_USAGE)


_MARKS = {"holds": "ok  ", "fails": "NO  ", "warning": "note", "not_vouched": "note"}
_VERDICTS = {
    "verified": "VERIFIED under a key you gave.",
    "refused": "REFUSED.",
    "sound_unvouched": "SOUND, but you gave no key, so nobody vouches for who signed it: use --vkey FILE.",
}


_HEADINGS = (
    ("facts", "What is proven, oldest first:"),
    ("context", "What it refers to:"),
    ("events", "The events, in the order of the log:"),
)


def _print_report(report: "Report") -> None:
    for check in report.checks:
        typer.echo(f"{_MARKS[check.outcome]}  {check.name:<13} {check.sentence}")
    for section, heading in _HEADINGS:
        lines = [fact for fact in report.facts if fact.section == section]
        if lines:
            typer.echo(heading)
        for fact in lines:
            typer.echo(f"  {fact.at}  {fact.type:<25} {fact.grade_words}")
    if report.shipment is not None:
        _print_shipment(report.shipment)
    typer.echo(_VERDICTS[report.verdict])


def _print_shipment(said: "ShipmentLine") -> None:
    if said.notifications:
        typer.echo("The notifications, each of which has a proof of its own:")
    for notification, facts in said.notifications:
        typer.echo(f"  {notification}  facts: {facts}")
    about = f"{said.operator}/{said.shipment}" if said.shipment else "a shipment whose name is closed"
    typer.echo(f"About {about}: events {said.events}, notifications {len(said.notifications)}, until {said.until}.")
