"""The way of events into the database: single posts that arrive together share a commit."""

from collections.abc import Callable, Sequence

from app.domain.event import Event
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.accept_events import Answer, accept_events
from app.usecases.share_commits import SharedCommits


class Intake:
    """Accepts events. `on_accepted` is told after each commit: a hint that there may be something to send."""

    def __init__(self, database: Database, *, surroundings: Surroundings, on_accepted: Callable[[], None]) -> None:
        self._database = database
        self._surroundings = surroundings
        self._on_accepted = on_accepted
        self._shared = SharedCommits(self.accept_all)

    async def accept(self, event: Event) -> Answer:
        """Accept one event, in a commit shared with others. Raises OverloadedError when too many wait."""
        return await self._shared.submit(event)

    async def accept_all(self, events: Sequence[Event]) -> list[Answer]:
        """Accept a list of events in one commit of its own."""
        answers = await self._database.transact(lambda tx: accept_events(tx, events, surroundings=self._surroundings))
        self._on_accepted()
        return answers

    async def close(self) -> None:
        """Wait for what was taken in."""
        await self._shared.close()
