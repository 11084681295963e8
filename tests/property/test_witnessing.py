"""Requests to witnesses, cosignatures and policies: what is written is read again, and nothing else passes."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from app.merkle.cosignature import TIME_MAX, cosign
from app.merkle.note import parse_note, with_signatures
from app.merkle.policy import PolicyError, parse_policy
from app.merkle.witness_request import WitnessRequestError, format_add_checkpoint, parse_add_checkpoint
from tests.unit.merkle.test_cosignature import EXAMPLE_LINE, EXAMPLE_TEXT, KEY, PRIVATE
from tests.unit.merkle.test_policy import EXAMPLE

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=63)
SIZES = st.integers(min_value=0, max_value=2**63 - 1)
NOTE = f"{EXAMPLE_TEXT}\n{EXAMPLE_LINE}".encode()


@given(old_size=SIZES, proof=HASHES, note=st.binary(max_size=300))
def test_a_request_is_read_as_it_was_written(old_size: int, proof: list[bytes], note: bytes) -> None:
    read = parse_add_checkpoint(format_add_checkpoint(old_size=old_size, proof=proof, note=note))
    assert (read.old_size, list(read.proof), read.note) == (old_size, proof, note)


@given(body=st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: b"old 1\n" + tail))
def test_of_any_bytes_only_those_that_would_be_written_are_read(body: bytes) -> None:
    try:
        read = parse_add_checkpoint(body)
    except WitnessRequestError:
        return
    assert format_add_checkpoint(old_size=read.old_size, proof=read.proof, note=read.note) == body


@given(at=st.integers(min_value=1, max_value=TIME_MAX), flipped=st.integers(min_value=0, max_value=76 * 8 - 1))
def test_a_cosignature_with_any_bit_flipped_has_no_time(at: int, flipped: int) -> None:
    line = cosign(EXAMPLE_TEXT, key=KEY, sign=PRIVATE.sign, at=at)
    assert KEY.verifies(EXAMPLE_TEXT, line) == at
    raw = bytearray(line.key_id + line.signature)
    raw[flipped // 8] ^= 1 << flipped % 8
    assert KEY.verifies(EXAMPLE_TEXT, line._replace(key_id=bytes(raw[:4]), signature=bytes(raw[4:]))) is None


@given(at=st.integers(min_value=1, max_value=TIME_MAX))
def test_a_cosignature_is_carried_by_a_note(at: int) -> None:
    line = cosign(EXAMPLE_TEXT, key=KEY, sign=PRIVATE.sign, at=at)
    assert KEY.verifies(EXAMPLE_TEXT, parse_note(with_signatures(NOTE, [line])).signatures[-1]) == at


@given(names=st.sets(st.sampled_from(["X1", "X2", "X3", "Y1", "Y2", "Y3"])), more=st.sampled_from(["X1", "Y3"]))
def test_more_cosignatures_never_make_a_quorum_fail(names: set[str], more: str) -> None:
    policy = parse_policy(EXAMPLE)
    enough = len(names & {"X1", "X2", "X3"}) >= 2 and bool(names & {"Y1", "Y2", "Y3"})
    assert policy.satisfied_by(names) is enough
    assert policy.satisfied_by(names | {more}) or not enough


@given(at=st.integers(min_value=0, max_value=len(EXAMPLE) - 1), octet=st.integers(min_value=0, max_value=255))
def test_a_policy_with_any_octet_changed_is_read_or_refused(at: int, octet: int) -> None:
    changed = EXAMPLE[:at] + bytes([octet]) + EXAMPLE[at + 1 :]
    with suppress(PolicyError):
        policy = parse_policy(changed)
        assert policy.satisfied_by(witness.name for witness in policy.witnesses)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_a_policy_error(data: bytes) -> None:
    with suppress(PolicyError):
        parse_policy(data)
