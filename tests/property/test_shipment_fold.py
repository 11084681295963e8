"""The events of any shipment: whatever the order in which they come, and whatever takes back what."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import event, given
from hypothesis import strategies as st

from app.domain.shipment import (
    ENDING_KINDS,
    RANK,
    WAITING_KINDS,
    Milestone,
    corrections,
    makes_untrue,
    picture_of,
    reason_not_to_tell,
    standing,
)

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
KINDS = (*RANK, "lost", "terms_changed", "delayed")
SHIFTS = st.permutations(range(8))


@st.composite
def histories(draw: st.DrawFn) -> list[Milestone]:
    """Up to eight events, many of one moment; corrections aim at any of them, themselves too, or at nothing known."""
    kinds = draw(st.lists(st.one_of(st.just("corrected"), st.sampled_from(KINDS)), max_size=8))
    names = [str(number).encode() for number in range(len(kinds) + 1)]
    return [
        Milestone(
            kind=kind,
            ordinal=draw(st.sampled_from([1, 2])) if kind == "notice_left" else None,
            effective_at=NOON + timedelta(hours=draw(st.integers(0, 40))) * draw(st.integers(0, 1)),
            key=name,
            corrects=draw(st.sampled_from(names)) if kind == "corrected" else None,
            told=draw(st.booleans()),
        )
        for kind, name in zip(kinds, names, strict=False)
    ]


def shuffled(known: Sequence[Milestone], shifts: Sequence[int]) -> list[Milestone]:
    return [known[number] for number in shifts if number < len(known)]


def _has_circle(known: Sequence[Milestone]) -> bool:
    aims = {one.key: one.corrects for one in known if one.corrects is not None}
    for start in aims:
        key: bytes | None = start
        for _ in aims:
            key = aims.get(key) if key is not None else None
            if key == start:
                return True
    return False


def _holds(one: Milestone, known: Sequence[Milestone]) -> bool:
    """By definition: nothing that holds takes it back. Ends where there are no circles."""
    return not any(other.corrects == one.key and _holds(other, known) for other in known)


@given(known=histories(), shifts=SHIFTS)
def test_every_order_of_arrival_comes_to_the_same(known: list[Milestone], shifts: list[int]) -> None:
    other = shuffled(known, shifts)
    assert standing(other) == standing(known)
    assert picture_of(other) == picture_of(known)
    assert corrections(other) == corrections(known)


@given(known=histories())
def test_what_stands_is_what_nothing_that_holds_takes_back(known: list[Milestone]) -> None:
    circle = _has_circle(known)
    event(f"circle: {circle}, corrections: {sum(one.corrects is not None for one in known)}")
    if not circle:
        told = {one.key for one in known if one.kind != "corrected" and _holds(one, known)}
        assert {one.key for one in standing(known)} == told


@given(known=histories())
def test_what_takes_something_back_is_taken_back_by_nothing(known: list[Milestone]) -> None:
    taken_back = corrections(known)
    assert all(one.key not in taken_back for one in taken_back.values())
    assert all(one.corrects == key for key, one in taken_back.items())


@given(known=histories())
def test_an_item_waits_only_after_something_said_so_and_before_its_end(known: list[Milestone]) -> None:
    picture = picture_of(known)
    left = standing(known)
    assert (picture.stay is not None) == any(one.kind in WAITING_KINDS for one in left)
    assert picture.waits == (picture.stay is not None and picture.ended_at is None)
    if picture.waits:
        newest = max(one.effective_at for one in left if one.kind in WAITING_KINDS)
        assert not any(one.kind in ENDING_KINDS and one.effective_at > newest for one in left)


@given(known=histories())
def test_every_pair_of_events_can_be_judged(known: list[Milestone]) -> None:
    reasons = {reason_not_to_tell(one, [other for other in known if other is not one]) for one in known}
    assert reasons <= {None, "stale", "superseded", "duplicate_content"}
    ends = {makes_untrue(one, other) for one in known for other in known}
    assert ends <= {None, "collected", "terms_changed", "superseded"}


@given(known=histories())
def test_no_older_event_reopens_a_finished_shipment(known: list[Milestone]) -> None:
    latest = NOON + timedelta(days=9)
    finished = [*known, Milestone(kind="delivered", ordinal=None, effective_at=latest, key=b"finished")]
    picture = picture_of(finished)
    assert (picture.state, picture.waits) == ("delivered", False)
    for one in known:
        rest = [other for other in finished if other is not one]
        if one.kind in RANK and one.kind != "delivered" and one.key not in corrections(rest):
            assert reason_not_to_tell(one, rest) == "stale"
