"""How providers are judged, left alone and taken back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.provider import (
    ACCESS_REST,
    CIRCUIT_OPEN,
    HEALTHY,
    RETRY_AFTER_MAX,
    WORST,
    Figures,
    ProviderState,
    counts_from,
    judge,
    rest,
)

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
NOTHING = Figures()
WORKS = Figures(accepted=1)


def state(**changes: object) -> ProviderState:
    return replace(ProviderState(name="twilio", judged_at=LONG_AGO), **changes)  # type: ignore[arg-type]


def judged(
    before: ProviderState,
    recent: Figures = NOTHING,
    settled: Figures = NOTHING,
    *,
    reports: bool = True,
    now: datetime = NOW,
) -> ProviderState:
    return judge(before, recent=recent, settled=settled, reports=reports, now=now)


@pytest.mark.parametrize(
    ("recent", "health"),
    [
        (Figures(accepted=1, unknown=50), 7),
        (Figures(accepted=1, not_sent=50), 7),
        (Figures(accepted=1, not_sent=25, unknown=25), 7),
        (Figures(refused=1, unknown=50), 7),
        (Figures(accepted=10_000, unknown=50), 7),
        (Figures(accepted=1, unknown=49), 10),
        (Figures(accepted=1, refused=10_000), 10),
        (Figures(reported=10_000), 10),
        (NOTHING, 10),
    ],
)
def test_fifty_errors_take_three_tenths_away(recent: Figures, health: int) -> None:
    assert judged(state(), recent).health == health


@pytest.mark.parametrize(("before", "after"), [(10, 7), (7, 4), (4, 1), (3, 1), (1, 1)])
def test_a_trickle_always_goes_on(before: int, after: int) -> None:
    stepped = judged(state(health=before), Figures(accepted=1, unknown=50))
    assert (stepped.health, stepped.judged_at) == (after, NOW)


@pytest.mark.parametrize(
    ("accepted", "reported", "health"),
    [(100, 84, 7), (100, 85, 10), (100, 0, 7), (20, 16, 7), (20, 17, 10), (19, 0, 10), (0, 0, 10), (20, 25, 10)],
)
def test_fifteen_of_a_hundred_unreported_take_three_tenths_away(accepted: int, reported: int, health: int) -> None:
    settled = Figures(accepted=accepted, reported=reported)
    assert judged(state(), WORKS, settled).health == health
    assert judged(state(), WORKS, settled, reports=False).health == 10


@pytest.mark.parametrize(("seconds", "health"), [(59, 7), (60, 4)])
def test_what_stays_unreported_is_held_against_it_once_a_minute(seconds: int, health: int) -> None:
    before = state(health=7, judged_at=NOW - timedelta(seconds=seconds))
    assert judged(before, WORKS, Figures(accepted=100)).health == health


@pytest.mark.parametrize(
    ("seconds", "recent", "settled", "health"),
    [
        (29, WORKS, NOTHING, 7),
        (30, WORKS, NOTHING, 8),
        (30, NOTHING, NOTHING, 8),
        (30, Figures(accepted=1, unknown=24), NOTHING, 8),
        (30, Figures(accepted=1, unknown=25), NOTHING, 7),
        (30, WORKS, Figures(accepted=100, reported=84), 7),
        (30, WORKS, Figures(accepted=100, reported=85), 8),
    ],
)
def test_half_a_minute_without_gives_a_tenth_back(seconds: int, recent: Figures, settled: Figures, health: int) -> None:
    before = state(health=7, judged_at=NOW - timedelta(seconds=seconds))
    assert judged(before, recent, settled).health == health


def test_nobody_gets_more_than_its_weight() -> None:
    assert judged(state(health=HEALTHY), WORKS).health == HEALTHY


def over_time(before: ProviderState, seconds: int, *, errors: int, settled: Figures = NOTHING) -> list[int]:
    """The health each second while there are so many errors a second, and answers as well."""
    course = []
    for second in range(1, seconds + 1):
        now = NOW + timedelta(seconds=second)
        counted = (now - counts_from(before, now)).total_seconds()
        before = judged(before, Figures(accepted=1, unknown=int(counted * errors)), settled, now=now)
        course.append(before.health)
    return course


def test_errors_that_go_on_take_the_weight_down_to_the_worst_and_it_stays_there() -> None:
    course = over_time(state(judged_at=NOW), 600, errors=1)
    assert course[49] == 7
    assert course[200:] == [WORST] * 400


def test_messages_that_stay_unreported_take_the_weight_down_to_the_worst_and_it_stays_there() -> None:
    course = over_time(state(), 600, errors=0, settled=Figures(accepted=100, reported=50))
    assert course[0] == 7
    assert course[200:] == [WORST] * 400


def test_a_provider_that_works_again_has_its_weight_back_within_five_minutes() -> None:
    course = over_time(state(health=WORST, judged_at=NOW), 300, errors=0)
    assert course == sorted(course)
    assert course[-1] == HEALTHY


@pytest.mark.parametrize(
    ("judged_ago", "counted_ago"), [(3600, 60), (60, 60), (20, 20), (0, 0), (-60, -60), (-121, 0), (-90_000, 0)]
)
def test_attempts_count_for_a_minute_and_never_twice(judged_ago: int, counted_ago: int) -> None:
    known = state(judged_at=NOW - timedelta(seconds=judged_ago))
    assert counts_from(known, NOW) == NOW - timedelta(seconds=counted_ago)


@pytest.mark.parametrize(
    ("recent", "opens"),
    [
        (Figures(unknown=5), True),
        (Figures(not_sent=5), True),
        (Figures(not_sent=3, unknown=2, reported=9), True),
        (Figures(not_sent=4), False),
        (Figures(not_sent=1000, accepted=1), False),
        (Figures(not_sent=49, refused=1), False),
    ],
)
def test_five_attempts_without_any_answer_open_the_circuit(recent: Figures, opens: bool) -> None:
    found = judged(state(), recent)
    assert found.is_on_trial is opens
    assert found.rests_because == (CIRCUIT_OPEN if opens else None)


def test_an_open_circuit_rests_twice_as_long_each_time_and_never_over_a_minute() -> None:
    known, now, rests = state(), NOW, []
    for _ in range(12):
        known = judged(known, Figures(not_sent=5), now=now)
        assert known.rests_until is not None
        assert known.judged_at == known.rests_until  # nothing that began before counts
        rests.append((known.rests_until - now).total_seconds())
        now = known.rests_until
    assert rests == [5, 10, 20, 40] + [60] * 8
    assert known.health == WORST


def test_while_it_rests_nothing_is_judged() -> None:
    resting = state(rests_until=NOW + timedelta(seconds=1), rests_because="401", health=4)
    assert judged(resting, Figures(not_sent=500), Figures(accepted=100)) == resting


@pytest.mark.parametrize("recent", [Figures(not_sent=1), Figures(unknown=1)])
def test_on_trial_one_failure_opens_the_circuit_again(recent: Figures) -> None:
    found = judged(state(openings=1, rests_until=NOW, rests_because=CIRCUIT_OPEN, judged_at=NOW), recent)
    assert (found.rests_until, found.openings) == (NOW + timedelta(seconds=10), 2)


def test_on_trial_silence_changes_nothing() -> None:
    trial = state(openings=2, rests_until=NOW, rests_because=CIRCUIT_OPEN)
    assert judged(trial) == trial


@pytest.mark.parametrize("answer", [Figures(accepted=1), Figures(refused=1), Figures(accepted=1, not_sent=9)])
def test_one_answer_closes_the_circuit(answer: Figures) -> None:
    closed = judged(state(openings=3, rests_until=NOW, rests_because=CIRCUIT_OPEN, health=1, judged_at=NOW), answer)
    assert (closed.openings, closed.rests_until, closed.rests_because) == (0, None, None)
    assert closed.health == 1  # its weight comes back by itself
    opened_anew = judged(closed, Figures(not_sent=5))
    assert opened_anew.rests_until == NOW + timedelta(seconds=5)


def test_a_broken_access_rests_for_its_time() -> None:
    resting = rest(state(), because="401", until=NOW + ACCESS_REST)
    assert (resting.rests_because, resting.is_on_trial) == ("401", False)
    assert resting.rests(NOW)
    assert resting.rests(NOW + ACCESS_REST - timedelta(microseconds=1))
    assert not resting.rests(NOW + ACCESS_REST)
    assert not state().rests(NOW)


def test_the_longer_of_two_rests_counts() -> None:
    long = rest(state(), because="429", until=NOW + timedelta(minutes=10))
    assert rest(long, because="401", until=NOW + timedelta(minutes=1)) == long
    assert rest(long, because="401", until=NOW + timedelta(minutes=10)) == long
    assert rest(long, because="401", until=NOW + timedelta(minutes=11)).rests_because == "401"


def test_an_hour_is_the_longest_rest_so_that_a_wrong_clock_silences_nobody() -> None:
    longest = rest(state(), because="429", until=NOW + RETRY_AFTER_MAX)
    assert longest.rests(NOW)
    from_tomorrow = rest(state(), because="401", until=NOW + timedelta(hours=25))
    assert not from_tomorrow.rests(NOW)
    resting = rest(from_tomorrow, because="401", until=NOW + ACCESS_REST)
    assert resting.rests_until == NOW + ACCESS_REST


def test_a_judgement_from_tomorrow_keeps_nobody_from_being_judged_today() -> None:
    wrong = state(health=4, judged_at=NOW + timedelta(hours=25))
    assert judged(wrong, Figures(accepted=1, unknown=50)).health == 1
    known = judged(wrong, WORKS)
    assert known.judged_at == NOW
    assert judged(known, WORKS, now=NOW + timedelta(seconds=30)).health == 5


def test_figures_add_up() -> None:
    one = Figures(accepted=1, refused=2, not_sent=3, unknown=4, reported=5)
    two = one + one
    assert two == Figures(accepted=2, refused=4, not_sent=6, unknown=8, reported=10)
    assert (two.errors, two.answers) == (14, 6)
