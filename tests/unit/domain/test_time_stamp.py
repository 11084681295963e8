"""What a time stamp response says, whatever it may hold."""

from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from app.domain.time_stamp import TimeStamp, TimeStampError, read_time_stamp
from tests.doubles.tsa import NOON, Grant, new_authority, respond

TEXT = b"a note's text\n"
AUTHORITY = new_authority("Time, really")
ROOTS = x509.load_pem_x509_certificates(AUTHORITY.root_pem)
QUERY = TimestampRequestBuilder().data(TEXT).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
RESPONSE = respond(AUTHORITY, QUERY, Grant())
STAMP = TimeStamp(at=NOON, authority=r"CN=Time\, really")


@pytest.mark.parametrize("roots", [ROOTS, []], ids=["judged", "believed"])
def test_a_stamp_says_when_and_by_whom(roots: list[x509.Certificate]) -> None:
    assert read_time_stamp(RESPONSE, data=TEXT, roots=roots) == STAMP


def test_the_fraction_of_a_second_is_dropped() -> None:
    response = respond(AUTHORITY, QUERY, Grant(at=NOON + timedelta(milliseconds=990)))
    assert read_time_stamp(response, data=TEXT, roots=ROOTS) == STAMP


def test_a_stamp_outlives_the_certificate_under_which_it_was_made() -> None:
    authority = new_authority(days=365)
    roots = x509.load_pem_x509_certificates(authority.root_pem)
    for at, holds in ((NOON, True), (NOON + timedelta(days=365), False)):
        response = respond(authority, QUERY, Grant(at=at))
        if holds:
            assert read_time_stamp(response, data=TEXT, roots=roots).at == at
        else:
            with pytest.raises(TimeStampError, match="do not vouch"):
                read_time_stamp(response, data=TEXT, roots=roots)


def test_a_stamp_on_another_text_is_none() -> None:
    with pytest.raises(TimeStampError, match="something else"):
        read_time_stamp(RESPONSE, data=TEXT + b"\n", roots=ROOTS)


def test_any_of_several_roots_may_vouch() -> None:
    others = x509.load_pem_x509_certificates(new_authority().root_pem)
    assert read_time_stamp(RESPONSE, data=TEXT, roots=[*others, *ROOTS]) == STAMP


def test_the_signer_is_no_root() -> None:
    leaf = x509.load_pem_x509_certificates(AUTHORITY.leaf_pem)
    with pytest.raises(TimeStampError, match="do not vouch"):
        read_time_stamp(RESPONSE, data=TEXT, roots=leaf)


@given(st.integers(0, len(RESPONSE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing_that_is_said(place: int, change: int) -> None:
    damaged = bytearray(RESPONSE)
    damaged[place] ^= change
    try:
        stamp = read_time_stamp(bytes(damaged), data=TEXT, roots=ROOTS)
    except TimeStampError:
        return
    assert stamp == STAMP


@given(st.integers(0, len(RESPONSE) - 1))
def test_a_response_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(TimeStampError):
        read_time_stamp(RESPONSE[:length], data=TEXT)


@given(st.binary(min_size=1, max_size=8))
def test_a_response_with_something_behind_it_is_refused(tail: bytes) -> None:
    with pytest.raises(TimeStampError):
        read_time_stamp(RESPONSE + tail, data=TEXT)


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(TimeStampError):
        read_time_stamp(garbage, data=TEXT)
