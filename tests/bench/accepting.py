"""Row 1: events posted one by one, against a handler that does nothing with the same body."""

from collections.abc import Iterator

from tests.bench.deployments import Deployment
from tests.bench.load import Load, drive, post
from tests.bench.plan import Plan
from tests.bench.processes import awizo, noop
from tests.bench.report import Ratio
from tests.bench.traffic import PLANNED_ONE, SINGLE_TYPE, bodies


async def accepting(deployment: Deployment, plan: Plan) -> Ratio:
    """Single-event POSTs, each planning two notifications and three facts, answered when they are durable."""
    events = bodies(recipients=deployment.recipients)

    def requests(port: int) -> Iterator[bytes]:
        for body in events:
            yield post(port, "/v1/events", body, token=deployment.token, content_type=SINGLE_TYPE)

    async def stretch(port: int, seconds: float) -> Load:
        return await drive(port, requests(port), PLANNED_ONE, connections=plan.clients, seconds=seconds)

    ours, floor = [], []
    with awizo(deployment, role=deployment.api_role) as our_port, noop() as floor_port:
        for port in (our_port, floor_port):
            await stretch(port, plan.warm_up_seconds)
        for _ in range(plan.rounds):
            ours.append(await stretch(our_port, plan.seconds))
            await deployment.sealed()
            floor.append(await stretch(floor_port, plan.seconds))
    return Ratio(
        what=f"single-event POST, {plan.clients} clients",
        database=deployment.name,
        floor_is="no-op FastAPI handler",
        unit="events/s",
        ours=[load.per_second for load in ours],
        floor=[load.per_second for load in floor],
        aim=0.4,
        more={
            "ours_p50_ms": _percentile(ours, 0.5),
            "ours_p99_ms": _percentile(ours, 0.99),
            "floor_p50_ms": _percentile(floor, 0.5),
            "floor_p99_ms": _percentile(floor, 0.99),
        },
    )


def _percentile(loads: list[Load], share: float) -> float:
    ordered = sorted(each for load in loads for each in load.milliseconds)
    return ordered[int(len(ordered) * share)]
