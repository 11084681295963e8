"""What people said about notices is kept as long as the notices, and no longer."""

import pytest
from sqlalchemy import func, select, update

from app.domain.statement import StatementKind
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.tables import notifications, statements
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.say_about_notice import Recorded, Saying, say_about_notice
from tests.builders import RECIPIENT
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.people import World, consent, notice_event, phone
from tests.vocabularies import BUILT_IN


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return ageing_surroundings(clock)


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def counted(world: World) -> tuple[int, int]:
    """How many statements and how many notifications there are."""
    async with world.database.read() as tx:
        return (
            (await tx.execute(select(func.count()).select_from(statements))).scalar_one(),
            (await tx.execute(select(func.count()).select_from(notifications))).scalar_one(),
        )


async def test_statements_outlive_personal_values_and_go_with_their_notification(
    world: World, clock: TestClock
) -> None:
    await world.put(contact_points=(phone(),), consents=(consent(),))
    (answer,) = await world.database.transact(
        lambda tx: accept_events(tx, [notice_event(RECIPIENT)], surroundings=world.surroundings, vocabularies=BUILT_IN)
    )
    assert isinstance(answer, Accepted)
    told = len(answer.notifications)
    said = await world.database.transact(
        lambda tx: say_about_notice(
            tx,
            answer.notifications[0].id,
            Saying(kind=StatementKind.DISPUTED, words="Zgłoś brak awiza", language="pl"),
            surroundings=world.surroundings,
        )
    )
    assert isinstance(said, Recorded)
    async with world.database.write() as tx:
        await tx.execute(update(notifications).values(due_at=None))  # as if all had been sent and closed
    clock.forward(days=400)
    await keep(world.database, world.surroundings)
    assert await counted(world) == (1, told)
    clock.forward(days=10 * 366)
    await keep(world.database, world.surroundings)
    assert await counted(world) == (0, 0)
