"""CloudEvents over HTTP: modes, limits, normalisation, and every fault at once."""

import json
from datetime import UTC, datetime

import pytest

from app.api.cloudevents import (
    BATCH_BYTES_MAX,
    EVENT_BYTES_MAX,
    Batch,
    Rejected,
    Single,
    body_bytes_max,
    decode_request,
)
from app.api.problems import Fault, Problem
from app.domain.event import Event
from tests.wire import (
    ABSENT,
    BATCH,
    NOTICE_LEFT,
    OUT_FOR_DELIVERY,
    STRUCTURED,
    TRACKING,
    Headers,
    Json,
    batch,
    binary,
    structured,
    with_value,
)


def _decode(request: tuple[Headers, bytes]) -> Single | Batch:
    headers, body = request
    content_type = dict(headers).get(b"content-type")
    return decode_request(
        content_type=content_type.decode() if content_type is not None else None, headers=headers, body=body
    )


def _event(request: tuple[Headers, bytes]) -> Event:
    decoded = _decode(request)
    assert isinstance(decoded, Single)
    return decoded.event


def _results(events: list[object]) -> tuple[Event | Rejected, ...]:
    decoded = _decode(batch(events))
    assert isinstance(decoded, Batch)
    return decoded.results


def _problem(request: tuple[Headers, bytes]) -> Problem:
    with pytest.raises(Problem) as raised:
        _decode(request)
    return raised.value


def _canonical(event: Json) -> Json:
    canonical: Json = json.loads(_event(structured(event)).canonical)
    return canonical


def test_the_envelope_becomes_the_event_in_utc() -> None:
    event = _event(structured(OUT_FOR_DELIVERY))
    assert (event.id, event.source, event.kind) == (
        "wer-1-000123",
        "/poczta-polska/wer-warszawa",
        "out_for_delivery",
    )
    assert event.time == event.effective_at == datetime(2026, 11, 23, 10, 42, tzinfo=UTC)
    assert event.time.tzinfo is UTC
    assert event.quarantine is None


def test_the_three_modes_give_one_event() -> None:
    [in_batch] = _results([NOTICE_LEFT])
    assert _event(structured(NOTICE_LEFT)) == _event(binary(NOTICE_LEFT)) == in_batch


def test_a_binary_event_need_not_state_its_content_type() -> None:
    headers, body = binary(NOTICE_LEFT)
    assert _event((headers[1:], body)) == _event(structured(NOTICE_LEFT))


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8", None, ABSENT])
def test_the_canonical_form_always_has_the_content_type_without_parameters(content_type: object) -> None:
    canonical = _canonical(with_value(NOTICE_LEFT, "datacontenttype", content_type))
    assert canonical["datacontenttype"] == "application/json"


def test_another_json_type_stays_in_the_canonical_form() -> None:
    event = with_value(NOTICE_LEFT, "datacontenttype", "application/vnd.pp.awizo+json")
    assert _canonical(event)["datacontenttype"] == "application/vnd.pp.awizo+json"
    assert _event(structured(event)) == _event(binary(event))


def test_a_null_attribute_is_an_attribute_left_out() -> None:
    event = with_value(NOTICE_LEFT, "subject", None)
    assert _event(structured(event)) == _event(structured(with_value(NOTICE_LEFT, "subject", ABSENT)))


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (-7, "-7"), ("x", "x"), ("", "")])
def test_an_extension_becomes_its_canonical_string(value: object, text: str) -> None:
    assert _canonical({**NOTICE_LEFT, "traceid1": value})["traceid1"] == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"ul. D%C5%82uga%201", "ul. Długa 1"),
        ("ul. Długa 1".encode(), "ul. Długa 1"),
        (b'"ul. \\"X\\" 1"', 'ul. "X" 1'),
        (b"100%25", "100%"),
        (b"%2541", "%41"),
        (b'a"b', 'a"b'),
        (b"%61%62", "ab"),
    ],
)
def test_a_header_is_unquoted_and_percent_decoded_once(value: bytes, text: str) -> None:
    headers, body = binary(with_value(NOTICE_LEFT, "subject", ABSENT))
    event = _event(((*headers, (b"ce-subject", value)), body))
    assert json.loads(event.canonical)["subject"] == text


def test_header_names_are_read_in_any_case() -> None:
    headers, body = binary(NOTICE_LEFT)
    shouted = tuple((name.upper(), value) for name, value in headers)
    decoded = decode_request(content_type="application/json", headers=shouted, body=body)
    assert decoded == Single(event=_event(structured(NOTICE_LEFT)))


def test_headers_do_not_touch_a_structured_event() -> None:
    headers, body = structured(NOTICE_LEFT)
    assert _event(((*headers, (b"ce-id", b"other")), body)).id == "wer-1-000123"


def test_all_faults_of_envelope_and_data_are_told_at_once() -> None:
    event = with_value(NOTICE_LEFT, "id", ABSENT)
    event = with_value(event, "time", "yesterday")
    event = with_value(event, "data.operator", "a b")
    event = with_value(event, "data.notice.left_at", "2026-02-30T10:00:00+01:00")
    event = with_value(event, "data.facility.closures.0.until", "2026-11-01")
    problem = _problem(structured(event))
    assert problem.status == 422
    assert [fault.pointer for fault in problem.errors] == [
        "/id",
        "/time",
        "/data/operator",
        "/data/facility/closures/0",
        "/data/notice/left_at",
    ]


