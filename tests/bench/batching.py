"""Row 2: events posted by the hundred, against the driver inserting the very same rows into a copy of the database."""

from collections.abc import Iterator

from tests.bench.deployments import Deployment
from tests.bench.direct import direct
from tests.bench.load import drive, post
from tests.bench.plan import Plan
from tests.bench.processes import awizo
from tests.bench.report import Ratio
from tests.bench.traffic import BATCH_EVENTS, BATCH_TYPE, PLANNED_BATCH, batches


async def batching(deployment: Deployment, plan: Plan) -> Ratio:
    """One client's batch POSTs, against one connection that inserts the rows which they left in four tables."""
    bodies = batches(recipients=deployment.recipients)
    inserts = direct(deployment)

    def requests(port: int) -> Iterator[bytes]:
        for body in bodies:
            yield post(port, "/v1/events", body, token=deployment.token, content_type=BATCH_TYPE)

    async def stretch(port: int, seconds: float) -> tuple[float, float]:
        """Our rate, and right after it the floor's with the same rows."""
        load = await drive(port, requests(port), PLANNED_BATCH, connections=1, seconds=seconds)
        await deployment.sealed()
        written = await inserts.unwritten()
        if len(written) != load.answered:
            raise RuntimeError(f"{load.answered} batches were answered and {len(written)} are there")
        return load.per_second * BATCH_EVENTS, len(written) * BATCH_EVENTS / await inserts.write(written)

    with awizo(deployment, role=deployment.api_role) as port:
        await inserts.write(await inserts.unwritten())  # what earlier rows left
        await stretch(port, plan.warm_up_seconds)
        pairs = [await stretch(port, plan.seconds) for _ in range(plan.rounds)]
    return Ratio(
        what=f"batch POST of {BATCH_EVENTS} events",
        database=deployment.name,
        floor_is="driver inserting the same rows",
        unit="events/s",
        ours=[ours for ours, _ in pairs],
        floor=[floor for _, floor in pairs],
        aim=0.5,
    )
