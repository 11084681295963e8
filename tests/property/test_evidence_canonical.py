"""The fast encoder against a general implementation of RFC 8785."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fact import ChainLink, Fact
from app.evidence.canonical import INTEGER_MAX, canonical_json, format_time, is_time
from app.evidence.catalogue import CATALOGUE, Chain
from app.evidence.fact import encode_fact
from app.evidence.values import TEXT

keys = st.text(st.characters(codec="ascii"), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


@given(values)
def test_the_fast_encoder_gives_canonical_json(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(st.sampled_from(sorted(CATALOGUE)), st.data())
def test_every_document_is_canonical_whatever_its_texts(name: str, data: st.DataObject) -> None:
    row = CATALOGUE[name]
    texts = {key: data.draw(st.text()) for key, kind in row.data.items() if kind is TEXT}
    reported = {"via": "dsn", "signature": "none"} if "via" in row.data else {}
    sealed = {field: data.draw(st.none() | st.binary()) for field in sorted(row.sealed)}
    first = ChainLink(notification=UUID(int=1), n=0, prev=None)
    later = ChainLink(notification=UUID(int=1), n=1, prev=bytes(32))
    link = None if row.chain is Chain.NEVER else first if row.opens else later
    fact = Fact(type=name, id=UUID(int=2), at=datetime.now(UTC), data=texts | reported, sealed=sealed)
    encoded = encode_fact(fact, link=link, anchor=None, salt=bytes)
    assert encoded.document == rfc8785.dumps(json.loads(encoded.document))
    assert set(encoded.openings) == {field for field, value in sealed.items() if value is not None}


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical_json({"a": "\ud800"})


@given(st.datetimes(timezones=st.timezones()))
def test_a_time_is_written_in_utc_and_never_rounded_up(at: datetime) -> None:
    try:
        moment = at.astimezone(UTC)
    except OverflowError:
        return
    written = format_time(at)
    assert is_time(written)
    assert datetime.fromisoformat(written) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
