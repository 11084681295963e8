"""`awizo verify`: a thin layer over app.evidence.verifier."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import EXIT_USAGE, fail, read

if TYPE_CHECKING:
    from app.evidence.verifier import Report, StampChecker

BUNDLE_BYTES_MAX, VKEYS_BYTES_MAX, CERTIFICATES_BYTES_MAX = 64 * 2**20, 64 * 2**10, 2**20
POLICY_BYTES_MAX = 64 * 2**10


def verify(
    bundle: Annotated[Path, typer.Argument(help="The proof bundle, a JSON file")],
    vkey: Annotated[list[Path] | None, typer.Option(help="A file with the log's keys, one a line")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="A trust policy (c2sp.org/tlog-policy): logs, witnesses and their quorum")
    ] = None,
    tsa_ca: Annotated[
        list[Path] | None, typer.Option(help="A file with certificates (PEM) of stamping authorities that you trust")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every check, for programs")] = False,
) -> None:
    """Verify a proof bundle offline.

    Exit 0: verified under a key you gave. 1: refused. 2: a file or option is wrong. 3: sound, but you gave no key.
    """
    from app.evidence.verifier import NoteError, PolicyError, parse_policy, parse_vkeys, verify_bundle

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
    report = verify_bundle(data, vkeys=vkeys, policy=trusted, stamps=_stamp_checker(tsa_ca) if tsa_ca else None)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print_report(report)
    raise SystemExit(report.exit_code)


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
