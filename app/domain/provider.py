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
CIRCUIT_MIN_SAMPLE = 5
CIRCUIT_FIRST, CIRCUIT_MAX = timedelta(seconds=5), timedelta(seconds=60)
CIRCUIT_OPEN = "circuit_open"
ACCESS_REST = timedelta(seconds=60)
RETRY_AFTER_MAX = timedelta(hours=1)


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
        return self.rests_until is not None and self.rests_until > now

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
    return max(now - ERRORS_WINDOW, state.judged_at)


def judge(state: ProviderState, *, recent: Figures, settled: Figures, reports: bool, now: datetime) -> ProviderState:
    """The state that follows from the attempts since `counts_from`, and from those of ten to five minutes ago.

    50 errors, or 15 % of the settled messages without a report, take three tenths of the weight away; half a minute
    without takes one tenth back. Five attempts without any answer open the circuit.
    """
    if state.rests(now):
        return state
    if recent.answers and state.openings:
        state = replace(state, openings=0, rests_until=None, rests_because=None)
    if not recent.answers and recent.errors >= (1 if state.is_on_trial else CIRCUIT_MIN_SAMPLE):
        return _opened(state, now)
    if recent.errors >= ERRORS_MAX or (reports and _goes_unreported(state, settled, now)):
        return replace(state, health=max(WORST, state.health - STEP_DOWN), judged_at=now)
    if state.health < HEALTHY and now - state.judged_at >= DRIFT_BACK:
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


def _goes_unreported(state: ProviderState, settled: Figures, now: datetime) -> bool:
    if settled.accepted < UNREPORTED_MIN_SAMPLE or now - state.judged_at < UNREPORTED_PAUSE:
        return False
    return settled.reported < (1 - UNREPORTED_MAX) * settled.accepted


def rest(state: ProviderState, *, because: str, until: datetime) -> ProviderState:
    """The state of a provider that is to be left alone for a while, at least until `until`."""
    if state.rests_until is not None and state.rests_until >= until:
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
    """How the providers that could be used stand after these of them were: whoever got less than its share is ahead."""
    total = sum(weights.values())
    charged = dict(standing)
    for name in used:
        for each, weight in weights.items():
            charged[each] = charged.get(each, 0) + weight
        charged[name] = charged.get(name, 0) - total
    return charged
