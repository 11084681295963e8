"""Strict JSON against the standard library, the RFC 8785 library and a naive count of levels."""

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.strict_json import DEPTH_MAX, INTEGER_MAX, NotStrictJson, canonical, parse

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-INTEGER_MAX, INTEGER_MAX)
    | st.floats(-INTEGER_MAX, INTEGER_MAX)
    | _TEXT
    | st.sampled_from(["10:42:00.5,", ":1.5,", "1e5", "\ufb33", "\U0001f600", "\u20ac", "\x7f", "\u2028", '\\"'])
)
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)
_PIECES = (
    *("{", "}", "[", "]", ":", ",", '"a"', '"', "\\", "1", "-0", "1.5", "1e400", "NaN", "null", "true", " ", "ą"),
    *("\\u0000", '"\\ud83d"', '"\\\\u0000"', '"[{"', '"\\""', "9007199254740992", "\0", "\ufeff"),
)
_TOKENS = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join)
_REFUSED = object()


def _read(body: bytes) -> object:
    try:
        return parse(body)
    except NotStrictJson:
        return _REFUSED


@given(VALUES, st.booleans())
def test_what_is_strict_json_is_read_like_by_the_standard_library(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse(body) == json.loads(body)


@settings(max_examples=400)
@given(VALUES)
def test_the_canonical_form_is_the_one_of_the_rfc_8785_library(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_the_canonical_form_is_strict_json_and_its_own_canonical_form(value: object) -> None:
    once = canonical(value)
    assert canonical(parse(once)) == once


@settings(max_examples=400)
@given(_TOKENS)
def test_whatever_the_body_it_is_read_alike_or_refused(text: str) -> None:
    value = _read(text.encode())
    assert value is _REFUSED or value == json.loads(text)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_the_refusal(body: bytes) -> None:
    value = _read(body)
    assert value is _REFUSED or canonical(value)


@given(
    st.integers(1, 40), st.sampled_from(['"}]"', '"\\""', '"[["', '"\\\\"', '"]]]]]]]]]]]]]]]]]]]]]"', "1"]), st.data()
)
def test_twenty_levels_are_read_and_more_are_refused(levels: int, filler: str, data: st.DataObject) -> None:
    text = filler
    for _ in range(levels):
        text = data.draw(st.sampled_from([f"[{filler},{text}]", f'{{"[{{":{text}}}', f'[{text},"}}"]', f"[[],{text}]"]))
    deepest = levels + (1 if f"[[],{filler}]" in text else 0)
    if levels > DEPTH_MAX:
        with pytest.raises(NotStrictJson):
            parse(text.encode())
    elif deepest <= DEPTH_MAX:
        assert parse(text.encode()) == json.loads(text)
