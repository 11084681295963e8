"""Whether the time of an answer tells who is a customer: `python -m tests.timings`, on each database.

Contact points that somebody has and others that nobody has take turns by chance, first in asking for a code, then in
giving a wrong one. Printed are quartiles, and how probably an answer about a known one took longer than one about an
unknown one: 0.5 when time tells nothing. Ends with 1 when it is further from that than chance would have it.
"""

import argparse
import asyncio
import math
import random
import statistics
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import httpx

from app.storage import codes as code_store
from tests.bench.deployments import Deployment, deploy_postgres, deploy_sqlite
from tests.bench.processes import awizo
from tests.bench.traffic import phone
from tests.integration.api.browser import SAME_ORIGIN, code_in
from tests.postgres import start_postgres

_LIMITS = {"AWIZO_CODE_RATES": "contact=100,prefix=1000000,day=1000000"}
_SAMPLES_MIN = 200

Step = Callable[[httpx.AsyncClient, str], Awaitable[None]]


async def _trial(deployment: Deployment, people: int) -> bool:
    """Ask and guess for so many known contact points and as many unknown ones; whether time told nothing."""
    contacts = [(phone(number), number < people) for number in range(2 * people)]
    codes: dict[str, UUID] = {}

    async def ask(client: httpx.AsyncClient, contact: str) -> None:
        answer = await client.post("/preferences/sign-in", data={"contact": contact})
        codes[contact] = code_in(answer.headers["location"])

    async def guess(client: httpx.AsyncClient, contact: str) -> None:
        answer = await client.post(f"/preferences/sign-in/{codes[contact]}", data={"code": "000000"})
        if answer.status_code != 422:
            raise RuntimeError(f"a wrong code was answered {answer.status_code}")

    told = True
    with awizo(deployment, role="all", more=_LIMITS) as port:
        for name, step in (("asking for a code", ask), ("giving a wrong one", guess)):
            known, unknown = await _timed(port, step, contacts)
            await _all_handled(deployment)
            told &= _say(deployment.name, name, known, unknown)
    return told


async def _timed(port: int, step: Step, contacts: Sequence[tuple[str, bool]]) -> tuple[list[float], list[float]]:
    """How long the step took, in milliseconds, for those that are known and for those that are not."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    order = random.sample(contacts, len(contacts))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=SAME_ORIGIN, timeout=60) as client:
        for contact, is_known in order:
            client.cookies.clear()
            began = time.perf_counter()
            await step(client, contact)
            taken[is_known].append((time.perf_counter() - began) * 1000)
    return taken[True], taken[False]


async def _all_handled(deployment: Deployment) -> None:
    """Wait until the worker has found out whose each contact point is."""
    async with deployment.open() as database:
        while True:
            async with database.read() as tx:
                if not await code_store.to_send(tx, limit=1):
                    return
            await asyncio.sleep(0.2)


def _say(database: str, step: str, known: Sequence[float], unknown: Sequence[float]) -> bool:
    ordered = sorted(unknown)
    longer = statistics.fmean(bisect_left(ordered, each) for each in known) / len(ordered)
    # Four standard deviations of what it is where time tells nothing (Mann and Whitney's).
    doubt = 4 * math.sqrt((len(known) + len(unknown) + 1) / (12 * len(known) * len(unknown)))
    quartiles = [" / ".join(f"{each:.1f}" for each in statistics.quantiles(taken, n=4)) for taken in (known, unknown)]
    sys.stdout.write(
        f"{database}, {step}: known {quartiles[0]} ms, unknown {quartiles[1]} ms; "
        f"known took longer in {longer:.3f} of pairs (by chance within {0.5 - doubt:.3f} and {0.5 + doubt:.3f})\n"
    )
    sys.stdout.flush()
    return abs(longer - 0.5) <= doubt


async def _run(people: int, directory: Path) -> bool:
    with start_postgres() as server:
        deployments = [
            await deploy_sqlite(directory, recipients=people),
            await deploy_postgres(server, directory, recipients=people),
        ]
        return all([await _trial(each, people) for each in deployments])


def main() -> int:
    """Try both databases, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.timings", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000, help="how many known contact points, and as many unknown")
    people = max(parser.parse_args().people, _SAMPLES_MIN)
    with tempfile.TemporaryDirectory(prefix="awizo-timings-") as directory:
        return 0 if asyncio.run(_run(people, Path(directory))) else 1


if __name__ == "__main__":
    sys.exit(main())
