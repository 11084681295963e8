"""What the fault campaign judges with, judged itself: trees, chains told again, and traps."""

from uuid import UUID

import pytest

from tests.faults.databases import flipped
from tests.faults.invariants_log import roots_of
from tests.faults.points import Moment, Part, Point
from tests.faults.reading import Fact
from tests.faults.story import story_of
from tests.faults.under_fault import wrapped
from tests.second_formats import rebuild_root, sha256


def chain(*types: str) -> list[Fact]:
    return [
        Fact(
            id=UUID(int=n),
            type=kind,
            recipient=None,
            notification=UUID(int=0),
            document={"n": n, "data": {}},
            raw=b"",
            commitment=b"",
            place=None,
        )
        for n, kind in enumerate(types)
    ]


def test_roots_of_a_growing_tree_are_those_of_its_prefixes() -> None:
    commitments = [bytes([n]) * 32 for n in range(40)]
    leaves = [sha256(b"\0", b"awizo-leaf/v1\n", each) for each in commitments]
    assert roots_of(commitments)[1:] == [rebuild_root(leaves[:size]) for size in range(1, 41)]


@pytest.mark.parametrize(
    ("types", "status"),
    [
        (["notification.planned"], "queued"),
        (["notification.suppressed"], "suppressed"),
        (["notification.planned", "attempt.started"], "sending"),
        (["notification.planned", "attempt.started", "attempt.not_sent"], "queued"),
        (["notification.planned", "attempt.started", "attempt.unknown", "attempt.unresolved"], "unknown"),
        (["notification.planned", "attempt.started", "attempt.unknown", "attempt.reconciled"], "sent"),
        (["notification.planned", "attempt.started", "attempt.accepted", "notification.closed"], "sent"),
        (["notification.planned", "attempt.started", "attempt.accepted", "receipt.delivered"], "delivered"),
        (["notification.planned", "attempt.started", "attempt.refused", "notification.failed"], "failed"),
    ],
)
def test_a_chain_told_again_leads_to_the_status(types: list[str], status: str) -> None:
    assert story_of(chain(*types)) == status


def test_a_flipped_value_differs_in_one_bit() -> None:
    value = bytes(range(32))
    difference = int.from_bytes(value, "big") ^ int.from_bytes(flipped(value, 77), "big")
    assert difference.bit_count() == 1


def trapped(moment: Moment, result: object, *, nth: int) -> list[int]:
    """At which of five calls of a function with this result the trap springs."""
    sprung: list[int] = []
    calls = 0
    point = Point(name=f"trap: {moment}", target="", moment=moment, part=Part.API)
    function = wrapped(point, lambda: sprung.append(calls), lambda: result, nth=nth)
    for calls in range(1, 6):  # noqa: B007 – the trap tells it
        assert function() is result
    return sprung


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_a_trap_springs_once_at_the_nth_time(moment: Moment) -> None:
    assert trapped(moment, 1, nth=3) == [3]


def test_a_call_that_had_nothing_to_do_springs_no_trap() -> None:
    assert trapped(Moment.AFTER, 0, nth=1) == []
    assert trapped(Moment.AFTER, [], nth=1) == []
    assert trapped(Moment.BEFORE, 0, nth=1) == [1]
