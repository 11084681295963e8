"""A campaign on one engine: deployments under load, each killed many times, brought to rest and looked through."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checks import check
from tests.faults.dooms import AHEAD, BACK, FULL, KILLED, STOPPED, Fates, live_and_die
from tests.faults.own_postgres import OwnPostgres
from tests.faults.points import POINTS
from tests.faults.providers import SMS_FAULTS, SMTP_FAULTS
from tests.faults.reading import Reading
from tests.faults.stage import Stage, stage
from tests.faults.tally import Tally
from tests.faults.weather import BACKENDS, POSTGRES_STOPS, weather

# A campaign of so many kills must have seen every fault; a shorter one every point that it planned.
ALL_FAULTS_FROM = 100
_MORE_FOR_MISSED = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """How one engine is tried. `postgres` is the server of our own, None for SQLite."""

    engine: str
    postgres: OwnPostgres | None
    directory: Path
    kills: int
    seed: int
    points: tuple[str, ...] = tuple(POINTS)
    kills_per_deployment: int = 30
    fault_rate: float = 0.15
    pace: float = 5.0

    def new_database(self, home: Path) -> str:
        """The URL of an empty one."""
        if self.postgres is None:
            return f"sqlite+aiosqlite:///{home / 'awizo.db'}"
        return self.postgres.server.create_database()


async def run(campaign: Campaign, say: Callable[[str], None]) -> Tally:
    """Kill as often as asked, half of the time at named points in turn, and look through each deployment."""
    chance = random.Random(f"{campaign.seed}/{campaign.engine}")
    tally = Tally(engine=campaign.engine, seed=campaign.seed)
    if campaign.kills >= ALL_FAULTS_FROM:
        tally.expected_faults = expected_faults(campaign)
    fates = Fates(campaign.points, chance, is_sqlite=campaign.postgres is None)
    started = time.monotonic()
    while tally.kills < campaign.kills:
        await _one_deployment(campaign, tally, fates, chance)
        tally.seconds = time.monotonic() - started
        say(
            f"{campaign.engine}: {tally.kills} of {campaign.kills} kills, {tally.seconds:.0f} s, "
            f"{tally.counts['events answered']} events, {len(tally.broken)} broken"
        )
    return tally


def expected_faults(campaign: Campaign) -> set[str]:
    """What a long campaign must not have missed."""
    faults = {KILLED, STOPPED, AHEAD, BACK, *(f"sms: {name}" for name, *_ in SMS_FAULTS)}
    faults |= {f"smtp: {name}" for name, *_ in SMTP_FAULTS}
    return faults | ({FULL} if campaign.postgres is None else {POSTGRES_STOPS, BACKENDS})


async def _one_deployment(campaign: Campaign, tally: Tally, fates: Fates, chance: random.Random) -> None:
    home = campaign.directory / f"{campaign.engine.lower()}-{tally.deployments:03d}"
    until = min(campaign.kills, tally.kills + campaign.kills_per_deployment)
    database = await asyncio.to_thread(campaign.new_database, home)
    async with stage(home, database, chance=chance, rate=campaign.fault_rate, pace=campaign.pace) as own:
        own.producer.start()
        async with weather(campaign.postgres, tally, chance):
            await asyncio.gather(*(_kill_on(own, part, tally, fates, chance, until) for part in own.parts))
        tally.broken += await own.come_to_rest()
        reading = await own.read()
    tally.deployments += 1
    tally.broken += check(reading)
    _count(tally, reading)


async def _kill_on(own: Stage, part: str, tally: Tally, fates: Fates, chance: random.Random, until: int) -> None:
    await own.processes[part].kill()
    while tally.kills < until or (tally.missed_points and tally.kills < until * _MORE_FOR_MISSED):
        await live_and_die(
            own, part, fates.draw(part, tally.missed_points if tally.kills >= until else []), tally, chance
        )


def _count(tally: Tally, reading: Reading) -> None:
    journals = reading.journals
    tally.counts.update(
        {
            "events answered": sum(1 for each in journals.events.values() if each.answers),
            "events posted again": sum(each.posts - 1 for each in journals.events.values() if each.posts),
            "poisons answered": journals.poisoned.total(),
            "opt-outs": len(journals.opt_outs),
            "reports called back": len(journals.reports),
            "messages at providers": len(journals.copies),
            "unknown attempts": sum(1 for n in reading.attempts.values() if n["status"] == "unknown"),
            "checkpoints seen": len(journals.notes),
            "facts": len(reading.facts),
        }
    )
    tally.faults.update(journals.counts)
    tally.memory_max = max(tally.memory_max, journals.memory_max)
