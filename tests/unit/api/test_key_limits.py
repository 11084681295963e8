"""Token buckets of keys: what they let through, what they say of it, and what they remember."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import key_limits
from app.api.key_limits import Buckets, KeyLimits
from app.api.problems import Problem
from app.domain.key_rate import KeyRate, Quota


class _Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _buckets(units: int, seconds: int) -> tuple[Buckets, _Time]:
    time = _Time()
    return Buckets("requests", Quota(units=units, seconds=seconds), monotonic=time), time


def test_a_whole_quota_may_be_used_at_once_and_then_one_has_to_wait() -> None:
    buckets, _ = _buckets(3, 6)
    said = [buckets.take("key", 1) for _ in range(4)]
    assert said == [
        ('"requests";r=2;t=2', 0),
        ('"requests";r=1;t=4', 0),
        ('"requests";r=0;t=6', 0),
        ('"requests";r=0;t=2', 2),
    ]


def test_who_waits_as_long_as_was_said_is_let_through_and_not_sooner() -> None:
    buckets, time = _buckets(3, 6)
    for _ in range(3):
        buckets.take("key", 1)
    _, wait = buckets.take("key", 1)
    time.now += wait - 0.001
    assert buckets.take("key", 1)[1] == 1
    time.now += 0.001
    assert buckets.take("key", 1)[1] == 0


def test_what_is_refused_takes_nothing() -> None:
    buckets, _ = _buckets(10, 10)
    buckets.take("key", 4)
    assert [buckets.take("key", 7) for _ in range(5)] == [('"requests";r=6;t=1', 1)] * 5
    assert buckets.take("key", 6) == ('"requests";r=0;t=10', 0)


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets, _ = _buckets(1, 60)
    assert [buckets.take(key, 1)[1] for key in ("one", "other", "one")] == [0, 0, 60]


@given(
    units=st.integers(1, 50),
    seconds=st.integers(1, 20),
    asked=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 5)), max_size=60),
)
def test_in_no_stretch_more_is_let_through_than_the_quota_and_its_refill(
    units: int, seconds: int, asked: list[tuple[float, int]]
) -> None:
    buckets, time = _buckets(units, seconds)
    let_through: list[tuple[float, int]] = []
    for pause, wanted in asked:
        time.now += pause
        said, wait = buckets.take("key", wanted)
        if not wait:
            let_through.append((time.now, wanted))
        assert 0 <= int(said.partition("r=")[2].partition(";")[0]) <= units
    for first, (begin, _) in enumerate(let_through):
        for last, (end, _) in enumerate(let_through[first:], start=first):
            total = sum(wanted for _, wanted in let_through[first : last + 1])
            assert total <= units + (end - begin) * units / seconds + 1e-3


def test_no_more_callers_are_remembered_than_fit_and_those_that_used_most_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_limits, "CALLERS_MAX", 10)
    buckets, _ = _buckets(10, 60)
    buckets.take("greedy", 10)
    for number in range(1_000):
        buckets.take(f"key-{number}", 1)
    assert len(buckets._full_at) <= 10
    assert buckets.take("greedy", 1)[1] > 0


def test_both_limits_of_a_post_are_said_and_a_refusal_says_when_to_come_back() -> None:
    limits = KeyLimits(KeyRate(requests=Quota(units=5, seconds=5), events=Quota(units=500, seconds=50)))
    scope: dict[str, Any] = {}
    limits.take_request(scope, "key")
    limits.take_events(scope, "key", 500)
    said = scope["awizo.rate_limit"]
    assert said[0] == ('"requests";q=5;w=5', '"events";q=500;w=50;awizo-unit="events"')
    assert said[1] == ('"requests";r=4;t=1', '"events";r=0;t=50')
    with pytest.raises(Problem) as refused:
        limits.take_events({}, "key", 10)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})


def test_without_limits_nothing_is_counted_and_nothing_said() -> None:
    limits, scope = KeyLimits(KeyRate(requests=None, events=None)), {}  # type: ignore[var-annotated]
    for _ in range(100):
        limits.take_request(scope, "key")
        limits.take_events(scope, "key", 10_000)
    assert scope == {}
