"""A campaign on one engine: deployments under load, each killed many times, brought to rest and looked through."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checks import check
from tests.faults.databases import Databases
from tests.faults.dooms import AHEAD, BACK, FULL, KILLED, STOPPED, Fates, live_and_die
from tests.faults.epilogue import (
    fetch_bundles,
    invariant_14_nothing_grew,
    invariant_15_a_flipped_bit_is_found,
    invariant_16_an_old_backup_is_noticed,
    invariant_17_an_erasure_breaks_no_other_proof,
)
from tests.faults.points import POINTS
from tests.faults.providers import SMS_FAULTS, SMTP_FAULTS
from tests.faults.reading import Broken, Reading
from tests.faults.stage import Stage, stage
from tests.faults.tally import Tally
from tests.faults.weather import BACKENDS, POSTGRES_STOPS, weather

# A campaign of so many kills must have seen every fault; a shorter one every point that it planned.
ALL_FAULTS_FROM = 100
_MORE_FOR_MISSED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """How one engine is tried."""

    databases: Databases
    directory: Path
    kills: int
    seed: int
    points: tuple[str, ...] = tuple(POINTS)
    kills_per_deployment: int = 30
    fault_rate: float = 0.15
    pace: float = 5.0
    epilogue: bool = True  # also what takes a while: audits, an erasure, an old backup put back

    @property
    def engine(self) -> str:
        return self.databases.engine


async def run(campaign: Campaign, say: Callable[[str], object]) -> Tally:
    """Kill as often as asked, half of the time at named points in turn, and look through each deployment."""
    chance = random.Random(f"{campaign.seed}/{campaign.engine}")
    tally = Tally(engine=campaign.engine, seed=campaign.seed)
    if campaign.kills >= ALL_FAULTS_FROM:
        tally.expected_faults = expected_faults(campaign)
    fates = Fates(campaign.points, chance, is_sqlite=campaign.databases.postgres is None)
    started = time.monotonic()
    while tally.kills < campaign.kills:
        told = len(tally.broken)
        await _one_deployment(campaign, tally, fates, chance)
        tally.seconds = time.monotonic() - started
        say(
            f"{campaign.engine}: {tally.kills} of {campaign.kills} kills, {tally.seconds:.0f} s, "
            f"{tally.counts['events answered']} events, {len(tally.broken)} broken"
        )
        for broken in tally.broken[told:]:
            say(f"  {broken}")
    return tally


def expected_faults(campaign: Campaign) -> set[str]:
    """What a long campaign must not have missed."""
    faults = {KILLED, STOPPED, AHEAD, BACK, *(f"sms: {name}" for name, *_ in SMS_FAULTS)}
    faults |= {f"smtp: {name}" for name, *_ in SMTP_FAULTS}
    return faults | ({FULL} if campaign.databases.postgres is None else {POSTGRES_STOPS, BACKENDS})


async def _one_deployment(campaign: Campaign, tally: Tally, fates: Fates, chance: random.Random) -> None:
    home = campaign.directory / f"{campaign.engine.lower()}-{tally.deployments:03d}"
    until = min(campaign.kills, tally.kills + campaign.kills_per_deployment)
    database = await asyncio.to_thread(campaign.databases.new, home)
    async with stage(home, database, chance=chance, rate=campaign.fault_rate, pace=campaign.pace) as own:
        own.producer.start()
        async with weather(campaign.databases.postgres, tally, chance):
            until_reached = until + _MORE_FOR_MISSED if until == campaign.kills else until
            await asyncio.gather(*(_kill_on(own, part, tally, fates, until, until_reached) for part in own.parts))
        tally.broken += await own.come_to_rest()
        tally.broken += await own.give_up_unknowns()
        tally.broken += await _look_through(own, campaign, tally)
    tally.deployments += 1


async def _look_through(own: Stage, campaign: Campaign, tally: Tally) -> list[Broken]:
    """Every invariant, of a deployment that came to rest."""
    own.journals.bundles = await fetch_bundles(own)
    broken = await invariant_14_nothing_grew(own)
    if campaign.epilogue:
        broken += await invariant_17_an_erasure_breaks_no_other_proof(own)
        broken += await own.drained()
    reading = await own.read()
    broken += await asyncio.to_thread(check, reading)
    if campaign.epilogue:
        broken += await invariant_15_a_flipped_bit_is_found(own, campaign.databases)
        broken += await invariant_16_an_old_backup_is_noticed(own, campaign.databases)
    _count(tally, reading)
    return broken


async def _kill_on(own: Stage, part: str, tally: Tally, fates: Fates, until: int, until_reached: int) -> None:
    """One after the other; from `until` to `until_reached` only at points that were missed before."""
    await own.processes[part].kill()
    while tally.kills < until or (tally.missed_points and tally.kills < until_reached):
        missed = tally.missed_points if tally.kills >= until else []
        await live_and_die(own, part, fates.draw(part, missed), tally)


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
