"""Runs a story through the real use cases, on a real database, by a clock that jumps from hour to hour."""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from adapters.mark_file import MarkFile
from app.api.cloudevents import BATCH_TYPE, Batch, decode_request
from app.domain.channel import Channel
from app.domain.event import Event
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.tables import incidents, notifications, stays
from app.usecases import dispatch_notifications
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.check_log import Difference, check_log
from app.usecases.close_chains import close_chains
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.expire_leases import expire_leases
from app.usecases.expire_notifications import expire_notifications
from app.usecases.remind import remind
from app.usecases.seal_log import Sealer
from app.usecases.tell_incidents import tell_incidents
from app.usecases.watch_providers import ProviderWatch
from tests.conftest import TestClock
from tests.integration.world import KEYS, SENDER, sealer
from tests.simulation.journal import Journal, JournalTransport, Posted
from tests.simulation.parcels import Post
from tests.simulation.people import register
from tests.simulation.stories import Story
from tests.vocabularies import BUILT_IN

HOUR = timedelta(hours=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_BATCH = 400
_KEEP_HOUSE_EVERY = timedelta(days=3)
_SEAL_EVERY = timedelta(days=3)
_AFTERWARDS = timedelta(days=60)

_WAITING = select(func.min(notifications.c.due_at)).where(notifications.c.status.in_(["held", "queued"]))
_RUNNING = select(func.min(incidents.c.received_at)).where(incidents.c.state == "running")
_DUE = select(
    _RUNNING.scalar_subquery().label("incidents"),
    select(func.min(stays.c.review_at)).scalar_subquery().label("plans"),
    *(_WAITING.where(notifications.c.channel == each).scalar_subquery().label(each) for each in Channel),
)

Say = Callable[[str], None]


class StoryRefusedError(Exception):
    """An event of the story is none that the service takes."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One deployment that lives through a story. `grid_hours`: events are taken in every so many hours only."""

    database: Database
    story: Story
    clock: TestClock
    surroundings: Surroundings
    journal: Journal
    sealer: Sealer
    mark: MarkFile
    watch: ProviderWatch
    dispatchers: Sequence[Dispatcher]
    say: Say
    grid_hours: int
    _next_house: datetime = field(init=False)
    _next_seal: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._next_house = self._next_seal = self.clock.now

    async def live(self) -> None:
        """Everything that the story posts, and all that follows from it, until nothing is left to do."""
        arrivals = [(self._heard_at(post.at), post) for post in self.story.posts]
        last = arrivals[-1][0] + _AFTERWARDS
        place, month = 0, ""
        due_at: datetime | None = None
        while place < len(arrivals) or due_at is not None:
            now = min(at for at in (arrivals[place][0] if place < len(arrivals) else None, due_at) if at)
            if now > last:
                break
            self.clock.now = max(self.clock.now, now)
            heard = [post for at, post in arrivals[place : place + 10_000] if at <= now]
            place += len(heard)
            due_at = self._next_due(now, await self._hour(now, heard))
            if f"{now:%Y-%m}" != month:
                month = f"{now:%Y-%m}"
                self.say(f"{month}: {place} of {len(arrivals)} events, {len(self.journal.sent)} messages")
        self.clock.now = max(self.clock.now, last)
        await self._keep_house()

    async def check_log(self) -> list[str]:
        """What is wrong with the evidence log, from the first entry to the last."""
        await self._seal()
        results = await check_log(self.database, keys=KEYS, mark=self.mark.read(), progress=lambda _count: None)
        return [f"log: {each.sentence}" for each in results if isinstance(each, Difference)]

    def _heard_at(self, at: datetime) -> datetime:
        hour = datetime.combine(at.astimezone(UTC).date(), time(at.astimezone(UTC).hour), UTC) + HOUR
        return hour + HOUR * (-hour.hour % self.grid_hours)

    def _stands_until(self, now: datetime) -> datetime | None:
        return max((until for since, until in self.story.standing if since <= now < until), default=None)

    async def _hour(self, now: datetime, heard: Sequence[Post]) -> dict[str, datetime]:
        """Take these in and do all that is due; what is due next."""
        for first in range(0, len(heard), _BATCH):
            await self._accept(heard[first : first + _BATCH])
        due = await self._due()
        if self._stands_until(now):
            return due
        while due.get("incidents", _NEVER) <= self.clock.now:
            tell = partial(tell_incidents, surroundings=self.surroundings, digest_seconds=0)
            await self.database.transact(tell)
            due = await self._due()
        while due.get("plans", _NEVER) <= self.clock.now:
            await self.database.transact(partial(remind, surroundings=self.surroundings))
            due = await self._due()
        while ready := [each for each in self.dispatchers if due.get(each.channel, _NEVER) <= self.clock.now]:
            for each in ready:
                await each.turn()
            for each in ready:
                await each.settled()
            due = await self._due()
        if now >= self._next_seal:
            self._next_seal = now + _SEAL_EVERY
            await self._seal()
        if now >= self._next_house:
            self._next_house = now + _KEEP_HOUSE_EVERY
            await self._keep_house()
        return due

    async def _accept(self, posts: Sequence[Post]) -> None:
        events = _decoded(posts)
        answers = await self.database.transact(
            lambda tx: accept_events(tx, events, surroundings=self.surroundings, vocabularies=BUILT_IN)
        )
        for post, answer in zip(posts, answers, strict=True):
            if not isinstance(answer, Accepted):
                raise StoryRefusedError(post.document["id"])
            self.journal.posted.append(
                Posted(at=self.clock.now, document=post.document, event=answer.event, status=answer.status)
            )

    async def _due(self) -> dict[str, datetime]:
        """When the next plan is to be looked at, and the next message of each channel to be sent."""
        async with self.database.read() as tx:
            found = (await tx.execute(_DUE)).mappings().one()
        return {name: at for name, at in found.items() if at is not None}

    def _next_due(self, now: datetime, due: Mapping[str, datetime]) -> datetime | None:
        """The next full hour at which a worker that runs has something to do."""
        earliest = min(due.values(), default=None)
        if earliest is None:
            return None
        at = max(_full_hour(earliest), now + HOUR)
        while until := self._stands_until(at):
            at = _full_hour(until)
        return at

    async def _seal(self) -> None:
        while await self.sealer.turn():
            pass

    async def _keep_house(self) -> None:
        await self.watch.turn()
        for keep in (expire_leases, expire_notifications, close_chains):
            while await self.database.transact(partial(keep, surroundings=self.surroundings)):
                pass


def _full_hour(moment: datetime) -> datetime:
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return whole if whole == moment else whole + HOUR


def _decoded(posts: Sequence[Post]) -> list[Event]:
    body = json.dumps([post.document for post in posts]).encode()
    batch = decode_request(content_type=BATCH_TYPE, headers=[], body=body)
    if not isinstance(batch, Batch):
        raise StoryRefusedError("a batch was read as a single event")
    events = [each for each in batch.results if isinstance(each, Event)]
    if len(events) < len(posts):
        refused = next(each for each in batch.results if not isinstance(each, Event))
        raise StoryRefusedError(str(refused))
    return events


@asynccontextmanager
async def open_run(
    database: Database, story: Story, directory: Path, *, say: Say, grid_hours: int = 1
) -> AsyncIterator[Run]:
    """A deployment on a migrated database, a day before the story begins, with its people registered."""
    clock = TestClock(datetime.combine(story.first_day - timedelta(days=4), time(6), UTC))
    surroundings = Surroundings(clock=clock, new_id=uuid7, entropy=secrets.token_bytes, jitter=lambda: 0.5)
    journal = Journal()
    mark = MarkFile(directory / "mark")
    own_sealer = sealer(database, mark, surroundings)
    await own_sealer.start()
    transports = [JournalTransport(channel, journal, lambda: clock.now) for channel in (Channel.SMS, Channel.EMAIL)]
    watch = ProviderWatch(database, [each.name for each in transports], reporting=[], surroundings=surroundings)
    await watch.turn()
    await register(database, list(story.people), surroundings=surroundings, at=clock.now)
    gather = dispatch_notifications.SETTLE_TOGETHER_SECONDS
    dispatch_notifications.SETTLE_TOGETHER_SECONDS = 0.0  # nothing else ever joins: the clock stands meanwhile
    try:
        dispatchers = [
            Dispatcher(database, [Provider(transport=each)], sender=SENDER, watch=watch, surroundings=surroundings)
            for each in transports
        ]
    finally:
        dispatch_notifications.SETTLE_TOGETHER_SECONDS = gather
    yield Run(
        database=database,
        story=story,
        clock=clock,
        surroundings=surroundings,
        journal=journal,
        sealer=own_sealer,
        mark=mark,
        watch=watch,
        dispatchers=dispatchers,
        say=say,
        grid_hours=grid_hours,
    )
