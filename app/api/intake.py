"""The way of events into the database: single posts that arrive together share a commit."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from app.api.metrics import Metrics
from app.domain.event import Event
from app.domain.vocabulary import Vocabularies
from app.ports import Surroundings
from app.storage.database import Database, DatabaseUnavailableError
from app.usecases.accept_events import Answer, Conflict, accept_events
from app.usecases.share_commits import SharedCommits

_log = structlog.get_logger(__name__)


class Intake:
    """Accepts events. `on_accepted` is told after each commit: a hint that there may be something to send."""

    def __init__(
        self,
        database: Database,
        *,
        surroundings: Surroundings,
        vocabularies: Vocabularies,
        metrics: Metrics,
        on_accepted: Callable[[], None],
    ) -> None:
        self._database = database
        self._vocabularies = vocabularies
        self._metrics = metrics
        self._surroundings = surroundings
        self._on_accepted = on_accepted
        self._shared = SharedCommits(self._accept_all)

    async def accept(self, event: Event) -> Answer:
        """Accept one event, in a commit shared with others. Raises OverloadedError when too many wait."""
        return await self._shared.submit(event)

    async def accept_batch(self, events: Sequence[Event]) -> list[Answer | None]:
        """Accept a list of events in one commit of its own; None for one that no commit would take.

        When the whole fails, each is tried alone, so that a bad one hurts no other.
        """
        try:
            return list(await self._accept_all(events))
        except DatabaseUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 – found again, and told, for the event that it belongs to
            _log.error("batch_taken_apart", error=type(error).__name__)
        return [await self._accept_alone(event) for event in events]

    async def _accept_alone(self, event: Event) -> Answer | None:
        try:
            return (await self._accept_all([event]))[0]
        except DatabaseUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 – the caller is told that this one was not kept
            _log.error("event_not_accepted", error=type(error).__name__)
            return None

    async def _accept_all(self, events: Sequence[Event]) -> list[Answer]:
        accept = partial(accept_events, events=events, surroundings=self._surroundings, vocabularies=self._vocabularies)
        answers = await self._database.transact(accept)
        self._on_accepted()
        statuses = Counter("conflict" if isinstance(answer, Conflict) else answer.status for answer in answers)
        for status, count in statuses.items():
            self._metrics.events.labels(status).inc(count)
        if statuses["quarantined"]:
            _log.warning("events_quarantined", count=statuses["quarantined"])
        return answers

    async def close(self) -> None:
        """Wait for what was taken in."""
        await self._shared.close()
