"""Rows of dispatch: one worker empties a queue of one channel, against a client that sends ready-made messages."""

from collections.abc import Awaitable, Callable, Mapping

from app.domain.channel import Channel
from tests.bench.deployments import Deployment
from tests.bench.floor_sending import post_forms, send_emails
from tests.bench.load import HOST
from tests.bench.outbox import drained, fill
from tests.bench.plan import Plan
from tests.bench.providers import email_through, sms_through, worker
from tests.bench.report import Ratio
from tests.bench.sinks import sms_sink, smtp_sink

_CONNECTIONS, _IN_FLIGHT = 16, 32


async def emailing(deployment: Deployment, plan: Plan) -> Ratio:
    """E-mails, each rendered, committed to, checked once more, sent, settled and sealed."""
    with smtp_sink() as port:
        ours, floor = await _in_turns(
            deployment,
            plan,
            Channel.EMAIL,
            email_through(f"smtp://{HOST}:{port}"),
            lambda: send_emails(port, connections=_CONNECTIONS, seconds=plan.seconds),
        )
    return Ratio(
        what=f"e-mail, one worker, {_CONNECTIONS} connections",
        database=deployment.name,
        floor_is="aiosmtplib sending ready-made bytes",
        unit="messages/s",
        ours=ours,
        floor=floor,
        aim=0.4,
    )


async def texting(deployment: Deployment, plan: Plan) -> Ratio:
    """SMS, in the same way."""
    with sms_sink() as sink:
        ours, floor = await _in_turns(
            deployment,
            plan,
            Channel.SMS,
            sms_through(sink.url),
            lambda: post_forms(sink, in_flight=_IN_FLIGHT, seconds=plan.seconds),
        )
    return Ratio(
        what=f"SMS, one worker, {_IN_FLIGHT} in flight",
        database=deployment.name,
        floor_is="aiohttp posting the same forms",
        unit="messages/s",
        ours=ours,
        floor=floor,
        aim=0.3,
    )


async def _in_turns(
    deployment: Deployment,
    plan: Plan,
    channel: Channel,
    providers: Mapping[str, str],
    floor: Callable[[], Awaitable[float]],
) -> tuple[list[float], list[float]]:
    """Our rates and the floor's, both into the same sink."""
    ours, floors = [], []
    for _ in range(plan.rounds):
        messages = await fill(deployment, plan.messages, (channel,))
        async with deployment.open() as database:
            with worker(deployment, providers):
                ours.append(await drained(database, messages))
                await deployment.sealed()
        floors.append(await floor())
    return ours, floors
