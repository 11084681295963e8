"""Which provider gets which message."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.provider import charge, spread

NAMES = ["a", "b", "c", "d"]
WEIGHTS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 20), min_size=1)


def told(
    weights: Mapping[str, int], count: int, *, at_once: int = 1, standing: Mapping[str, int] | None = None
) -> list[str]:
    """Where that many messages go that come `at_once` to providers with room for all."""
    given_: list[str] = []
    standing = standing or {}
    while len(given_) < count:
        rooms = dict.fromkeys(weights, at_once)
        used = spread(weights, rooms, standing, limit=min(at_once, count - len(given_)))
        standing = charge(weights, standing, used)
        given_ += used
    return given_


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_shares_are_exact_over_each_round(at_once: int) -> None:
    given_ = told({"twilio": 70, "smsapi": 30}, 1000, at_once=at_once)
    for begin in range(0, 1000, 10):
        assert Counter(given_[begin : begin + 10]) == {"twilio": 7, "smsapi": 3}


def test_messages_are_mixed_evenly() -> None:
    assert told({"a": 2, "b": 1}, 6) == ["a", "b", "a", "a", "b", "a"]
    assert told({"a": 1, "b": 1}, 4) == ["a", "b", "a", "b"]


@given(weights=WEIGHTS.filter(lambda weights: any(weights.values())), at_once=st.integers(1, 7))
def test_whoever_has_weight_gets_its_exact_share_in_the_long_run(weights: dict[str, int], at_once: int) -> None:
    total = sum(weights.values())
    counted = Counter(told(weights, total, at_once=at_once))
    assert {name: counted[name] for name in weights} == weights


@given(weights=WEIGHTS, rooms=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 20)), limit=st.integers(0, 50))
def test_nobody_gets_more_than_it_has_room_for_and_no_room_is_left_while_messages_wait(
    weights: dict[str, int], rooms: dict[str, int], limit: int
) -> None:
    rooms = {name: room for name, room in rooms.items() if name in weights}
    counted = Counter(spread(weights, rooms, {}, limit=limit))
    assert all(counted[name] <= rooms.get(name, 0) for name in weights)
    assert counted.total() == min(limit, sum(rooms.values()))


@given(weights=WEIGHTS, standing=st.dictionaries(st.sampled_from(NAMES), st.integers(-500, 500)))
def test_what_is_spread_at_once_is_what_is_spread_one_by_one(weights: dict[str, int], standing: dict[str, int]) -> None:
    assert told(weights, 40, at_once=40, standing=standing) == told(weights, 40, at_once=1, standing=standing)


def test_without_weight_a_provider_is_used_only_when_no_other_has_room() -> None:
    weights, rooms = {"reserve": 0, "a": 1, "b": 3}, {"reserve": 4, "a": 1, "b": 3}
    order = spread(weights, rooms, {}, limit=10)
    assert Counter(order[:4]) == {"a": 1, "b": 3}
    assert order[4:] == ["reserve"] * 4
    assert spread({"reserve": 0}, {"reserve": 2}, {}, limit=1) == ["reserve"]


def test_nobody_is_chosen_where_nobody_has_room() -> None:
    assert spread({}, {}, {}, limit=5) == []
    assert spread({"a": 1}, {"a": 0}, {}, limit=5) == []


def test_whoever_could_not_be_used_does_not_stand_worse_or_better_for_it() -> None:
    standing = charge({"a": 1}, {"b": 5}, ["a"] * 100)
    assert standing == {"a": 0, "b": 5}


def test_an_hour_without_room_is_not_made_up_for_by_an_hour_of_all_messages() -> None:
    weights = {"slow": 50, "quick": 50}
    standing: dict[str, int] = {}
    for _ in range(10_000):
        standing = charge(weights, standing, ["quick"])
    assert Counter(told(weights, 20, standing=standing))["quick"] >= 8


@given(
    weights=WEIGHTS,
    rooms=st.lists(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3)), max_size=30),
)
def test_nobody_gets_far_ahead_or_behind_whatever_room_there_was(
    weights: dict[str, int], rooms: list[dict[str, int]]
) -> None:
    standing: dict[str, int] = {}
    for known in rooms:
        used = spread(weights, {name: room for name, room in known.items() if name in weights}, standing, limit=9)
        standing = charge(weights, standing, used)
    furthest = sum(weights.values()) * len(weights)
    assert all(abs(stands) <= furthest for stands in standing.values())
