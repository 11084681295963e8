"""A planted bug on a deployment of its own, put where it does harm, and the invariants that notice it.

Each scene leads to one kind of harm; without a bug every scene leaves every invariant whole.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from tests.faults.checks import check
from tests.faults.databases import SqliteDatabases
from tests.faults.epilogue import (
    fetch_bundles,
    invariant_15_a_flipped_bit_is_found,
    invariant_16_an_old_backup_is_noticed,
)
from tests.faults.planted import BUGS
from tests.faults.reading import Broken
from tests.faults.stage import Prepared, Stage, stage

_UNTIL_SECONDS = 30.0
_DRAIN_SECONDS, _DRAIN_SOON_SECONDS = 60.0, 10.0
_NOTICES = 4
_ON_ITS_WAY_SECONDS = 9.0  # longer than the bug that is tried with it waits

Scene = Callable[[Stage], Awaitable[None]]


async def _killed_while_busy(own: Stage) -> None:
    """Events are answered, and the process dies at once."""
    await own.producer.tell(*[["notice_left"]] * _NOTICES)
    await own.kill_all()


async def _posted_twice(own: Stage) -> None:
    await own.producer.repeat(await own.producer.tell(["notice_left"], ["in_transit"]))


async def _in_a_batch(own: Stage) -> None:
    await own.producer.tell(["notice_left"], ["notice_left"], ["notice_left"], batch=True)


async def _in_a_poisoned_batch(own: Stage) -> None:
    await own.producer.tell(["notice_left"], ["notice_left"], batch=True, bad=True)


async def _gateway_hangs(own: Stage) -> None:
    """The gateway takes messages and says nothing, then or later, and the worker dies before it gives up."""
    own.gateway.script.extend(["hang"] * _NOTICES)
    _report_nothing(own)
    await own.producer.tell(*[["notice_left"]] * _NOTICES)
    await _until(lambda: sum(copy.channel == "sms" for copy in own.journals.copies) >= _NOTICES)
    await own.kill_all()


async def _gateway_breaks_off(own: Stage) -> None:
    """The gateway takes messages, closes the connection, and never says more; each outcome is written down."""
    own.gateway.script.extend(["close"] * _NOTICES)
    _report_nothing(own)
    await own.producer.tell(*[["notice_left"]] * _NOTICES)
    await _until(lambda: len(own.journals.copies) >= 2 * _NOTICES)
    await _until_settled(own)


async def _gateway_is_slow(own: Stage) -> None:
    own.gateway.delays = [1.5]
    await own.producer.tell(*[["notice_left"]] * _NOTICES)
    await _until(lambda: len(own.journals.copies) >= 2 * _NOTICES)
    await asyncio.sleep(2)


async def _opted_out_between_tries(own: Stage) -> None:
    """The gateway has no time, and before it has, the person does not want to be told any more."""
    own.gateway.script.extend(["429"] * 8)
    told = await own.producer.tell(*[["notice_left"]] * _NOTICES)
    await _until(lambda: sum(copy.channel == "sms" for copy in own.journals.copies) >= _NOTICES)
    for name in {posted.person for posted in told}:
        await own.producer.opt_out(name, "sms")


async def _opted_out_on_its_way(own: Stage) -> None:
    """The worker has claimed, and takes its time; meanwhile the person opts out."""
    told = await own.producer.tell(["notice_left"])
    await _until_claimed(own)
    await own.producer.opt_out(told[0].person, "sms")
    await asyncio.sleep(_ON_ITS_WAY_SECONDS)


async def _overtaken_in_one_batch(own: Stage) -> None:
    await own.producer.tell(*[["notice_left", "delivered"]] * _NOTICES, batch=True)


async def _killed_while_an_incident_is_told(own: Stage) -> None:
    """People are told, and the process dies before all of them are done with."""
    await own.producer.tell(*[["notice_left"]] * _NOTICES, batch=True)
    await own.producer.shut()
    async with asyncio.timeout(_UNTIL_SECONDS):
        while not await own.asking.rows("SELECT id FROM notifications WHERE kind = 'facility_unavailable'"):  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.02)
    await own.kill_all()


async def _early_reports(own: Stage) -> None:
    """The gateway reports before it answers."""
    own.gateway.delays = [0.5]
    own.gateway.reports_of = lambda: [(0.0, "delivered")]
    await own.producer.tell(*[["notice_left"]] * _NOTICES)


async def _reports_in_the_wrong_order(own: Stage) -> None:
    """Delivered, and a while later that it could not be."""
    own.gateway.reports_of = lambda: [(0.1, "delivered"), (2.0, "undelivered")]
    await own.producer.tell(*[["notice_left"]] * _NOTICES)
    await _until(lambda: own.gateway.reporting > 0)
    await _until(lambda: own.gateway.reporting == 0)


async def _facts(own: Stage) -> None:
    await own.producer.tell(*[["notice_left"]] * _NOTICES, batch=True)


SCENES: Mapping[str, Scene] = {
    "acknowledge before commit": _killed_while_busy,
    "accept duplicates twice": _posted_twice,
    "plan everything twice": _in_a_batch,
    "swallow the last of a batch": _in_a_batch,
    "abort a poisoned batch": _in_a_poisoned_batch,
    "forget who was told of an incident": _killed_while_an_incident_is_told,
    "send again when a lease runs out": _gateway_hangs,
    "try again after unknown": _gateway_breaks_off,
    "settle without fence": _gateway_is_slow,
    "send before the claim is committed": _facts,
    "ask no consent at the claim": _opted_out_between_tries,
    "ask no consent before the bytes": _opted_out_on_its_way,
    "tell what is untrue": _overtaken_in_one_batch,
    "drop waiting receipts": _early_reports,
    "let late reports count": _reports_in_the_wrong_order,
    "lose entries of the log": _facts,
    "sign what was not read back": _facts,
    "keep another status": _facts,
    "never claim e-mail": _facts,
    "prove something else": _facts,
    "find every log good": _facts,
    "trust any database": _facts,
}


async def prepare(directory: Path) -> Prepared:
    """What every trial begins with."""
    home = directory / "prepared"
    async with stage(home, SqliteDatabases().new(home), chance=random.Random(0)) as own:
        await own.drained()
        await own.stop_all()
        return Prepared(directory=home, token=own.token)


async def try_scene(directory: Path, prepared: Prepared, name: str, *, bug: str | None) -> list[Broken]:
    """What breaks in the scene of that name, with a bug or with none."""
    chance = random.Random(name)
    async with stage(directory, SqliteDatabases().new(directory), chance=chance, bug=bug, prepared=prepared) as own:
        await SCENES[name](own)
        asked = BUGS[name].breaks
        soon = bug is not None and asked == "14"  # what never drains need not be waited for
        broken = await own.come_to_rest(seconds=_DRAIN_SOON_SECONDS if soon else _DRAIN_SECONDS)
        if asked == "9" or bug is None:
            own.journals.bundles = await fetch_bundles(own, count=3)
        broken += check(await own.read())
        if asked == "15":
            broken += await invariant_15_a_flipped_bit_is_found(own, SqliteDatabases())
        if asked == "16":
            broken += await invariant_16_an_old_backup_is_noticed(own, SqliteDatabases())
        return broken


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(_UNTIL_SECONDS):
        while not happened():  # noqa: ASYNC110 – journals ring no bell
            await asyncio.sleep(0.02)


def _report_nothing(own: Stage) -> None:
    """A report shows that a message was taken, whatever its attempt was settled as: nobody would send it again."""
    own.gateway.reports_of = list


async def _until_settled(own: Stage) -> None:
    """Return when no attempt is under way."""
    async with asyncio.timeout(_UNTIL_SECONDS):
        while await own.asking.rows("SELECT id FROM attempts WHERE status = 'started'"):  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.02)


async def _until_claimed(own: Stage) -> None:
    async with asyncio.timeout(_UNTIL_SECONDS):
        while not await own.asking.rows("SELECT id FROM attempts"):  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.02)
