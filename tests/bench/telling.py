"""Row of incidents: messages planned for all whose items wait at a shut facility; single POSTs meanwhile."""

import asyncio
import json
import random
from contextlib import ExitStack
from functools import partial
from time import perf_counter

from sqlalchemy import select

from app.storage import figures as figure_store
from app.storage import log
from app.storage import stays as stay_store
from app.storage.database import Database
from app.storage.tables import RUNNING_ROWS, incidents
from app.usecases.accept_events import accept_events
from app.usecases.seal_log import Sealer
from app.usecases.tell_incidents import tell_incidents
from app.wiring import real_surroundings
from tests.bench.deployments import Deployment
from tests.bench.direct_telling import direct_telling
from tests.bench.pacing import Pacing, ask, paced
from tests.bench.plan import Plan
from tests.bench.processes import awizo
from tests.bench.report import Ratio, Row, Waiting
from tests.bench.waiting import KEPT, closure, decoded, have_wait, is_told, new_items
from tests.vocabularies import BUILT_IN

# An SMS and an e-mail.
_MESSAGES_EACH = 2
_DIGEST_SECONDS = 60
_POSTS_A_SECOND = 50
_ALONE_SECONDS = 15.0
_WITHIN_SECONDS = 1800.0
_LOOK_SECONDS = 0.25


async def before_telling(database: Database, sealer: Sealer, plan: Plan) -> None:
    """Something waits at one facility for everybody, and that it is shut is accepted and told to nobody yet."""
    await have_wait(database, sealer, people=plan.waiting)
    surroundings = real_surroundings()
    shut = [decoded(closure("I-1"))]
    await database.transact(lambda tx: accept_events(tx, shut, surroundings=surroundings, vocabularies=BUILT_IN))
    while await sealer.turn():
        pass


async def telling(deployment: Deployment, plan: Plan) -> list[Row]:
    """Planning at full speed, in stretches of one incident; then another one at its ordinary speed, beside POSTs."""
    return [await _planning(deployment, plan), await _meanwhile(deployment, plan)]


async def _planning(deployment: Deployment, plan: Plan) -> Ratio:
    inserts = direct_telling(deployment)
    await inserts.make_room()
    ours, floor = [], []
    async with deployment.open() as database:
        for people in (plan.waiting // 20, *[plan.waiting * 19 // 20 // plan.rounds] * plan.rounds):
            seconds = await _tell(database, people)
            rows = await inserts.told_since()
            told = len(rows["notifications"]) / _MESSAGES_EACH
            ours.append(told / seconds)
            floor.append(told / await inserts.write(rows))
    return Ratio(
        what=f"incident to {plan.waiting:,} waiting shipments: planned",
        database=deployment.name,
        floor_is="one multi-row insert of the same rows",
        unit="people/s",
        ours=ours[1:],
        floor=floor[1:],
        aim=0.3,
    )


async def _tell(database: Database, people: int) -> float:
    """Tell at least so many if they are left, a batch a transaction as the worker does; how many seconds that took."""
    turn = partial(tell_incidents, surroundings=real_surroundings(), digest_seconds=_DIGEST_SECONDS)
    told, started = 0, perf_counter()
    while told < people and (looked_at := await database.transact(turn)):
        told += looked_at
    return perf_counter() - started


async def _meanwhile(deployment: Deployment, plan: Plan) -> Waiting:
    """How long single POSTs take while a worker tells of an incident, against twice what they take without."""
    items = new_items(people=plan.waiting, chance=random.Random(0))
    with ExitStack() as stack:
        port = stack.enter_context(awizo(deployment, role=deployment.api_role))
        if not deployment.is_sqlite:
            stack.enter_context(awizo(deployment, role="worker"))
        pacing = Pacing(port=port, token=deployment.token, per_second=_POSTS_A_SECOND)
        await at_rest(deployment)
        await paced(pacing, items, KEPT, until=plan.warm_up_seconds)
        alone = await paced(pacing, items, KEPT, until=_ALONE_SECONDS)
        stop = asyncio.Event()
        posting = asyncio.create_task(paced(pacing, items, KEPT, until=stop))
        posted = json.loads(await ask(pacing, "/v1/events", json.dumps(closure("I-2")).encode()))
        async with asyncio.timeout(_WITHIN_SECONDS):
            while not is_told(await ask(pacing, f"/v1/events/{posted['event']}")):  # noqa: ASYNC110 – another process does the work
                await asyncio.sleep(_LOOK_SECONDS)
        stop.set()
        meanwhile = await posting
    before = Waiting(what="", database="", milliseconds=alone, aims={})
    return Waiting(
        what=f"single POSTs meanwhile, {_POSTS_A_SECOND} a second (the aim is twice of what they take before)",
        database=deployment.name,
        milliseconds=meanwhile,
        aims={share: 2 * before.percentile(share) for share in (0.5, 0.95)},
    )


async def at_rest(deployment: Deployment) -> None:
    """Return when the workers have looked at every plan, told everybody, sealed and counted everything."""
    async with deployment.open() as database, asyncio.timeout(_WITHIN_SECONDS):
        while await _unfinished(database):  # noqa: ASYNC110 – other processes do the work
            await asyncio.sleep(_LOOK_SECONDS)


async def _unfinished(database: Database) -> int:
    now = real_surroundings().clock()
    async with database.read() as tx:
        running = len((await tx.execute(select(incidents.c.event_id).where(RUNNING_ROWS))).all())
        running += await figure_store.behind(tx)
        return running + len(await stay_store.due_for_review(tx, now=now, limit=1)) + await log.pending_count(tx)
