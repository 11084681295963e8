"""How places are shared among those who wait."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.turns import shares

LANES = st.lists(st.integers(1, 12), min_size=1, max_size=12).map(
    lambda sizes: [[100 * operator + lane for lane in range(size)] for operator, size in enumerate(sizes)]
)
CHANCE = st.floats(0, 1, exclude_max=True)


def test_each_operator_has_as_much_as_another_however_many_sources_it_names() -> None:
    assert shares([[1, 2, 3, 4], [9]], places=40, chance=0.0) == {1: 5, 2: 5, 3: 5, 4: 5, 9: 20}


def test_with_nobody_waiting_nothing_is_shared() -> None:
    assert shares([], places=10, chance=0.5) == {}


@given(lanes=LANES, places=st.integers(1, 400), chance=CHANCE)
def test_all_places_are_shared_and_nobody_has_two_more_than_another(
    lanes: list[list[int]], places: int, chance: float
) -> None:
    found = shares(lanes, places=places, chance=chance)
    assert sum(found.values()) == places
    of_operators = [sum(found.get(lane, 0) for lane in own) for own in lanes]
    assert max(of_operators) - min(of_operators) <= 1
    for own in lanes:
        of_lanes = [found.get(lane, 0) for lane in own]
        assert max(of_lanes) - min(of_lanes) <= 1


def test_whom_there_is_no_place_for_chance_brings_to_one() -> None:
    lanes = [[0, 1, 2], [10]]
    served = {lane for tenth in range(10) for lane in shares(lanes, places=1, chance=tenth / 10)}
    assert served >= {0, 10}
    assert {lane for tenth in range(10) for lane in shares([[0, 1, 2]], places=1, chance=tenth / 10)} == {0, 1, 2}
