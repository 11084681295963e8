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
_LIFE_SECONDS_MAX = 4.0
_STANDSTILL_SECONDS_MAX = 2.0
_SECONDS_TO_START_AGAIN = 0.5
_PAGES_MORE_MAX = 60
# How a process that finds none when it starts takes its leave.
_DATABASE_AWAY = "The database cannot be reached"
_DAY_AND_MORE = timedelta(hours=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doom:
    """Killed at `point`, or after a `life` in [0, 1]: before it is up, or while it works. `hardships`: until then."""

    point: Point | None = None
    nth: int = 1
    life: float = 1.0
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
        if wanted := [POINTS[name] for name in again if _is_for(POINTS[name], part)]:
            return Doom(point=self._chance.choice(wanted))
        point: Point | None = next(turns, None) if self._chance.random() < 0.5 else None
        if point is None:
            return self._by_chance()
        return Doom(point=point, nth=self._chance.randint(1, point.nth_max))

    def _by_chance(self) -> Doom:
        hardships = [name for name, rate in ((STOPPED, 0.15), (AHEAD, 0.08)) if self._chance.random() < rate]
        if AHEAD not in hardships and self._chance.random() < 0.08:
            hardships.append(BACK)
        pages = None
        if self._is_sqlite and self._chance.random() < 0.15:
            hardships.append(FULL)
            pages = self._chance.randint(1, _PAGES_MORE_MAX)
        return Doom(life=self._chance.random(), hardships=tuple(hardships), pages_more=pages)

    def _in_turn(self, points: Sequence[Point]) -> Iterator[Point]:
        while points:
            yield from self._chance.sample(points, len(points))


def _is_for(point: Point, part: str) -> bool:
    return part == "all" or point.part.value in part


async def live_and_die(own: Stage, part: str, doom: Doom, tally: Tally) -> None:
    """Start a process and be there at its end."""
    name = doom.point.name if doom.point is not None else None
    process = own.start(part, kill_at=name, nth=doom.nth, ahead=doom.ahead, pages_more=doom.pages_more)
    if STOPPED in doom.hardships:
        await _stand_still(own, process)
    if name is not None:
        tally.planned[name] += 1
    longest = own.start_seconds + _LIFE_SECONDS_MAX if doom.point is None else 2 * own.start_seconds + _POINT_SECONDS
    if not await process.ended(doom.life * longest):
        await process.kill()
        tally.faults[KILLED] += 1
    elif process.died_at_its_point():
        tally.reached[name or ""] += 1
    elif _DATABASE_AWAY in process.last_words():
        tally.counts["starts without a database"] += 1
        await asyncio.sleep(_SECONDS_TO_START_AGAIN)
        return
    else:
        tally.broken.append(Broken(invariant="14", what=f"{part} ended by itself: {process.last_words()}"))
    tally.faults.update(doom.hardships)
    tally.kills += 1


async def _stand_still(own: Stage, process: Running) -> None:
    """SIGSTOP in the middle of whatever it does, and SIGCONT after others have gone on."""
    await asyncio.sleep(own.chance.uniform(0.3, _LIFE_SECONDS_MAX))
    loop = asyncio.get_running_loop()
    began = loop.time()
    process.send(signal.SIGSTOP)
    await asyncio.sleep(own.chance.uniform(0.2, _STANDSTILL_SECONDS_MAX))
    process.send(signal.SIGCONT)
    own.journals.standstills.append((began, loop.time()))
