"""What a bundle's form can break, each refused by the check that is meant to find it."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from app.evidence.verifier import Outcome, Report, Verdict, verify_bundle
from tests.unit.evidence.builder import NEXT_ORIGIN, ORIGIN, Key, Log, delivered_log, edited

Edit = Callable[[dict[str, Any]], object]


@cache
def log() -> Log:
    return delivered_log()


@cache
def bundle() -> bytes:
    return log().bundle()


def check(data: bytes) -> Report:
    return verify_bundle(data, vkeys=log().vkeys())


def failing(report: Report) -> set[str]:
    return {found.name for found in report.with_outcome(Outcome.FAILS)}


def put(*path: Any, value: Any) -> Edit:
    """An edit that sets the member at `path`."""

    def edit(raw: dict[str, Any]) -> None:
        place: Any = raw
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def drop(*path: Any) -> Edit:
    """An edit that removes the member at `path`."""

    def edit(raw: dict[str, Any]) -> None:
        place: Any = raw
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return edit


def test_a_good_bundle_is_verified_and_says_what_it_holds() -> None:
    report = check(bundle())
    assert report.verdict is Verdict.VERIFIED
    assert report.exit_code == 0
    assert report.notification == "0198c0de-0000-7000-8000-00000000a11c"
    assert report.pending == 0
    assert [(fact.type, fact.grade) for fact in report.facts] == [
        ("notification.planned", 0),
        ("attempt.started", 0),
        ("attempt.accepted", 1),
        ("receipt.delivered", 2),
        ("notification.closed", 0),
        ("receipt.late", 2),
        ("event.accepted", 0),
        ("consent.granted", 5),
    ]
    assert report.facts[0].at == "2026-11-23T10:42:10.620Z"
    assert report.facts[3].grade_words == "a provider's report"
    assert report.signers == (str(log().shards[ORIGIN].key.vkey),)


def test_without_a_key_a_good_bundle_is_only_sound() -> None:
    report = verify_bundle(bundle())
    assert report.verdict is Verdict.SOUND_UNVOUCHED
    assert report.exit_code == 3
    assert {found.name for found in report.with_outcome(Outcome.NOT_VOUCHED)} == {
        "signature",
        "completeness",
        "witnesses",
        "timestamps",
    }


def test_under_a_key_that_did_not_sign_it_is_refused() -> None:
    report = verify_bundle(bundle(), vkeys=[Key.of(ORIGIN, "another").vkey, *log().vkeys(NEXT_ORIGIN)])
    assert report.exit_code == 1
    assert failing(report) == {"signature"}


def test_a_refused_bundle_tells_nothing_but_why() -> None:
    report = check(edited(bundle(), put("pending", value=1)))
    assert report.verdict is Verdict.REFUSED
    assert (report.notification, report.issued_at, report.pending, report.facts, report.signers) == (
        None,
        None,
        None,
        (),
        (),
    )


def test_the_report_is_plain_json() -> None:
    raw = json.loads(json.dumps(check(bundle()).as_json()))
    assert raw["verdict"] == "verified"
    assert raw["checks"][0]["name"] == "form"
    assert raw["checks"][0]["outcome"] == "holds"
    assert raw["facts"][2]["grade_words"] == "a provider or mail server took it over"


def test_nothing_sealed_or_shown_appears_in_a_report() -> None:
    told = json.dumps(check(bundle()).as_json()) + repr(check(edited(bundle(), put("pending", value=1))))
    assert "48600100200" not in told
    assert "customer" not in told


def test_a_damaged_bundle_is_told_from_a_forged_one() -> None:
    assert failing(check(edited(bundle(), put("witnesses", value="x"), digest=False))) == {"digest"}


def test_the_verifier_needs_no_other_room_of_the_product() -> None:
    script = "import sys, app.evidence.verifier; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    rooms = {name for name in loaded if name.startswith("app.")}
    assert {name.split(".")[1] for name in rooms} == {"evidence", "merkle"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"not json",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'"' + b"\xc3" + b'"',
        b"[" * 100_000,
        b"[" * 500 + b"]" * 500,
        b'{"a":' * 3_000,
        b'"\\ud800"',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 10_000 + b"}",
        bundle() + b"\n",
        b" " + bundle(),
        bundle() + bundle(),
        bundle()[:-1],
        bundle().replace(b'"pending":0', b'"pending": 0'),
        bundle().replace(b'"pending":0', b'"pending":0.0'),
        bundle().replace(b'"pending":0', b'"pending":0,"pending":0'),
        bundle().replace(b'"format":"awizo', b'"format":"\\u0061wizo'),
    ],
)
def test_bytes_that_are_no_canonical_bundle_are_refused(data: bytes) -> None:
    assert failing(check(data)) == {"form"}


@pytest.mark.parametrize(
    "edit",
    [
        put("format", value="awizo-proof/v2"),
        put("more", value=None),
        put("facts", value=[]),
        put("facts", value={}),
        put("facts", value=[None]),
        put("context", value=None),
        put("vkeys", value=["rubbish"]),
        put("vkeys", value=[5]),
        put("vkeys", value="x"),
        put("notification", value="0198C0DE-0000-7000-8000-00000000A11C"),
        put("issued_at", value="2026-11-23T11:42:03Z"),
        put("issued_at", value="2026-02-30T11:42:03.000Z"),
        put("pending", value=-1),
        put("pending", value=True),
        put("pending", value="0"),
        put("statement", value=""),
        put("statement", value=[]),
        put("witnesses", value=None),
        put("limits", value=None),
        put("anchors", value=[{}]),
        put("anchors", 0, "note", value="not a note"),
        put("anchors", 0, "note", value="a\nb\nc\n\n— x AAAAAAAA\n"),
        put("anchors", 0, "consistency", value=["AAAA"]),
        put("anchors", 0, "consistency", value=[None]),
        put("timestamps", value=[{}]),
        put("timestamps", value=[{"note": "x", "tsr": "AAAA", "consistency": []}]),
        put("originals", 0, "bytes", value="A"),
        put("originals", 0, "fact", value=7),
        put("originals", 0, "media_type", value=None),
        put("originals", 0, "more", value=None),
        put("facts", 0, "more", value=None),
        put("facts", 0, "salt", value="AAAA"),
        put("facts", 0, "salt", value="A" * 42 + "B="),
        put("facts", 0, "openings", value=None),
        put("facts", 0, "openings", value={"content": {"salt": "", "value": ""}}),
        put("facts", 0, "openings", "contact", value=None),
        put("facts", 0, "openings", "contact", "value_base64", value="AAAA"),
        put("facts", 0, "openings", "contact", "value", value=5),
        put("facts", 0, "openings", "contact", "salt", value="AAAA"),
        drop("facts", 0, "openings", "contact", "value"),
        put("facts", 2, "openings", "provider_id", "value_base64", value="AAAA"),
        put("facts", 2, "openings", "provider_reply", value={"salt": "", "value": ""}),
        put("facts", 0, "proof", value="c2sp.org/tlog-proof@v1\n"),
        put("facts", 0, "proof", value=None),
        drop("facts", 0, "proof"),
    ],
)
def test_a_member_of_another_form_is_refused(edit: Edit) -> None:
    assert failing(check(edited(bundle(), edit))) <= {"form", "completeness"}
    assert check(edited(bundle(), edit)).verdict is Verdict.REFUSED


@pytest.mark.parametrize("member", sorted(set(json.loads(bundle())) - {"digest"}))
def test_a_missing_member_is_refused(member: str) -> None:
    assert failing(check(edited(bundle(), drop(member)))) == {"form"}


@pytest.mark.parametrize("digest", ["", "AB" * 32, "ab" * 31, None, 5])
def test_a_digest_of_another_form_is_refused(digest: Any) -> None:
    assert failing(check(edited(bundle(), put("digest", value=digest), digest=False))) == {"form"}


def test_an_extra_line_in_a_proof_is_refused() -> None:
    proof = json.loads(bundle())["facts"][0]["proof"]
    extra = proof.replace("\nindex", "\nextra AAAA\nindex", 1)
    assert failing(check(edited(bundle(), put("facts", 0, "proof", value=extra)))) == {"form"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("v", 2),
        ("v", True),
        ("v", "1"),
        ("id", "0198C0DE-0000-7000-8000-000000000004"),
        ("type", "attempt.invented"),
        ("type", None),
        ("type", "attempt.refused"),
        ("at", "2026-11-23T10:42:03.1200Z"),
        ("at", "2026-11-23T10:42:03.120+00:00"),
        ("at", None),
        ("notification", None),
        ("n", None),
        ("n", -1),
        ("n", True),
        ("prev", None),
        ("prev", "AB" * 32),
        ("prev", "ab" * 31),
        ("anchor", {}),
        ("anchor", {"origin": ORIGIN, "size": 0, "root": "A" * 43 + "="}),
        ("anchor", {"origin": ORIGIN, "size": 1, "root": "AAAA"}),
        ("anchor", {"origin": "two words", "size": 1, "root": "A" * 43 + "="}),
        ("anchor", {"origin": 5, "size": 1, "root": "A" * 43 + "="}),
        ("data", None),
        ("data", {}),
        ("sealed", None),
        ("sealed", {"contact": "A" * 43 + "="}),
        ("sealed", {"provider_id": None}),
        ("sealed", {"provider_id": "AAAA"}),
        ("etsi", "http://uri.etsi.org/19522/Event/ConsignmentAcceptance"),
        ("more", None),
    ],
)
def test_a_document_that_breaks_the_catalogue_is_refused(key: str, value: Any) -> None:
    report = check(edited(bundle(), put("facts", 2, "document", key, value=value)))
    assert failing(report) == {"documents"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attempt", 0),
        ("attempt", "1"),
        ("attempt", True),
        ("provider", 5),
        ("code", 201),
        ("code", []),
        ("peer", "AB" * 32),
        ("peer", "ab" * 31),
        ("substitutes_paper", True),
        ("substitutes_paper", 0),
        ("substitutes_paper", None),
        ("more", None),
    ],
)
def test_data_of_another_kind_is_refused(key: str, value: Any) -> None:
    report = check(edited(bundle(), put("facts", 2, "document", "data", key, value=value)))
    assert failing(report) == {"documents"}


def test_an_etsi_event_where_there_is_no_analogy_is_refused() -> None:
    value = "http://uri.etsi.org/19522/Event/SubmissionAcceptance"
    assert failing(check(edited(bundle(), put("facts", 0, "document", "etsi", value=value)))) == {"documents"}


def test_a_chain_around_a_fact_that_has_none_is_refused() -> None:
    report = check(edited(bundle(), put("context", 0, "document", "notification", value=log_notification())))
    assert failing(report) == {"documents"}


def log_notification() -> str:
    return str(json.loads(bundle())["notification"])
