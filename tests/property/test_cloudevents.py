"""One event is one event in every HTTP mode; the CloudEvents SDK is the second opinion."""

import json
from datetime import UTC, datetime

import rfc8785
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from app.api.cloudevents import Batch, Single, decode_request
from app.api.problems import Problem
from app.domain.event import Event
from tests.wire import BATCH, NOTICE_LEFT, OUT_FOR_DELIVERY, Headers, Json, batch, binary, structured

_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cn"]),
    min_size=1,
    max_size=20,
)
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e9, 1e9) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(9990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds
_RESERVED = {"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "data"}
_EXTENSION_NAMES = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(lambda name: name not in _RESERVED)
EVENTS = st.builds(
    lambda base, attributes, extensions, more: {
        **base,
        **attributes,
        **extensions,
        "data": {**base["data"], "raw": {**base["data"]["raw"], "more": more}},
    },
    base=st.just(OUT_FOR_DELIVERY),
    attributes=st.fixed_dictionaries(
        {"id": _TEXT, "source": st.from_regex(r"(/|urn:|https://a/)[A-Za-z0-9._~-]{1,20}(%20)?", fullmatch=True)},
        optional={"subject": _TEXT, "time": _TIMES.map(datetime.isoformat)},
    ),
    extensions=st.dictionaries(_EXTENSION_NAMES, _TEXT, max_size=3),
    more=_JSON_VALUES,
)


def _decode(request: tuple[Headers, bytes]) -> Single | Batch:
    headers, body = request
    content_type = dict(headers).get(b"content-type")
    return decode_request(
        content_type=content_type.decode() if content_type is not None else None, headers=headers, body=body
    )


def _single(request: tuple[Headers, bytes]) -> Event:
    decoded = _decode(request)
    assert isinstance(decoded, Single)
    return decoded.event


def _outcome(request: tuple[Headers, bytes]) -> Single | Batch | int:
    try:
        return _decode(request)
    except Problem as problem:
        return problem.status


@given(EVENTS)
def test_one_event_is_the_same_value_in_all_three_modes(event: Json) -> None:
    in_batch = _decode(batch([event]))
    assert isinstance(in_batch, Batch)
    assert _single(structured(event)) == _single(binary(event)) == in_batch.results[0]


@given(EVENTS, _TEXT.filter(lambda text: "%" not in text and '"' not in text and text == text.strip()))
def test_a_raw_utf8_header_says_the_same_as_a_percent_encoded_one(event: Json, subject: str) -> None:
    named = {**event, "subject": subject}
    headers, body = binary(named)
    raw = tuple((name, subject.encode() if name == b"ce-subject" else value) for name, value in headers)
    assert _single((raw, body)) == _single((headers, body)) == _single(structured(named))


@given(EVENTS)
def test_the_canonical_form_is_the_jcs_of_the_structured_event(event: Json) -> None:
    assert _single(structured(event)).canonical == rfc8785.dumps(event)


@given(EVENTS)
def test_the_canonical_form_posted_again_is_the_same_event(event: Json) -> None:
    once = _single(structured(event))
    assert _single((((b"content-type", b"application/cloudevents+json"),), once.canonical)) == once


def _sdk_event(event: Json) -> CloudEvent:
    attributes = {name: value for name, value in event.items() if name != "data"}
    return CloudEvent({**attributes, "time": datetime.fromisoformat(str(event["time"]))}, event["data"])


def _sent(message: HTTPMessage) -> tuple[Headers, bytes]:
    return tuple((name.encode(), value.encode()) for name, value in message.headers.items()), message.body


@given(EVENTS)
def test_what_the_sdk_sends_in_both_modes_is_read_as_one_event(event: Json) -> None:
    sdk_event = _sdk_event(event)
    in_structured, in_binary = (
        _single(_sent(to_structured_event(sdk_event))),
        _single(_sent(to_binary_event(sdk_event))),
    )
    assert in_structured == in_binary
    assert in_structured.time == sdk_event.get_time()


@given(EVENTS, st.booleans())
def test_the_sdk_reads_the_same_attributes_and_data(event: Json, as_headers: bool) -> None:
    headers, body = binary(event) if as_headers else structured(event)
    theirs = from_http_event(HTTPMessage({name.decode(): value.decode() for name, value in headers}, body))
    ours = json.loads(_single((headers, body)).canonical)
    assert ours.pop("data") == theirs.get_data()
    assert datetime.fromisoformat(ours.pop("time")) == theirs.get_time()
    assert ours == {name: value for name, value in theirs.get_attributes().items() if name != "time"}


@given(st.binary(max_size=200), st.sampled_from([b"application/json", BATCH, b"application/cloudevents+json"]))
def test_no_header_bytes_raise_anything_but_a_problem(value: bytes, content_type: bytes) -> None:
    headers, body = binary({**NOTICE_LEFT, "datacontenttype": content_type.decode()})
    outcome = _outcome(((*headers, (b"ce-" + value[:10], value[10:])), body))
    assert isinstance(outcome, Single) or outcome in (400, 422)