def test_a_header_at_fault_is_told_once() -> None:
    headers, body = binary(NOTICE_LEFT)
    broken = tuple((name, b"\xff" if name == b"ce-id" else value) for name, value in headers)
    assert _problem((broken, body)).errors == (Fault(pointer="/id", detail="The header is not percent-encoded UTF-8"),)


def test_faults_of_extensions_do_not_name_them() -> None:
    event = {**NOTICE_LEFT, "Bad-Name": "x", "other_bad": "y", "good": 1.5, "better": "\x1b"}
    assert _problem(structured(event)).errors == (
        Fault(pointer="", detail="An attribute's name is not 1 to 20 lower-case letters and digits"),
        Fault(pointer="", detail="An extension is neither a string, a Boolean nor a 32-bit Integer"),
        Fault(pointer="", detail="Has control characters"),
    )


def test_a_batch_keeps_the_order_and_rejects_event_by_event() -> None:
    good = {**OUT_FOR_DELIVERY, "id": "good"}
    accepted, invalid, no_event, quarantined = _results([good, {**good, "id": ""}, 5, {**TRACKING, "id": "raw"}])
    assert isinstance(accepted, Event)
    assert accepted.id == "good"
    assert isinstance(invalid, Rejected)
    assert (invalid.problem.status, invalid.problem.errors) == (
        422,
        (Fault(pointer="/id", detail="Must have 1 to 256 characters"),),
    )
    assert isinstance(no_event, Rejected)
    assert no_event.problem.errors == (Fault(pointer="", detail="Must be an object"),)
    assert isinstance(quarantined, Event)
    assert quarantined.quarantine == "unmapped_code"


def test_a_batch_may_be_rejected_whole_event_by_event() -> None:
    assert all(isinstance(each, Rejected) for each in _results([{}, None, []]))


def test_a_batch_may_have_500_events() -> None:
    assert len(_results([OUT_FOR_DELIVERY] * 500)) == 500


@pytest.mark.parametrize("mode", [structured, binary])
def test_a_single_event_may_have_256_kibibytes(mode: object) -> None:
    assert callable(mode)
    headers, body = mode(OUT_FOR_DELIVERY)
    full = body + b" " * (EVENT_BYTES_MAX - len(body))
    assert _event((headers, full)) == _event(structured(OUT_FOR_DELIVERY))
    assert _problem((headers, full + b" ")).status == 413


def test_an_event_of_a_batch_is_measured_in_its_canonical_form() -> None:
    size = len(_event(structured(with_value(OUT_FOR_DELIVERY, "data.raw.more", ""))).canonical)
    fits = with_value(OUT_FOR_DELIVERY, "data.raw.more", "x" * (EVENT_BYTES_MAX - size))
    too_large = with_value(OUT_FOR_DELIVERY, "data.raw.more", "x" * (EVENT_BYTES_MAX - size + 1))
    accepted, rejected = _results([fits, too_large])
    assert isinstance(accepted, Event)
    assert isinstance(rejected, Rejected)
    assert rejected.problem.status == 413


def test_a_batch_may_have_two_mebibytes() -> None:
    headers, body = batch([OUT_FOR_DELIVERY])
    full = body + b" " * (BATCH_BYTES_MAX - len(body))
    assert isinstance(_decode((headers, full)), Batch)
    assert _problem((headers, full + b" ")).status == 413


@pytest.mark.parametrize(
    ("content_type", "maximum"),
    [
        (BATCH.decode(), BATCH_BYTES_MAX),
        ("Application/CloudEvents-Batch+JSON; charset=utf-8", BATCH_BYTES_MAX),
        (STRUCTURED.decode(), EVENT_BYTES_MAX),
        ("application/json", EVENT_BYTES_MAX),
        ("", EVENT_BYTES_MAX),
        (None, EVENT_BYTES_MAX),
    ],
)
def test_only_a_batch_may_be_larger_than_one_event(content_type: str | None, maximum: int) -> None:
    assert body_bytes_max(content_type) == maximum


@pytest.mark.parametrize(
    "source",
    [
        "/",
        "a",
        "urn:x:y",
        "https://pp.example:8443/wer?x=1#f",
        "//h/p",
        "mailto:a@b",
        "?q",
        "#f",
        "a/b:c",
        "/%C5%82",
        "//[::1]/",
    ],
)
def test_a_source_is_any_uri_reference(source: str) -> None:
    assert _event(structured({**NOTICE_LEFT, "source": source})).source == source


@pytest.mark.parametrize("event_type", ["com.example.parcel", "pl.awizo.delivery.notice_left.v2"])
def test_an_unknown_type_is_quarantined_with_what_can_be_read(event_type: str) -> None:
    event = _event(structured({**NOTICE_LEFT, "type": event_type}))
    assert event.quarantine == "unknown_type"
    assert (event.operator, event.shipments, event.recipient) == (
        "poczta-polska",
        ("00759007734123456789",),
        "customer-4711",
    )
    assert (event.notice, event.facility) == (None, None)


def test_an_unknown_type_with_unreadable_names_is_quarantined_without_them() -> None:
    event = with_value({**NOTICE_LEFT, "type": "x"}, "data.shipment", ["a"])
    quarantined = _event(structured(with_value(event, "data.recipient", "a b")))
    assert (quarantined.shipments, quarantined.recipient) == ((), None)


def test_an_unknown_type_without_an_operator_is_invalid() -> None:
    event = with_value({**NOTICE_LEFT, "type": "x"}, "data.operator", ABSENT)
    assert _problem(structured(event)).errors == (Fault(pointer="/data/operator", detail="Field required"),)


def test_reprs_hold_no_content() -> None:
    assert "customer-4711" not in repr(_decode(structured(NOTICE_LEFT)))
