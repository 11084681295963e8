"""How long a worker tells nobody of an incident between two batches."""

import pytest

from app.worker import Telling

ORDINARY = Telling(people_a_second=1000)


@pytest.mark.parametrize(
    ("people", "took", "has_one_writer", "rest"),
    [
        (100, 0.04, False, 0.06),
        (100, 0.25, False, 0.0),
        (20, 0.015, True, 0.03),
        (20, 0.005, True, 0.015),
        (0, 0.015, True, 0.0),
    ],
    ids=["faster than allowed", "slower", "one writer", "one writer, faster than allowed", "nobody left"],
)
def test_telling_keeps_its_rate_and_leaves_one_writer_to_others(
    people: int, took: float, has_one_writer: bool, rest: float
) -> None:
    assert ORDINARY.rest(people, took, has_one_writer=has_one_writer) == pytest.approx(rest)


@pytest.mark.parametrize("has_one_writer", [False, True])
def test_telling_without_a_rate_never_rests(has_one_writer: bool) -> None:
    assert Telling().rest(100, 0.5, has_one_writer=has_one_writer) == 0.0
