"""Find notifications for an auditor; whoever asks after a person or a contact is on record before the answer."""

from uuid import UUID

from app.ports import Surroundings
from app.storage import search as search_store
from app.storage.database import Database, Tx
from app.storage.search import Found, Search
from app.usecases.read_access import Reading, seal_reading


async def seal_search(database: Database, search: Search, reading: Reading, *, surroundings: Surroundings) -> None:
    """Seal a search that names somebody, in a transaction of its own; others leave no fact."""
    if not search.names_somebody:
        return

    async def seal(tx: Tx) -> None:
        people = await search_store.people(tx, search)
        await seal_reading(tx, operator=search.operator, people=people, reading=reading, surroundings=surroundings)

    await database.transact(seal)


async def search_notifications(tx: Tx, search: Search, *, before: UUID | None, limit: int) -> Found:
    """One page of what is found, newest first, older than the id `before`."""
    return await search_store.page(tx, search, before=before, limit=limit)
