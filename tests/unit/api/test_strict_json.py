"""What strict JSON refuses, says about it and costs."""

import time

import pytest

from app.api.strict_json import NotStrictJson, canonical, parse
from tests.poison_values import CANARY

_TWO_MEGABYTES = 2_000_000
_HOSTILE = {
    "open brackets": b"[" * _TWO_MEGABYTES,
    "open objects": b'{"a":' * (_TWO_MEGABYTES // 5),
    "many levels": b"[" * (_TWO_MEGABYTES // 2) + b"]" * (_TWO_MEGABYTES // 2),
    "an integer of two million digits": b"1" * _TWO_MEGABYTES,
    "an exponent of two million digits": b"1e" + b"9" * _TWO_MEGABYTES,
    "escaped quotes without an end": b"[" * 21 + b'"' + b'\\"' * (_TWO_MEGABYTES // 2),
    "escaped backslashes without an end": b"[" * 21 + b'"' + b"\\" * _TWO_MEGABYTES,
    "quotes": b"[" * 21 + b'"' * _TWO_MEGABYTES,
    "escaped NULs": b'"' + b"\\u0000" * (_TWO_MEGABYTES // 6) + b'"',
    "one key over and over": b"{" + b'"a":1,' * (_TWO_MEGABYTES // 6) + b'"b":1}',
}


@pytest.mark.parametrize("body", _HOSTILE.values(), ids=_HOSTILE)
def test_two_hostile_megabytes_are_refused_within_a_second(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(NotStrictJson):
        parse(body)
    assert time.process_time() - began < 1


def test_a_fraction_of_two_million_digits_is_read_within_a_second() -> None:
    began = time.process_time()
    assert parse(b"0." + b"1" * _TWO_MEGABYTES) == pytest.approx(1 / 9)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'\xef\xbb\xbf"x"', "begins with a byte order mark"),
        (b'"\xff"', "is not UTF-8"),
        (b'{"a":1,"a":1}', "has the same key twice in one object"),
        (b"[NaN]", "has NaN or Infinity"),
        (b"[1e400]", "has a number beyond a double's range"),
        (b"[9007199254740992]", "has an integer of 2^53 or more"),
        (b"[-9007199254740992.0]", "has an integer of 2^53 or more"),
        (b'["\\u0000"]', "has a NUL character"),
        (b'[{"\\ud800":1}]', "has a lone surrogate"),
        (b"[" * 21 + b"]" * 21, "has more than 20 levels or unbalanced brackets"),
        (b"{} x", "is not JSON (at character 3)"),
    ],
)
def test_a_refusal_says_what_is_wrong(body: bytes, detail: str) -> None:
    with pytest.raises(NotStrictJson) as refusal:
        parse(body)
    assert refusal.value.detail == detail


def test_a_refusal_keeps_nothing_of_the_body() -> None:
    with pytest.raises(NotStrictJson) as refusal:
        parse(f'{{"{CANARY}": "{CANARY}" {CANARY}'.encode())
    assert CANARY not in str(refusal.value) + refusal.value.detail
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"-0", 0),
        (b"-0.0", 0.0),
        (b"9007199254740991", 2**53 - 1),
        (b"-9007199254740991", -(2**53) + 1),
        (b"1e-400", 0.0),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\\\ud83d\\ude00"', "\\\U0001f600"),
        (b'{"":{"":0}}', {"": {"": 0}}),
        (b"[" * 20 + b"]" * 20, [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]),
        (b'["[","{{{{{{{{{{{{{{{{{{{{{{{{{"]', ["[", "{" * 25]),
    ],
)
def test_what_only_looks_wrong_is_read(body: bytes, value: object) -> None:
    assert parse(body) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.0, 1e-7, 0.1, -0.0]}, '{"a":[1,1e-7,0.1,0],"b":1}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),  # UTF-16 order is not code point order
        ({"t": "10:42:00.123,", "n": "ó\x7f\n"}, '{"n":"ó\x7f\\n","t":"10:42:00.123,"}'),
        (1.5, "1.5"),
        ([], "[]"),
    ],
)
def test_the_canonical_form_follows_rfc_8785(value: object, text: str) -> None:
    assert canonical(value) == text.encode()
