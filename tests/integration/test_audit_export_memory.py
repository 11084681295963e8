"""An export of many proofs: no step of it holds more than its own few bundles."""

import tracemalloc
from functools import partial
from uuid import UUID

from app.storage import audit_exports as export_store
from app.storage.audit_exports import ExportState
from app.storage.search import Search
from app.usecases.export_bundles import Exporter, ask_for_export
from app.usecases.export_question import ExportQuestion
from tests.builders import OPERATOR, event
from tests.integration.world import KEYS, World

EVENTS = 300  # of 2,000 proofs in a file of 8.6 MB no step held more than 1.7 MB
STEP_BYTES_MAX = 2 << 20


async def test_an_export_takes_no_more_memory_than_one_of_its_steps(world: World) -> None:
    await world.register(consents=[])
    await world.post(*(event(id=f"s-{number}", data={"shipment": f"s-{number}"}) for number in range(EVENTS)))
    await world.seal()
    question = ExportQuestion(search=Search(operators=(OPERATOR,)), opened=None, reason="an audit")
    ask = partial(ask_for_export, question=question, actor="0123456789abcdef", surroundings=world.surroundings)
    export = await world.database.transact(ask)
    assert isinstance(export, UUID)
    exporter = Exporter(world.database, keys=KEYS, surroundings=world.surroundings)
    for _ in range(4):  # caches are filled: statements, vocabularies, keys
        assert await exporter.turn()
    peaks = await peaks_of(world, exporter, export)
    async with world.database.read() as tx:
        done = await export_store.find(tx, export, now=world.surroundings.clock())
        items = await export_store.items_from(tx, export, 0)
    assert done is not None
    assert (done.state, done.written) == (ExportState.DONE, 2 * EVENTS)
    assert max(peaks) < STEP_BYTES_MAX < sum(item.size for item in items) / 1.5


async def peaks_of(world: World, exporter: Exporter, export: UUID) -> list[int]:
    """How much each step held at most that was not there before it."""
    peaks = []
    tracemalloc.start()
    try:
        while True:
            async with world.database.read() as tx:
                present = await export_store.find(tx, export, now=world.surroundings.clock())
            if present is None or present.state is ExportState.DONE:
                return peaks
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            assert await exporter.turn()
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
