"""Row 3: how long a message takes from the POST of its event to the provider, when nothing else waits."""

import asyncio
import random
from collections.abc import Sequence
from time import perf_counter

from tests.bench.deployments import Deployment
from tests.bench.load import drive, post
from tests.bench.plan import Plan
from tests.bench.providers import email_through, service, sms_through
from tests.bench.report import Waiting
from tests.bench.traffic import PLANNED_ONE, SINGLE_TYPE, bodies
from tests.doubles.sms_gateway import SmsGateway
from tests.doubles.smtp_server import SmtpServer

_WARM_UP_EVENTS = 5
_LOOK_SECONDS = 0.001
_LATEST_SECONDS = 30.0


async def idling(deployment: Deployment, plan: Plan) -> Waiting:
    """One event at a time. Nothing was accepted here before: what waits would be sent first."""
    events = bodies(recipients=deployment.recipients)
    waited: list[float] = []
    async with SmsGateway() as gateway, SmtpServer() as mail:
        with service(deployment, sms_through(gateway.base_url) | email_through(mail.url)) as processes:
            port = processes[0].port
            for number in range(1, _WARM_UP_EVENTS + plan.idle_events + 1):
                request = post(port, "/v1/events", next(events), token=deployment.token, content_type=SINGLE_TYPE)
                sent_at = perf_counter()
                await drive(port, iter([request]), PLANNED_ONE, connections=1, seconds=0)
                both = await asyncio.gather(
                    *(_taken(journal, number, sent_at) for journal in (gateway.journal, mail.journal))
                )
                if number > _WARM_UP_EVENTS:
                    waited += both
                # Not in step with anybody's polling.
                await asyncio.sleep(random.uniform(0.02, 0.15))
    return Waiting(
        what="POST of an event → provider has the message, idle queue",
        database=f"{deployment.name}, {'one process' if deployment.is_sqlite else 'API and worker processes'}",
        milliseconds=waited,
        aims={0.95: 1000, 0.99: 2000},
    )


async def _taken(journal: Sequence[object], number: int, sent_at: float) -> float:
    """Milliseconds from `sent_at` until the provider has that many messages."""
    async with asyncio.timeout(_LATEST_SECONDS):
        while len(journal) < number:  # noqa: ASYNC110 – the doubles tell nobody, and a millisecond is fine enough
            await asyncio.sleep(_LOOK_SECONDS)
    return (perf_counter() - sent_at) * 1000
