"""Row of growth: what is done all day, in a database with a long history against one with a short one."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import text

from app.domain.channel import Channel
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.close_chains import close_chains
from app.wiring import real_surroundings, sealer_of
from tests.bench.bulk_history import copy_history
from tests.bench.deployments import Deployment
from tests.bench.load import Expected, drive, get, post
from tests.bench.outbox import drained, unsettled
from tests.bench.plan import Plan
from tests.bench.processes import awizo
from tests.bench.providers import email_through, service, sms_through, worker
from tests.bench.report import Ratio, Row
from tests.bench.sinks import sms_sink
from tests.bench.through import over
from tests.bench.traffic import PLANNED_ONE, SINGLE_TYPE, bodies
from tests.doubles.smtp_server import SmtpServer

_SMALL = 10_000
_EVENTS_EACH = 5
_LISTED = 50
_LIST = Expected(status=200, text=b'"channel":', count=_LISTED)
_MUCH_LATER = timedelta(days=60)
_AIM = 0.77


@dataclass(slots=True, kw_only=True)
class _Grown:
    """A database with its history, and the rates that were measured in it."""

    deployment: Deployment
    events: Iterator[bytes]
    accepts: list[float] = field(default_factory=list)
    lists: list[float] = field(default_factory=list)
    sends: list[float] = field(default_factory=list)


async def growing(large: Deployment, small: Deployment, plan: Plan) -> list[Row]:
    """Accept, list the newest, claim and send: the rates in the large database, divided by those in the small one."""
    grown = [await _grow(large, plan.notifications), await _grow(small, min(_SMALL, plan.notifications))]
    for _ in range(plan.rounds):
        for each in grown:
            await _accept_and_list(each, plan)
        for each in grown:
            await _send(each)
    ours, floor = grown
    rows = (
        ("single-event POST", "events/s", ours.accepts, floor.accepts),
        (f"list of the newest {_LISTED}", "lists/s", ours.lists, floor.lists),
        ("SMS claimed, sent, settled", "messages/s", ours.sends, floor.sends),
    )
    return [
        Ratio(
            what=f"{what}, {plan.notifications:,} notifications",
            database=large.name,
            floor_is=f"the same with {_SMALL:,}",
            unit=unit,
            ours=in_large,
            floor=in_small,
            aim=_AIM,
        )
        for what, unit, in_large, in_small in rows
    ]


async def _grow(deployment: Deployment, size: int) -> _Grown:
    """Have a little happen, finish it, and copy that."""
    await _let_happen(deployment)
    async with deployment.open() as database:
        await finish(database)
        sealer = sealer_of(deployment.settings, database)
        await sealer.start()
        while await sealer.turn():
            pass
        people = await copy_history(database, notifications_wanted=size)
        await sealer.start()
        await tidy(database)
    older = replace(deployment, recipients=people)
    return _Grown(deployment=older, events=bodies(recipients=people))


async def _let_happen(deployment: Deployment) -> None:
    """Every person is told a few times, by SMS and e-mail."""
    events = itertools.islice(bodies(recipients=deployment.recipients), deployment.recipients * _EVENTS_EACH)
    async with SmtpServer() as mail:
        with sms_sink() as sms, service(deployment, sms_through(sms.url) | email_through(mail.url)) as processes:
            port = processes[0].port
            for body in events:
                request = post(port, "/v1/events", body, token=deployment.token, content_type=SINGLE_TYPE)
                await drive(port, iter([request]), PLANNED_ONE, connections=1, seconds=0)
            async with deployment.open() as database:
                await over(database)


async def finish(database: Database) -> None:
    """Close every chain, as happens when days pass without another word."""
    now = real_surroundings()

    def later() -> datetime:
        return now.clock() + _MUCH_LATER

    then = Surroundings(clock=later, new_id=now.new_id, entropy=now.entropy, jitter=now.jitter)
    while await database.transact(lambda tx: close_chains(tx, surroundings=then)):
        pass


async def tidy(database: Database) -> None:
    """What PostgreSQL does by itself within a minute after so many rows; SQLite has nothing of the kind."""
    if database.is_sqlite:
        return
    async with database.writer.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("VACUUM ANALYZE"))
        await outside.execute(text("CHECKPOINT"))


async def _accept_and_list(grown: _Grown, plan: Plan) -> None:
    deployment = grown.deployment
    with awizo(deployment, role=deployment.api_role) as port:
        for rates, seconds in (([], plan.warm_up_seconds), (grown.accepts, plan.seconds)):
            requests = (
                post(port, "/v1/events", body, token=deployment.token, content_type=SINGLE_TYPE)
                for body in grown.events
            )
            load = await drive(port, requests, PLANNED_ONE, connections=plan.clients, seconds=seconds)
            rates.append(load.per_second)
            await deployment.sealed()
        listing = get(port, f"/v1/notifications?limit={_LISTED}", token=deployment.token)
        for rates, seconds in (([], plan.warm_up_seconds), (grown.lists, plan.seconds)):
            load = await drive(port, itertools.repeat(listing), _LIST, connections=1, seconds=seconds)
            rates.append(load.per_second)


async def _send(grown: _Grown) -> None:
    with ExitStack() as stack:
        sms = stack.enter_context(sms_sink())
        async with grown.deployment.open() as database:
            waiting = await unsettled(database, Channel.SMS)
            stack.enter_context(worker(grown.deployment, sms_through(sms.url)))
            grown.sends.append(await drained(database, waiting, Channel.SMS))
            await grown.deployment.sealed()
