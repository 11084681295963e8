"""How well a provider does, and what share of the messages it therefore gets. Pure; the state lives in the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

HEALTHY = 10  # tenths of its weight
WORST = 1  # a trickle goes on, else nobody would notice that it works again
STEP_DOWN = 3
ERRORS_MAX = 50
ERRORS_WINDOW = timedelta(seconds=60)
UNREPORTED_MAX = 0.15
UNREPORTED_MIN_SAMPLE = 20
UNREPORTED_FROM, UNREPORTED_UNTIL = timedelta(minutes=10), timedelta(minutes=5)
UNREPORTED_PAUSE = timedelta(minutes=1)
DRIFT_BACK = timedelta(seconds=30)
# As many errors since the last judgement would become ERRORS_MAX if they went on: a step back would only hide them.
ERRORS_IN_DRIFT = ERRORS_MAX * DRIFT_BACK // ERRORS_WINDOW
CIRCUIT_MIN_SAMPLE = 5
CIRCUIT_FIRST, CIRCUIT_MAX = timedelta(seconds=5), timedelta(seconds=60)
CIRCUIT_OPEN = "circuit_open"
ACCESS_REST = timedelta(seconds=60)
RETRY_AFTER_MAX = timedelta(hours=1)
SKEW_MAX = timedelta(minutes=1)  # by which the clocks of processes may differ; times further off are not believed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """What all workers know of a provider. `openings` counts how often its circuit opened since it last worked."""

    name: str
    health: int = HEALTHY
    judged_at: datetime
    rests_until: datetime | None = None
    rests_because: str | None = None
    openings: int = 0

    def rests(self, now: datetime) -> bool:
        """Whether nothing is given to it now."""
        return self.rests_until is not None and now < self.rests_until <= now + RETRY_AFTER_MAX + SKEW_MAX

    @property
    def is_on_trial(self) -> bool:
        """Whether its circuit was open and it has not worked since: it gets one message at a time."""
        return self.openings > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What became of attempts that started in some time.

    `refused` counts final refusals, which say something about the message; `not_sent` whatever was not taken for now.
    """

    accepted: int = 0
    refused: int = 0
    not_sent: int = 0
    unknown: int = 0
    reported: int = 0

    @property
    def errors(self) -> int:
        """Attempts that speak against the provider."""
        return self.not_sent + self.unknown

    @property
    def answers(self) -> int:
        """Attempts that show that the provider works."""
        return self.accepted + self.refused

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            accepted=self.accepted + other.accepted,
            refused=self.refused + other.refused,
            not_sent=self.not_sent + other.not_sent,
            unknown=self.unknown + other.unknown,
            reported=self.reported + other.reported,
        )


def counts_from(state: ProviderState, now: datetime) -> datetime:
    """From when on attempts count for the next judgement: what led to the last one is not held against it twice."""
    return max(now - ERRORS_WINDOW, _judged_at(state, now))


def _judged_at(state: ProviderState, now: datetime) -> datetime:
    """When it was judged last; now, if only a clock that was wrong can have said so."""
    return state.judged_at if state.judged_at <= now + CIRCUIT_MAX + SKEW_MAX else now


def judge(state: ProviderState, *, recent: Figures, settled: Figures, reports: bool, now: datetime) -> ProviderState:
    """The state that follows from the attempts since `counts_from`, and from those of ten to five minutes ago.

    50 errors, or 15 % of the settled messages without a report, take three tenths of the weight away; half a minute
    in which neither goes on gives one tenth back. Five attempts without any answer open the circuit.
    """
    if state.rests(now):
        return state
    state = replace(state, judged_at=_judged_at(state, now))
    if recent.answers and state.openings:
        state = replace(state, openings=0, rests_until=None, rests_because=None)
    if not recent.answers and recent.errors >= (1 if state.is_on_trial else CIRCUIT_MIN_SAMPLE):
        return _opened(state, now)
    passed = now - state.judged_at
    unreported = reports and _goes_unreported(settled)
    if recent.errors >= ERRORS_MAX or (unreported and passed >= UNREPORTED_PAUSE):
        return replace(state, health=max(WORST, state.health - STEP_DOWN), judged_at=now)
    goes_on = unreported or recent.errors >= ERRORS_IN_DRIFT
    if state.health < HEALTHY and passed >= DRIFT_BACK and not goes_on:
        return replace(state, health=state.health + 1, judged_at=now)
    return state


def _opened(state: ProviderState, now: datetime) -> ProviderState:
    rest = min(CIRCUIT_FIRST * 2**state.openings, CIRCUIT_MAX)
    return replace(
        state,
        health=max(WORST, state.health - STEP_DOWN),
        judged_at=now + rest,  # what fails while it rests was under way before
        rests_until=now + rest,
        rests_because=CIRCUIT_OPEN,
        openings=min(state.openings + 1, 8),
    )


def _goes_unreported(settled: Figures) -> bool:
    if settled.accepted < UNREPORTED_MIN_SAMPLE:
        return False
    return settled.reported < (1 - UNREPORTED_MAX) * settled.accepted


def rest(state: ProviderState, *, because: str, until: datetime) -> ProviderState:
    """The state of a provider that is to be left alone for a while, at least until `until`."""
    known = state.rests_until
    if known is not None and until <= known <= until + RETRY_AFTER_MAX + SKEW_MAX:
        return state
    return replace(state, rests_until=until, rests_because=because)


def spread(
    weights: Mapping[str, int], rooms: Mapping[str, int], standing: Mapping[str, int], *, limit: int
) -> list[str]:
    """Which provider each of the next messages goes to, at most `limit`, none beyond its room.

    Smooth weighted round robin: over time each gets its weight's share, evenly mixed. `standing` is what `charge` made
    of the messages so far. Providers without weight are used only when no other has room.
    """
    room = {name: count for name, count in rooms.items() if count > 0}
    places: list[str] = []
    while room and len(places) < limit:
        weighty = {name: weights[name] for name in room if weights[name] > 0}
        if weighty:
            chosen = max(weighty, key=lambda name: standing.get(name, 0) + weights[name])
            standing = charge(weighty, standing, [chosen])
        else:
            chosen = next(iter(room))
        places.append(chosen)
        room[chosen] -= 1
        if room[chosen] == 0:
            del room[chosen]
    return places


def charge(weights: Mapping[str, int], standing: Mapping[str, int], used: Iterable[str]) -> dict[str, int]:
    """How the providers that could be used stand after these of them were: whoever got less than its share is ahead.

    Nobody gets far ahead or behind: a provider that had no room for an hour is not owed that hour's messages.
    """
    total = sum(weights.values())
    furthest = total * sum(weight > 0 for weight in weights.values())  # further than mixing alone leads
    charged = dict(standing)
    for name in used:
        for each, weight in weights.items():
            charged[each] = min(charged.get(each, 0) + weight, furthest)
        charged[name] = max(charged.get(name, 0) - total, -furthest)
    return charged
