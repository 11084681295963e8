"""How much one API key may ask for in a while, as the setting writes it."""

import re
from dataclasses import dataclass, field

UNITS_MAX = 1_000_000_000
SECONDS_MAX = 86_400
# What one batch holds at most (contract §3): with less, such a batch could never be posted.
EVENTS_MIN = 500

_QUOTA = re.compile(r"([0-9]{1,10})/([0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many units at once, and as many again in each stretch of so many seconds, little by little."""

    units: int
    seconds: int

    @property
    def cost(self) -> float:
        """After how many seconds a unit that was used is there again."""
        return self.seconds / self.units


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRate:
    """What each key may ask of one process; None: as much as it likes. Events in batches count one by one."""

    requests: Quota | None = field(default_factory=lambda: Quota(units=10_000, seconds=10))
    events: Quota | None = field(default_factory=lambda: Quota(units=50_000, seconds=10))


def parse_key_rate(text: str) -> KeyRate:
    """Read `requests=10000/10,events=50000/10`; 0 is no limit, and what is left out the usual one.

    Raises ValueError with one clause.
    """
    if text.strip() == "0":
        return KeyRate(requests=None, events=None)
    found: dict[str, Quota | None] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in {"requests", "events"} or name in found:
            raise ValueError("must be 0, or quotas such as requests=10000/10,events=50000/10, each once")
        found[name] = None if value == "0" else _quota(value, at_least=EVENTS_MIN if name == "events" else 1)
    return KeyRate(**found)


def _quota(text: str, *, at_least: int) -> Quota:
    matched = _QUOTA.fullmatch(text)
    units, seconds = (int(matched[1]), int(matched[2])) if matched else (0, 0)
    if not (at_least <= units <= UNITS_MAX and 1 <= seconds <= SECONDS_MAX):
        raise ValueError(
            f"must be quotas such as requests=10000/10: how many, {at_least} at least, and in how many seconds"
        )
    return Quota(units=units, seconds=seconds)
