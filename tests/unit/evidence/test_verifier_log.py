"""What a lying log or a forger can do to a bundle, each refused by the check that is meant to find it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.evidence.verifier import Check, Outcome, Report, Verdict, VKey, verify_bundle
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import parse_note
from app.merkle.plans import inclusion_plan
from app.merkle.proof import format_proof
from tests.unit.evidence.builder import (
    NEXT_ORIGIN,
    ORIGIN,
    Key,
    Log,
    crossing_log,
    delivered_log,
    edited,
)

Raw = dict[str, Any]


def check(log: Log, edit: Callable[[Raw], object] | None = None, *, vkeys: Sequence[VKey] | None = None) -> Report:
    data = log.bundle() if edit is None else edited(log.bundle(), edit)
    return verify_bundle(data, vkeys=log.vkeys() if vkeys is None else vkeys)


def failing(report: Report) -> set[str]:
    return {found.name for found in report.with_outcome(Outcome.FAILS)}


def named(report: Report, name: str) -> Check:
    return next(found for found in report.checks if found.name == name)


# what is shown, and where it stands


def test_another_value_than_the_sealed_one_is_refused() -> None:
    def edit(raw: Raw) -> None:
        raw["facts"][0]["openings"]["contact"]["value"] = "+48600100201"

    assert failing(check(delivered_log(), edit)) == {"openings"}


def test_a_character_moved_from_value_to_salt_is_refused() -> None:
    def edit(raw: Raw) -> None:
        opening = raw["facts"][0]["openings"]["contact"]
        opening["value"] = opening["value"][1:]

    assert failing(check(delivered_log(), edit)) == {"openings"}


def test_an_original_with_other_bytes_is_refused() -> None:
    def edit(raw: Raw) -> None:
        raw["originals"][1]["bytes"] = "AAAA"

    assert failing(check(delivered_log(), edit)) == {"originals"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fact", "0198c0de-0000-7000-8000-00000000ffff"),
        ("field", "receipt"),
        ("field", "contact"),
        ("field", "nonsense"),
        ("media_type", "text/html"),
    ],
)
def test_an_original_of_something_else_is_refused(key: str, value: str) -> None:
    def edit(raw: Raw) -> None:
        raw["originals"] = [item for item in raw["originals"] if item["field"] == "event"]
        raw["originals"][0][key] = value

    assert failing(check(delivered_log(), edit)) == {"originals"}


def test_an_original_of_a_field_that_is_opened_beside_its_fact_is_refused() -> None:
    def edit(raw: Raw) -> None:
        opening = raw["facts"][0]["openings"].pop("contact")
        item = {"fact": raw["facts"][0]["document"]["id"], "field": "contact", "media_type": "text/plain"}
        raw["originals"] = [item | {"salt": opening["salt"], "bytes": "KzQ4NjAwMTAwMjAw"}]

    report = check(delivered_log(), edit)
    assert failing(report) == {"originals"}
    assert "beside its fact" in named(report, "originals").sentence


@pytest.mark.parametrize("change", [list.reverse, lambda items: items.append(items[-1])])
def test_originals_out_of_order_or_twice_are_refused(change: Callable[[list[Any]], object]) -> None:
    assert failing(check(delivered_log(), lambda raw: change(raw["originals"]))) == {"originals"}


def test_a_changed_document_is_in_no_log() -> None:
    def edit(raw: Raw) -> None:
        raw["facts"][1]["document"]["data"]["provider"] = "smsapi"

    assert "inclusion" in failing(check(delivered_log(), edit))


def test_a_fact_at_another_index_is_refused() -> None:
    def edit(raw: Raw) -> None:
        raw["facts"][1]["proof"] = raw["facts"][1]["proof"].replace("index 8", "index 9")

    assert failing(check(delivered_log(), edit)) == {"inclusion"}


def test_two_checkpoints_of_one_shard_are_refused() -> None:
    log = delivered_log()
    shard = log.shards[ORIGIN]
    older = max(shard.notes)
    log.write("log.incident", {"detail": "one more"})
    log.publish()

    def edit(raw: Raw) -> None:
        path = shard.proof(inclusion_plan(8, older))
        raw["facts"][1]["proof"] = format_proof(index=8, path=path, note=shard.notes[older])

    report = check(log, edit)
    assert failing(report) == {"inclusion"}
    assert "not the one that proves the other facts" in named(report, "inclusion").sentence


def test_a_fact_that_stands_twice_is_refused() -> None:
    report = check(delivered_log(), lambda raw: raw["context"].append(raw["facts"][0]))
    assert "inclusion" in failing(report)


# keys


def test_a_checkpoint_that_no_named_key_signed_is_refused() -> None:
    def edit(raw: Raw) -> None:
        raw["vkeys"] = [vkey for vkey in raw["vkeys"] if not vkey.startswith(f"{ORIGIN}+")]

    assert failing(check(delivered_log(), edit)) == {"checkpoints"}


def test_the_brought_key_counts_and_not_the_one_in_the_bundle() -> None:
    log = delivered_log()
    impostor = Key.of(ORIGIN, "impostor")
    assert log.shards[ORIGIN].key.vkey != impostor.vkey
    log.shards[ORIGIN].key = impostor
    for size in log.shards[ORIGIN].notes:
        text = Checkpoint(origin=ORIGIN, size=size, root=log.shards[ORIGIN].root(size)).text()
        log.shards[ORIGIN].notes[size] = impostor.sign(text)
    genuine = Log().vkeys()
    assert verify_bundle(log.bundle()).verdict is Verdict.SOUND_UNVOUCHED
    assert failing(check(log, vkeys=genuine)) == {"signature"}


def test_a_key_of_another_name_does_not_vouch() -> None:
    log = delivered_log()
    renamed = replace(log.shards[ORIGIN].key.vkey, name="awizo.example/log/2020h1")
    assert failing(check(log, vkeys=[renamed])) == {"signature"}


def test_a_bad_signature_by_the_brought_key_is_refused() -> None:
    log = delivered_log()
    note = log.shards[ORIGIN].notes[max(log.shards[ORIGIN].notes)]
    signature = parse_note(note).signatures[0]
    other = Key.of(ORIGIN).sign("something else\n")
    forged = note.replace(note.rpartition(b" ")[2], other.rpartition(b" ")[2])
    assert parse_note(forged).signatures[0].key_id == signature.key_id
    log.shards[ORIGIN].notes[max(log.shards[ORIGIN].notes)] = forged
    assert failing(check(log)) == {"checkpoints", "signature"}


def test_each_shard_needs_its_key() -> None:
    log = crossing_log()
    assert failing(check(log, vkeys=log.vkeys(ORIGIN))) == {"signature"}
    assert failing(check(log, vkeys=log.vkeys(NEXT_ORIGIN))) == {"signature"}


def test_an_anchor_in_another_shard_needs_the_key_of_that_shard() -> None:
    log = Log()
    log.publish()
    log.write("notification.held", {"kind": "reminder"}, chained=True, shard=NEXT_ORIGIN)
    log.publish(NEXT_ORIGIN)
    assert check(log).verdict is Verdict.VERIFIED
    assert failing(check(log, vkeys=log.vkeys(NEXT_ORIGIN))) == {"signature"}


def test_after_a_rotation_the_new_key_vouches_for_what_the_retired_one_signed() -> None:
    log = delivered_log()
    shard = log.shards[ORIGIN]
    retired, shard.key = shard.key, Key.of(ORIGIN, "rotated")
    log.write("log.key_rotated", {"origin": ORIGIN, "vkey": str(shard.key.vkey)})
    log.publish()
    data = edited(log.bundle(), lambda raw: raw["vkeys"].append(str(retired.vkey)))
    report = verify_bundle(data, vkeys=[shard.key.vkey])
    assert report.verdict is Verdict.VERIFIED
    assert "consistency" in named(report, "signature").sentence
