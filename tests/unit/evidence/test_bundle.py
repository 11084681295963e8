import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from app.evidence.bundle import anchors_named, context_leaves
from app.evidence.verifier import Outcome, Verdict, verify_bundle
from app.merkle.encoding import decode_base64
from tests.unit.evidence.builder import (
    EVENT_VALUE,
    NEXT_ORIGIN,
    ORIGIN,
    SMS,
    Log,
    crossing_log,
    delivered_log,
    planned_log,
)


@pytest.fixture
def bundle() -> dict[str, Any]:
    return dict(json.loads(delivered_log().bundle()))


def test_a_bundle_is_canonical_and_has_every_member() -> None:
    data = delivered_log().bundle()
    raw = json.loads(data)
    assert rfc8785.dumps(raw) == data
    assert " ".join(raw) == (
        "anchors context digest facts format issued_at limits notification originals pending statement timestamps"
        " vkeys witnesses"
    )


def test_the_digest_is_that_of_all_but_itself(bundle: dict[str, Any]) -> None:
    digest = bundle.pop("digest")
    assert digest == sha256(rfc8785.dumps(bundle)).hexdigest()


def test_an_sms_is_opened_beside_its_fact(bundle: dict[str, Any]) -> None:
    started = bundle["facts"][1]
    assert started["openings"]["content"]["value"] == SMS
    assert list(started["openings"]["content"]) == ["salt", "value"]


def test_bytes_that_are_no_text_are_opened_as_base64(bundle: dict[str, Any]) -> None:
    opening = bundle["facts"][2]["openings"]["provider_id"]
    assert "value" not in opening
    assert decode_base64(opening["value_base64"]) == b"SM\xff1"


def test_events_replies_and_receipts_are_opened_as_originals_only(bundle: dict[str, Any]) -> None:
    opened = {name for fact in [*bundle["facts"], *bundle["context"]] for name in fact["openings"]}
    assert opened.isdisjoint({"event", "provider_reply", "receipt"})
    kinds = {(original["field"], original["media_type"]) for original in bundle["originals"]}
    assert kinds == {
        ("event", "application/cloudevents+json"),
        ("provider_reply", "application/json"),
        ("receipt", "application/x-www-form-urlencoded"),
    }
    event = next(original for original in bundle["originals"] if original["field"] == "event")
    assert decode_base64(event["bytes"]) == EVENT_VALUE


def test_an_email_is_opened_as_an_original() -> None:
    log = planned_log()
    log.write(
        "attempt.started", {"attempt": 2, "encoding": "mime"}, {"content": b"Subject: x\r\n\r\n\xff"}, chained=True
    )
    log.publish()
    raw = json.loads(log.bundle())
    email = next(original for original in raw["originals"] if original["field"] == "content")
    assert email["media_type"] == "message/rfc822"
    assert raw["facts"][3]["openings"] == {}
    assert verify_bundle(log.bundle(), vkeys=log.vkeys()).verdict is Verdict.VERIFIED


def test_context_anchors_and_originals_are_in_order(bundle: dict[str, Any]) -> None:
    originals = [(original["fact"], original["field"]) for original in bundle["originals"]]
    sizes = [int(anchor["note"].split("\n")[1]) for anchor in bundle["anchors"]]
    indexes = [int(fact["proof"].split("\n")[1].removeprefix("index ")) for fact in bundle["context"]]
    assert originals == sorted(originals)
    assert sizes == sorted(sizes)
    assert indexes == sorted(indexes)


def test_all_facts_of_a_shard_stand_under_one_checkpoint() -> None:
    raw = json.loads(crossing_log().bundle())
    notes = {fact["proof"].partition("\n\n")[2] for fact in [*raw["facts"], *raw["context"]]}
    assert sorted(note.split("\n")[0] for note in notes) == [ORIGIN, NEXT_ORIGIN]


def test_what_a_bundle_must_bring_along_is_read_from_its_facts() -> None:
    log = crossing_log()
    documents = [log.facts[leaf][0].document for leaf in log.chain]
    event, consent = context_leaves(documents)
    assert [log.facts[leaf][0].type for leaf in (event, consent)] == ["event.accepted", "consent.granted"]
    assert anchors_named(documents) == ((ORIGIN, 4), (ORIGIN, 8), (ORIGIN, 12), (NEXT_ORIGIN, 4))


def test_a_small_bundle_stays_small() -> None:
    raw = json.loads(delivered_log().bundle())
    raw["originals"] = []
    assert len(rfc8785.dumps(raw)) < 30_000


@pytest.mark.parametrize("log", [planned_log, delivered_log, crossing_log])
def test_what_is_assembled_verifies(log: Any) -> None:
    written: Log = log()
    written.publish()
    report = verify_bundle(written.bundle(), vkeys=written.vkeys())
    assert report.verdict is Verdict.VERIFIED
    assert report.with_outcome(Outcome.FAILS, Outcome.WARNING) == ()


def test_a_closed_field_keeps_its_commitment_and_the_bundle_verifies() -> None:
    log = delivered_log()
    for leaf, (encoded, origin, index) in log.facts.items():
        log.facts[leaf] = (replace(encoded, openings={}), origin, index)
    raw = json.loads(log.bundle())
    assert all(fact["openings"] == {} for fact in raw["facts"])
    assert raw["originals"] == []
    assert set(raw["facts"][1]["document"]["sealed"]) == {"contact", "content"}
    assert verify_bundle(log.bundle(), vkeys=log.vkeys()).verdict is Verdict.VERIFIED


def test_the_limits_say_what_a_bundle_does_not_show(bundle: dict[str, Any]) -> None:
    assert "no proof of delivery of the letter" in bundle["limits"]
    assert "order, not time" in bundle["limits"]
    assert "further fact" in bundle["limits"]
