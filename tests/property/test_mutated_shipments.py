"""Statements about a shipment of which one value is another, carried with the digest that fits: both verifiers refuse.

What may be changed without a refusal is what is no evidence: the words, and what is shown of closed fields; it is
listed at the end.
"""

import asyncio
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.evidence.verifier import Named, Outcome, Report, Verdict, parse_vkey, verify_file
from tests.builders import OPERATOR, SHIPMENT
from tests.property.forging import ForgersKey
from tests.property.mutation import Raw, note_of, with_digest
from tests.property.stated_shipments import Files, at, others, places, stated_files
from tests.second_shipment import verify_statement

NO_EVIDENCE = {"limits", "witnesses", "digest"}
TOLD = (OPERATOR, SHIPMENT)


@pytest.fixture(scope="module")
def files(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    file = tmp_path_factory.mktemp("stated") / "awizo.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    return asyncio.run(stated_files(file))


def checked(data: bytes, files: Files, *, told: tuple[str, str] | None = None) -> Report:
    return verify_file(data, vkeys=[parse_vkey(vkey) for vkey in files.vkeys], told=told and Named(*told))


def failing(data: bytes, files: Files) -> set[str]:
    """The checks that fail; both verifiers refuse, or neither does."""
    report, second = checked(data, files), verify_statement(data, files.vkeys)
    assert (report.verdict is Verdict.REFUSED) is not second.accepted, second.reason
    found = report.with_outcome(Outcome.FAILS)
    assert all(check.sentence for check in found)
    assert not found or report.facts == ()
    return {check.name for check in found}


@pytest.mark.parametrize("which", ["file", "empty"])
def test_every_value_that_is_another_is_refused_by_both_verifiers(files: Files, which: str) -> None:
    raw, chance, number, accepted = getattr(files, which), Random(1), 0, []
    for path in places(raw):
        if path[0] in NO_EVIDENCE:
            continue
        for value in others(at(raw, path), chance):
            mutant = deepcopy(raw)
            at(mutant, path[:-1])[path[-1]] = value
            number += 1
            if not failing(with_digest(mutant), files):
                accepted.append((path, value))
    assert accepted == []
    assert number > (30 if which == "empty" else 200)


def test_every_member_and_element_that_is_missing_is_refused(files: Files) -> None:
    accepted = []
    for path in {place[:end] for place in places(files.file) for end in range(1, len(place) + 1)}:
        mutant = deepcopy(files.file)
        del at(mutant, path[:-1])[path[-1]]
        if path[0] != "digest" and not may_be_missing(path):
            accepted += [] if checked(with_digest(mutant), files).verdict is Verdict.REFUSED else [path]
            # To the second verifier the keys that a file names for its checkpoints are information.
            accepted += [] if path[0] == "vkeys" or failing(with_digest(mutant), files) else [path]
    assert accepted == []


def may_be_missing(path: tuple[Any, ...]) -> bool:
    """What is shown of closed values."""
    is_opening = path[0] == "events" and path[2:3] == ("openings",) and len(path) == len(("events", 0, "openings", ""))
    return path == ("subject", "value") or is_opening or (path[0] == "originals" and len(path) == len(("originals", 0)))


def test_every_changed_byte_is_refused(files: Files) -> None:
    data = with_digest(files.file)
    for place in range(0, len(data), 29):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert checked(changed, files).verdict is Verdict.REFUSED


def an_event_left_out(raw: Raw, _files: Files) -> None:
    (gone, *raw["events"]) = raw["events"]
    raw["originals"] = [each for each in raw["originals"] if each["fact"] != gone["document"]["id"]]
    named = {fact["document"]["anchor"]["root"] for fact in raw["events"]}
    raw["anchors"] = [each for each in raw["anchors"] if note_of(each["note"]).lines[2] in named]


def all_is_left_out(raw: Raw, _files: Files) -> None:
    raw.update(events=[], notifications=[], originals=[], anchors=[])


def a_notification_left_out(raw: Raw, _files: Files) -> None:
    del raw["notifications"][0]


def a_chain_is_shorter(raw: Raw, _files: Files) -> None:
    raw["notifications"][0]["facts"] -= 1


def it_ends_later(raw: Raw, _files: Files) -> None:
    raw["until"] = raw["issued_at"]


def it_begins_earlier(raw: Raw, _files: Files) -> None:
    raw["since"] = "2020-01-01T00:00:00.000Z"


def nothing_is_unlinked(raw: Raw, _files: Files) -> None:
    raw["unlinked"] = {"events": 0, "notifications": 0}


def nothing_is_pending(raw: Raw, _files: Files) -> None:
    raw["pending"] = 0


def the_older_statement(raw: Raw, files: Files) -> None:
    raw["statement"] = files.older["statement"]


def the_empty_statement_of_another(raw: Raw, files: Files) -> None:
    raw["statement"] = files.empty["statement"]


def a_strangers_signature(raw: Raw, _files: Files) -> None:
    note = note_of(raw["statement"])
    key = ForgersKey(note.signatures[0][0], Random(1))
    raw["statement"] = key.sign(note.lines)
    raw["vkeys"].append(key.vkey)


def another_header(raw: Raw, _files: Files) -> None:
    raw["statement"] = raw["statement"].replace("awizo-shipment-statement/v1", "awizo-statement/v1")


@pytest.mark.parametrize(
    "change",
    [
        an_event_left_out,
        all_is_left_out,
        a_notification_left_out,
        a_chain_is_shorter,
        it_ends_later,
        it_begins_earlier,
        nothing_is_unlinked,
        nothing_is_pending,
        the_older_statement,
        the_empty_statement_of_another,
        a_strangers_signature,
        another_header,
    ],
    ids=lambda change: change.__name__,
)
def test_what_the_log_did_not_state_fails_as_completeness(change: Callable[[Raw, Files], None], files: Files) -> None:
    raw = deepcopy(files.file)
    change(raw, files)
    assert failing(with_digest(raw), files) == {"completeness"}


def another_subject(raw: Raw, files: Files) -> None:
    raw["subject"] = files.other["subject"]


def another_name(raw: Raw, _files: Files) -> None:
    raw["subject"]["value"] = f"{OPERATOR}\nanother-one"


def an_event_of_another(raw: Raw, files: Files) -> None:
    raw["events"].insert(1, files.other["events"][0])
    raw["originals"] = sorted(
        [*raw["originals"], *files.other["originals"]], key=lambda each: (each["fact"], each["field"])
    )


def events_in_another_order(raw: Raw, _files: Files) -> None:
    raw["events"].reverse()


def an_older_checkpoint(raw: Raw, files: Files) -> None:
    raw["checkpoint"] = files.older["checkpoint"]


@pytest.mark.parametrize(
    "change",
    [another_subject, another_name, an_event_of_another, events_in_another_order, an_older_checkpoint],
    ids=lambda change: change.__name__,
)
def test_what_is_about_something_else_fails_as_subject(change: Callable[[Raw, Files], None], files: Files) -> None:
    raw = deepcopy(files.file)
    change(raw, files)
    found = failing(with_digest(raw), files)
    assert {"subject"} <= found <= {"subject", "completeness", "anchors"}


def test_a_damaged_file_is_told_from_a_forged_one(files: Files) -> None:
    data = with_digest(files.file).replace(b'"limits":"This is', b'"limits":"That is')
    assert failing(data, files) == {"digest"}


def test_without_the_key_for_statements_the_file_is_refused(files: Files) -> None:
    data = with_digest(files.file)
    report = verify_file(data, vkeys=[parse_vkey(files.vkeys[0])])
    assert [check.name for check in report.with_outcome(Outcome.FAILS)] == ["completeness"]
    assert not verify_statement(data, files.vkeys[:1]).accepted


def test_without_any_key_it_is_sound_and_nobody_vouches_for_it(files: Files) -> None:
    report = verify_file(with_digest(files.file))
    assert report.verdict is Verdict.SOUND_UNVOUCHED
    assert {"signature", "completeness"} <= {check.name for check in report.with_outcome(Outcome.NOT_VOUCHED)}


def other_words(raw: Raw) -> None:
    raw["limits"], raw["witnesses"] = "Other words.", "log awizo.example"


def nothing_shown(raw: Raw) -> None:
    raw["originals"] = []
    del raw["subject"]["value"]
    for fact in raw["events"]:
        fact["openings"] = {}


def the_events_are_closed(raw: Raw) -> None:
    raw["originals"] = []
    for fact in raw["events"]:
        fact["openings"] = {}


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        (other_words, Outcome.HOLDS),
        (nothing_shown, Outcome.NOT_VOUCHED),
        (the_events_are_closed, Outcome.NOT_VOUCHED),
    ],
)
def test_what_is_no_evidence_may_be_left_out_or_said_otherwise(
    change: Callable[[Raw], None], subject: Outcome, files: Files
) -> None:
    raw = deepcopy(files.file)
    change(raw)
    data = with_digest(raw)
    assert failing(data, files) == set()
    report = checked(data, files)
    assert report.verdict is Verdict.VERIFIED
    assert [check.outcome for check in report.checks if check.name == "subject"] == [subject]


def test_a_file_of_another_format_is_about_no_shipment(files: Files) -> None:
    for data in (b"{}", b"null", b"[" * 100_000, with_digest({"format": "awizo-proof/v1"})):
        report = checked(data, files, told=TOLD)
        assert [check.name for check in report.with_outcome(Outcome.FAILS)] == ["subject"]
    assert checked(with_digest(files.file), files, told=TOLD).verdict is Verdict.VERIFIED


def test_the_report_for_programs_says_what_was_stated(files: Files) -> None:
    raw = json.loads(json.dumps(checked(with_digest(files.file), files).as_json()))
    assert raw["shipment"] == {
        "operator": OPERATOR,
        "shipment": SHIPMENT,
        "since": files.file["since"],
        "until": files.file["until"],
        "events": 2,
        "notifications": [
            {"notification": each["notification"], "facts": each["facts"]} for each in files.file["notifications"]
        ],
        "unlinked": {"events": 1, "notifications": 0},
    }
    assert SHIPMENT not in repr(checked(with_digest(files.file), files))
