"""What a lying log can do to the history of a notification, each refused by the check that is meant to find it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.domain.fact import Anchor
from app.evidence.bundle import Timestamp
from app.evidence.statement import statement_key_name
from app.evidence.verifier import Check, Outcome, Report, Verdict, VKey, verify_bundle
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import NoteSignature, with_signatures
from app.merkle.plans import consistency_plan
from tests.unit.evidence.builder import (
    NEXT_ORIGIN,
    ORIGIN,
    Key,
    Log,
    crossing_log,
    delivered_log,
    edited,
    planned_log,
)

Raw = dict[str, Any]


def check(log: Log, edit: Callable[[Raw], object] | None = None, *, vkeys: Sequence[VKey] | None = None) -> Report:
    data = log.bundle() if edit is None else edited(log.bundle(), edit)
    return verify_bundle(data, vkeys=log.vkeys() if vkeys is None else vkeys)


def failing(report: Report) -> set[str]:
    return {found.name for found in report.with_outcome(Outcome.FAILS)}


def named(report: Report, name: str) -> Check:
    return next(found for found in report.checks if found.name == name)


def published(log: Log) -> Log:
    log.publish()
    return log


# the chain


def test_a_fact_left_out_of_the_middle_is_refused() -> None:
    assert "chain" in failing(check(delivered_log(), lambda raw: raw["facts"].pop(2)))


def test_a_fact_left_out_at_the_start_is_refused() -> None:
    assert "chain" in failing(check(delivered_log(), lambda raw: raw["facts"].pop(0)))


def test_a_fact_left_out_at_the_end_contradicts_the_statement() -> None:
    assert failing(check(published(delivered_log()), lambda raw: raw["facts"].pop())) >= {"completeness"}


def test_facts_in_another_order_are_refused() -> None:
    assert "chain" in failing(check(delivered_log(), lambda raw: raw["facts"].reverse()))


def test_facts_of_another_notification_are_refused() -> None:
    def edit(raw: Raw) -> None:
        raw["notification"] = str(UUID(int=5))

    assert failing(check(delivered_log(), edit)) == {"chain", "completeness"}


def test_a_fact_of_another_notification_within_is_refused() -> None:
    log = planned_log()
    log.write("notification.closed", {"status": "sent"}, chained=True, notification=UUID(int=5))
    assert failing(check(published(log))) == {"chain"}


def test_a_number_that_is_left_out_is_refused() -> None:
    log = planned_log()
    log.write("notification.closed", {}, chained=True, change=lambda raw: raw.update(n=4))
    assert failing(check(published(log))) == {"chain"}


def test_a_predecessor_that_is_not_the_one_before_is_refused() -> None:
    log = planned_log()
    log.write("notification.closed", {}, chained=True, change=lambda raw: raw.update(prev="00" * 32))
    assert failing(check(published(log))) == {"chain"}


@pytest.mark.parametrize("kind", ["notification.planned", "notification.held"])
def test_a_chain_does_not_begin_twice(kind: str) -> None:
    log = planned_log()
    data = {"operator": "poczta-polska"}
    encoded = {"n": 3, "prev": log.chain[-1].hex()}
    chain, log.chain = log.chain, []
    leaf = log.write(kind, data, chained=True, change=lambda raw: raw.update(encoded))
    log.chain = [*chain, leaf]
    assert failing(check(published(log))) == {"chain"}


def test_a_chain_does_not_begin_with_an_attempt() -> None:
    log = Log()
    log.chain = [bytes(32)]
    leaf = log.write("attempt.started", {}, chained=True, change=lambda raw: raw.update(n=0, prev=None))
    log.chain = [leaf]
    assert failing(check(published(log))) == {"chain"}


def test_a_notification_may_be_suppressed_at_once_or_at_the_last_check() -> None:
    at_once, at_last = Log(), Log()
    at_once.write("notification.suppressed", {"reason": "no_consent"}, chained=True)
    at_last.write("notification.planned", {}, chained=True)
    at_last.write("notification.suppressed", {"reason": "opted_out"}, chained=True)
    for log in (at_once, at_last):
        assert check(published(log)).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "end",
    [
        "notification.suppressed",
        "notification.cancelled",
        "notification.expired",
        "notification.failed",
        "notification.closed",
    ],
)
def test_nothing_but_late_reports_and_statements_follows_the_end(end: str) -> None:
    log = planned_log()
    log.write(end, {}, chained=True)
    log.write("receipt.late", {"via": "callback", "signature": "none"}, chained=True)
    for said in ("acknowledged", "disputed", "misdirected"):
        log.write(f"recipient.{said}", {}, chained=True)
    assert check(published(log)).verdict is Verdict.VERIFIED
    log.write("attempt.started", {"attempt": 2}, chained=True)
    assert failing(check(published(log))) == {"chain"}


def test_a_fact_sealed_before_the_one_it_follows_is_refused() -> None:
    log = planned_log()
    first, second = log.chain[-2:]
    places = {leaf: log.facts[leaf][2] for leaf in (first, second)}
    leaves = log.shards[ORIGIN].leaves
    for leaf, place in ((first, places[second]), (second, places[first])):
        leaves[place] = leaf
        log.facts[leaf] = (*log.facts[leaf][:2], place)
    assert failing(check(published(log))) == {"chain"}


@pytest.mark.parametrize(
    ("kind", "data", "place"),
    [
        ("event.accepted", {}, {"notification": str(UUID(int=1)), "n": 1, "prev": "00" * 32}),
        ("attempt.unknown", {"attempt": 1}, {"notification": None, "n": None, "prev": None}),
    ],
)
def test_a_fact_inside_or_outside_a_chain_against_its_type_is_refused(kind: str, data: Raw, place: Raw) -> None:
    log = planned_log()
    leaf = log.write(kind, data, chained=kind.startswith("attempt"), change=lambda raw: raw.update(place))
    log.publish()
    report = verify_bundle(log.bundle(beside=[leaf]), vkeys=log.vkeys())
    assert failing(report) == {"documents"}
    assert "By its type" in named(report, "documents").sentence


# the context


def test_an_event_that_is_named_and_not_there_is_refused() -> None:
    assert "context" in failing(check(delivered_log(), lambda raw: raw["context"].pop(0)))


def test_a_consent_that_is_named_and_not_there_is_refused() -> None:
    assert failing(check(delivered_log(), lambda raw: raw["context"].pop(1))) == {"context"}


def test_context_out_of_order_is_refused() -> None:
    assert failing(check(delivered_log(), lambda raw: raw["context"].reverse())) == {"context"}


def test_a_context_fact_that_nobody_names_is_refused() -> None:
    log = planned_log()
    extra = log.write("event.replayed", {})
    log.publish()
    report = verify_bundle(log.bundle(beside=[extra]), vkeys=log.vkeys())
    assert failing(report) == {"context"}


@pytest.mark.parametrize(("key", "kind"), [("event_facts", "consent.granted"), ("consent_fact", "event.accepted")])
def test_a_fact_of_another_kind_in_the_place_of_event_or_consent_is_refused(key: str, kind: str) -> None:
    log = Log()
    leaf = log.write(kind, {}).hex()
    log.write("notification.planned", {key: [leaf] if key == "event_facts" else leaf}, chained=True)
    report = check(published(log))
    assert failing(report) == {"context"}
    assert "another type" in named(report, "context").sentence


def test_a_consent_sealed_after_the_plan_that_names_it_is_refused() -> None:
    log = Log()
    consent = log.write("consent.granted", {"version": 1})
    plan = log.write("notification.planned", {"consent_fact": consent.hex()}, chained=True)
    places = {leaf: log.facts[leaf][2] for leaf in (consent, plan)}
    for leaf, place in ((consent, places[plan]), (plan, places[consent])):
        log.shards[ORIGIN].leaves[place] = leaf
        log.facts[leaf] = (*log.facts[leaf][:2], place)
    assert failing(check(published(log))) == {"context"}


# anchors


def test_an_anchor_left_out_is_refused() -> None:
    assert failing(check(delivered_log(), lambda raw: raw["anchors"].pop())) == {"anchors"}


def test_an_anchor_that_nobody_names_is_refused() -> None:
    log = delivered_log()
    newest = log.shards[ORIGIN].notes[max(log.shards[ORIGIN].notes)].decode()
    assert failing(check(log, lambda raw: raw["anchors"].append({"note": newest, "consistency": []}))) == {"anchors"}


def test_anchors_out_of_order_are_refused() -> None:
    assert failing(check(delivered_log(), lambda raw: raw["anchors"].reverse())) == {"anchors"}


@pytest.mark.parametrize("change", [list.clear, list.reverse, lambda path: path.append(path[0])])
def test_a_consistency_path_that_does_not_lead_is_refused(change: Callable[[list[str]], object]) -> None:
    assert failing(check(delivered_log(), lambda raw: change(raw["anchors"][1]["consistency"]))) == {"anchors"}


def test_an_anchor_with_another_root_than_its_checkpoint_is_refused() -> None:
    log = planned_log()
    log.anchor = replace(log.anchor or Anchor(origin="", size=1, root=b""), root=bytes(32))
    log.write("notification.closed", {}, chained=True)
    assert failing(check(published(log))) == {"anchors"}


def test_an_anchor_younger_than_the_fact_is_refused() -> None:
    log = planned_log()
    size = len(log.shards[ORIGIN].leaves)
    log.anchor = Anchor(origin=ORIGIN, size=size + 1, root=bytes(32))
    log.write("notification.closed", {}, chained=True)
    log.shards[ORIGIN].notes[size + 1] = log.shards[ORIGIN].notes[max(log.shards[ORIGIN].notes)]
    log.publish()
    report = check(log)
    assert "anchors" in failing(report)
    assert "younger" in named(report, "anchors").sentence


def test_a_forked_log_is_refused() -> None:
    log = planned_log()
    log.publish()
    assert log.anchor is not None
    log.write("attempt.unknown", {}, chained=True)
    log.anchor = replace(log.anchor, root=bytes(32))
    log.write("notification.closed", {}, chained=True)
    report = check(published(log))
    assert "forked" in named(report, "anchors").sentence


def test_a_log_rewritten_after_a_checkpoint_is_refused() -> None:
    log = planned_log()
    log.shards[ORIGIN].leaves[3] = bytes(32)
    assert failing(check(published(log))) == {"anchors"}


def test_an_anchor_in_a_shard_without_facts_has_no_path() -> None:
    log = Log()
    log.publish()
    log.write("notification.held", {}, chained=True, shard=NEXT_ORIGIN)
    log.publish(NEXT_ORIGIN)
    assert check(log).verdict is Verdict.VERIFIED
    path = ["A" * 43 + "="]
    assert failing(check(log, lambda raw: raw["anchors"][0].update(consistency=path))) == {"anchors"}


# completeness, pending facts, time stamps


def test_without_a_statement_completeness_is_not_vouched_for() -> None:
    log = delivered_log()
    report = verify_bundle(log.bundle(statement=False), vkeys=log.vkeys())
    assert report.verdict is Verdict.VERIFIED
    assert named(report, "completeness").outcome is Outcome.NOT_VOUCHED


def test_without_the_statements_key_completeness_is_not_vouched_for() -> None:
    log = delivered_log()
    report = check(log, vkeys=[log.shards[ORIGIN].key.vkey])
    assert report.verdict is Verdict.VERIFIED
    assert named(report, "completeness").outcome is Outcome.NOT_VOUCHED
    assert "was not given" in named(report, "completeness").sentence


def test_with_its_key_completeness_is_vouched_for() -> None:
    assert named(check(crossing_log()), "completeness").outcome is Outcome.HOLDS


@pytest.mark.parametrize("line", range(1, 7))
def test_a_statement_about_something_else_is_refused_whichever_line_differs(line: int) -> None:
    log = delivered_log()
    values = ("", str(UUID(int=1)), "2026-11-23T11:42:03.121Z", "7", "1", "00" * 32, "19")

    def edit(raw: Raw) -> None:
        lines = raw["statement"].partition("\n\n")[0].split("\n")
        assert lines[line] != values[line]
        lines[line] = values[line]
        raw["statement"] = log.shards[ORIGIN].statements.sign("\n".join(lines) + "\n").decode()

    report = check(log, edit)
    assert failing(report) == {"completeness"}
    assert "something else" in named(report, "completeness").sentence


def test_a_statement_in_another_form_is_refused() -> None:
    log = delivered_log()
    signed = log.shards[ORIGIN].statements.sign("awizo-statement/v2\n").decode()
    assert failing(check(log, lambda raw: raw.update(statement=signed))) == {"completeness"}


def test_a_statement_under_the_logs_own_key_is_refused() -> None:
    log = delivered_log()

    def edit(raw: Raw) -> None:
        text = raw["statement"].partition("\n\n")[0] + "\n"
        raw["statement"] = log.shards[ORIGIN].key.sign(text).decode()

    assert failing(check(log, edit)) == {"completeness"}


def test_a_statement_with_a_bad_signature_is_refused() -> None:
    log = delivered_log()
    assert failing(check(log, lambda raw: raw.update(issued_at="2026-11-23T11:42:03.121Z"))) == {"completeness"}
    forged = Key.of(statement_key_name(ORIGIN), "forged")

    def edit(raw: Raw) -> None:
        raw["statement"] = forged.sign(raw["statement"].partition("\n\n")[0] + "\n").decode()

    assert failing(check(log, edit)) == {"completeness"}


def test_pending_facts_are_a_warning() -> None:
    log = delivered_log()
    report = verify_bundle(log.bundle(pending=2), vkeys=log.vkeys())
    assert report.verdict is Verdict.VERIFIED
    assert report.pending == 2
    assert [found.name for found in report.with_outcome(Outcome.WARNING)] == ["pending"]


def test_cosignatures_are_counted_and_said_not_to_be_checked() -> None:
    log = delivered_log()
    assert "No witness" in named(check(log), "witnesses").sentence
    newest = max(log.shards[ORIGIN].notes)
    cosignature = NoteSignature("witness.example/w1", b"wit1", bytes(72))
    log.shards[ORIGIN].notes[newest] = with_signatures(log.shards[ORIGIN].notes[newest], [cosignature])
    report = check(log)
    assert report.verdict is Verdict.VERIFIED
    assert named(report, "witnesses").outcome is Outcome.NOT_VOUCHED
    assert "(1); they were not checked" in named(report, "witnesses").sentence


def stamp(log: Log, size: int, *, origin: str = ORIGIN, path: tuple[bytes, ...] | None = None) -> Timestamp:
    text = log.shards[origin].notes[size].decode().partition("\n\n")[0] + "\n"
    newest = max(log.shards[ORIGIN].notes)
    if path is None:
        path = log.shards[ORIGIN].proof(consistency_plan(*sorted((size, newest))))
    return Timestamp(text=text, token=b"token", consistency=path)


def test_a_time_stamp_on_the_history_of_the_log_is_said_not_to_be_checked() -> None:
    log = delivered_log()
    newest = max(log.shards[ORIGIN].notes)
    for size in (4, newest):
        report = verify_bundle(log.bundle(timestamps=[stamp(log, size)]), vkeys=log.vkeys())
        assert report.verdict is Verdict.VERIFIED
        assert named(report, "timestamps").outcome is Outcome.NOT_VOUCHED
        assert "not checked" in named(report, "timestamps").sentence


def test_a_time_stamp_may_be_on_an_anchor_of_another_shard() -> None:
    log = Log()
    log.publish()
    log.write("notification.held", {}, chained=True, shard=NEXT_ORIGIN)
    log.publish(NEXT_ORIGIN)
    for size, verdict in ((4, Verdict.REFUSED), (2, Verdict.VERIFIED)):
        stamped = Timestamp(
            text=Checkpoint(origin=ORIGIN, size=size, root=log.shards[ORIGIN].root(2)).text(), token=b""
        )
        assert verify_bundle(log.bundle(timestamps=[stamped]), vkeys=log.vkeys()).verdict is verdict


def test_a_time_stamp_on_something_else_is_refused() -> None:
    log = delivered_log()
    for wrong in (stamp(log, 4, path=()), stamp(log, 2, origin=NEXT_ORIGIN, path=())):
        assert failing(verify_bundle(log.bundle(timestamps=[wrong]), vkeys=log.vkeys())) == {"timestamps"}
