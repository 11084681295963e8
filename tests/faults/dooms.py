"""How each process of a campaign is to end, and what it must live with until then."""

import asyncio
import random
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.faults.points import POINTS, Part, Point
from tests.faults.reading import Broken
from tests.faults.service import Running
from tests.faults.stage import Stage
from tests.faults.tally import Tally

KILLED, STOPPED, AHEAD, BACK, FULL = "killed at random", "SIGSTOP", "clock + 25 h", "clock - 25 h", "disk full"
_POINT_SECONDS = 10.0
_LIFE_SECONDS_MAX = 3.0
_STANDSTILL_SECONDS_MAX = 2.0
_NTH_MAX = 4
_PAGES_MORE_MAX = 60
# How a process that finds none when it starts takes its leave.
_DATABASE_AWAY = "The database cannot be reached"
_DAY_AND_MORE = timedelta(hours=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doom:
    """Killed at `point`, or after `seconds`. `hardships` are what it lives with."""

    point: Point | None = None
    nth: int = 1
    seconds: float = _POINT_SECONDS
    hardships: tuple[str, ...] = ()
    pages_more: int | None = None

    @property
    def ahead(self) -> timedelta:
        if AHEAD in self.hardships:
            return _DAY_AND_MORE
        if BACK in self.hardships:
            return -_DAY_AND_MORE
        return self.point.ahead if self.point is not None else timedelta()


class Fates:
    """Draws the end of each process: half of them at a named point, all of which get their turn."""

    def __init__(self, points: Sequence[str], chance: random.Random, *, is_sqlite: bool) -> None:
        self._chance = chance
        self._is_sqlite = is_sqlite
        named = [POINTS[name] for name in points]
        self._turns: dict[str, Iterator[Point]] = {
            "all": self._in_turn(named),
            "api": self._in_turn([point for point in named if point.part is Part.API]),
            "worker": self._in_turn([point for point in named if point.part is Part.WORKER]),
        }

    def draw(self, part: str, again: Sequence[str]) -> Doom:
        """The next end of a process of that part; `again` are points that were not reached yet."""
        turns = self._turns["worker" if "worker" in part else part]
        point = next(turns, None) if self._chance.random() < 0.5 or again else None
        if point is None:
            return self._by_chance()
        slow = point.ahead or point.name.startswith("retention")
        return Doom(point=point, nth=1 if slow else self._chance.randint(1, _NTH_MAX))

    def _by_chance(self) -> Doom:
        hardships = [name for name, rate in ((STOPPED, 0.15), (AHEAD, 0.08)) if self._chance.random() < rate]
        if AHEAD not in hardships and self._chance.random() < 0.08:
            hardships.append(BACK)
        pages = None
        if self._is_sqlite and self._chance.random() < 0.15:
            hardships.append(FULL)
            pages = self._chance.randint(1, _PAGES_MORE_MAX)
        seconds = self._chance.uniform(0, _LIFE_SECONDS_MAX)
        return Doom(seconds=seconds, hardships=tuple(hardships), pages_more=pages)

    def _in_turn(self, points: Sequence[Point]) -> Iterator[Point]:
        while points:
            yield from self._chance.sample(points, len(points))


async def live_and_die(own: Stage, part: str, doom: Doom, tally: Tally, chance: random.Random) -> None:
    """Start a process and be there at its end."""
    name = doom.point.name if doom.point is not None else None
    process = own.start(part, kill_at=name, nth=doom.nth, ahead=doom.ahead, pages_more=doom.pages_more)
    if STOPPED in doom.hardships:
        await _stand_still(own, process, chance)
    if name is not None:
        tally.planned[name] += 1
    if not await process.ended(doom.seconds):
        await process.kill()
        tally.faults[KILLED] += 1
    elif process.died_at_its_point():
        tally.reached[name or ""] += 1
    elif _DATABASE_AWAY in process.last_words():
        tally.counts["starts without a database"] += 1
        return
    else:
        tally.broken.append(Broken(invariant="14", what=f"{part} ended by itself: {process.last_words()}"))
    tally.faults.update(doom.hardships)
    tally.kills += 1


async def _stand_still(own: Stage, process: Running, chance: random.Random) -> None:
    """SIGSTOP in the middle of whatever it does, and SIGCONT after others have gone on."""
    await asyncio.sleep(chance.uniform(0.3, _LIFE_SECONDS_MAX))
    loop = asyncio.get_running_loop()
    began = loop.time()
    process.send(signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(0.2, _STANDSTILL_SECONDS_MAX))
    process.send(signal.SIGCONT)
    own.journals.standstills.append((began, loop.time()))
