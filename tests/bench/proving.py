"""Row 5: proofs of notifications in a large log, against proofs in a small one, and what bundle and log weigh."""

import asyncio
import http.client
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from app.domain.notification import Status
from app.storage import log
from app.storage.database import Database
from app.storage.tables import notifications
from app.wiring import sealer_of
from tests.bench.bulk_log import grow
from tests.bench.deployments import Deployment
from tests.bench.load import HOST, Expected, Load, drive, get, post
from tests.bench.plan import Plan
from tests.bench.processes import awizo
from tests.bench.providers import email_through, service, sms_through
from tests.bench.report import Ratio, Row, Waiting, Weight
from tests.bench.traffic import PLANNED_ONE, SINGLE_TYPE, bodies
from tests.doubles.sms_gateway import SmsGateway
from tests.doubles.smtp_server import SmtpServer

_SMALL = 10_000
_EVENTS = 20
_SETTLED_SECONDS = 60.0
_BUNDLE = Expected(status=200, text=b'"format":"awizo-proof/v1"', count=1)
_LOG_TABLES = "'leaves', 'tiles', 'tree_heads', 'checkpoints'"
_SIZE = {
    "sqlite": f"SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema s USING (name) WHERE s.tbl_name IN ({_LOG_TABLES})",
    "postgresql": f"SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(ARRAY[{_LOG_TABLES}]) name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """A log of `leaves` leaves, notifications of which all facts are in it, and the bytes of its tables."""

    deployment: Deployment
    leaves: int
    notifications: Sequence[UUID]
    log_bytes: int

    def requests(self, port: int) -> Iterator[bytes]:
        for notification in itertools.cycle(self.notifications):
            yield get(port, f"/v1/notifications/{notification}/proof", token=self.deployment.token)


async def proving(large: Deployment, small: Deployment, plan: Plan) -> list[Row]:
    """One client asks for one bundle after the other, of notifications that were planned, sent and accepted."""
    filled = [await _fill(small, _SMALL), await _fill(large, plan.leaves)]
    with ExitStack() as stack:
        ports = [stack.enter_context(awizo(each.deployment, role=each.deployment.api_role)) for each in filled]
        await asyncio.gather(
            *(_ask(each, port, plan.warm_up_seconds) for each, port in zip(filled, ports, strict=True))
        )
        loads = [
            [await _ask(each, port, plan.seconds) for each, port in zip(filled, ports, strict=True)]
            for _ in range(plan.rounds)
        ]
        bundle = _largest_bundle(filled[1], ports[1])
    what = f"proof of a notification, {plan.leaves:,} leaves"
    per_leaf = filled[1].log_bytes / plan.leaves
    return [
        Ratio(
            what=what,
            database=large.name,
            floor_is=f"the same in {_SMALL:,} leaves",
            unit="bundles/s",
            ours=[in_large.per_second for _, in_large in loads],
            floor=[in_small.per_second for in_small, _ in loads],
            aim=0.77,
        ),
        Waiting(
            what=what,
            database=large.name,
            milliseconds=[each for _, load in loads for each in load.milliseconds],
            aims={0.5: 5},
        ),
        Weight(what="its bundle, before originals", database=large.name, bytes=bundle, most=30_000),
        Weight(what="the log, per leaf", database=large.name, bytes=per_leaf, most=100),
    ]


async def _ask(filled: _Filled, port: int, seconds: float) -> Load:
    return await drive(port, filled.requests(port), _BUNDLE, connections=1, seconds=seconds)


async def _fill(deployment: Deployment, leaves: int) -> _Filled:
    """Half of the leaves before the notifications, half of them after."""
    async with deployment.open() as database:
        await grow(database, leaves // 2)
    await _notify(deployment)
    async with deployment.open() as database:
        await grow(database, leaves)
        await sealer_of(deployment.settings, database).start()
        async with database.read() as tx:
            found = list((await tx.execute(select(notifications.c.id))).scalars())
            log_bytes = (await tx.execute(text(_SIZE[database.url.get_backend_name()]))).scalar_one()
    return _Filled(deployment=deployment, leaves=leaves, notifications=found, log_bytes=int(log_bytes))


async def _notify(deployment: Deployment) -> None:
    """Post events, and wait until their messages were taken and every fact of that is published."""
    events = bodies(recipients=deployment.recipients)
    async with SmsGateway() as gateway, SmtpServer() as mail:
        with service(deployment, sms_through(gateway.base_url) | email_through(mail.url)) as processes:
            port = processes[0].port
            for body in itertools.islice(events, _EVENTS):
                request = post(port, "/v1/events", body, token=deployment.token, content_type=SINGLE_TYPE)
                await drive(port, iter([request]), PLANNED_ONE, connections=1, seconds=0)
            async with deployment.open() as database, asyncio.timeout(_SETTLED_SECONDS):
                while await _is_busy(database):  # noqa: ASYNC110 – other processes do the work
                    await asyncio.sleep(0.1)


async def _is_busy(database: Database) -> bool:
    async with database.read() as tx:
        query = select(func.count()).where(notifications.c.status == Status.SENT)
        sent = (await tx.execute(query)).scalar_one()
        return sent < 2 * _EVENTS or await log.pending_count(tx) > 0


def _largest_bundle(filled: _Filled, port: int) -> int:
    """How many bytes the largest bundle has without its originals."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    headers = {"Authorization": f"Bearer {filled.deployment.token}"}
    sizes = []
    for notification in filled.notifications:
        connection.request("GET", f"/v1/notifications/{notification}/proof", headers=headers)
        bundle = connection.getresponse().read()
        originals = json.dumps(json.loads(bundle)["originals"], ensure_ascii=False, separators=(",", ":"))
        sizes.append(len(bundle) - len(originals.encode()))
    connection.close()
    return max(sizes)
