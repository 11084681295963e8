"""Whatever is done to a bundle or sent as one, the verifier answers, and a changed one is refused."""

import json
from functools import cache
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evidence.verifier import Outcome, Verdict, verify_bundle
from tests.unit.evidence.builder import Log, crossing_log, edited

# What nobody seals or signs: it travels for information, guarded by the digest alone.
INFORMATION = {("witnesses",), ("limits",), ("digest",)}


@cache
def log() -> Log:
    return crossing_log()


@cache
def bundle() -> bytes:
    return log().bundle()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a JSON value that hold no others."""
    if isinstance(value, dict):
        return [place for key, inner in value.items() for place in places(inner, (*path, key))]
    if isinstance(value, list):
        return [place for index, inner in enumerate(value) for place in places(inner, (*path, index))]
    return [path]


@cache
def sealed_places() -> list[tuple[Any, ...]]:
    """All values that a commitment, a hash or a signature covers, or that the format fixes."""
    return [
        place
        for place in places(json.loads(bundle()))
        if place not in INFORMATION and place[0] != "vkeys" and place[-1] != "media_type"
    ]


def changed(value: Any, data: st.DataObject) -> Any:
    """Another value of the same kind."""
    if isinstance(value, str) and value:
        at = data.draw(st.integers(0, len(value) - 1), label="at")
        char = data.draw(st.characters(exclude_categories=["Cs"], exclude_characters=value[at]), label="char")
        return value[:at] + char + value[at + 1 :]
    return {True: False, False: True, None: "x", "": "x"}.get(value, 0 if value else 1)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(bundle()) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(place: int, flip: int) -> None:
    data = bytearray(bundle())
    data[place] ^= flip
    report = verify_bundle(bytes(data), vkeys=log().vkeys())
    assert report.verdict is Verdict.REFUSED
    assert report.with_outcome(Outcome.FAILS)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sealed_places()), st.data())
def test_a_changed_value_is_refused_even_with_the_digest_that_belongs_to_it(
    place: tuple[Any, ...], data: st.DataObject
) -> None:
    def edit(raw: dict[str, Any]) -> None:
        holder: Any = raw
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = changed(holder[place[-1]], data)

    assert verify_bundle(edited(bundle(), edit), vkeys=log().vkeys()).verdict is Verdict.REFUSED


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(bundle())), st.binary(max_size=4), st.integers(0, 8))
def test_a_cut_or_patched_bundle_is_refused(place: int, patch: bytes, dropped: int) -> None:
    data = bundle()[:place] + patch + bundle()[place + dropped :]
    report = verify_bundle(data, vkeys=log().vkeys())
    assert (report.verdict is Verdict.REFUSED) == (data != bundle())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_make_the_verifier_fail(data: bytes) -> None:
    assert verify_bundle(data).verdict is Verdict.REFUSED


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(json.loads(bundle()))), st.integers(0, 5), json_values)
def test_no_value_in_any_place_makes_the_verifier_fail(place: tuple[Any, ...], depth: int, value: Any) -> None:
    def edit(raw: dict[str, Any]) -> None:
        path = place[: max(1, len(place) - depth)]
        holder: Any = raw
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value

    report = verify_bundle(edited(bundle(), edit), vkeys=log().vkeys())
    assert report.verdict in set(Verdict)
    rfc8785.dumps(report.as_json())
