"""Follow up attempts of unknown outcome: ask the provider, send once more where that is allowed, or leave them so."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import structlog

from app.domain.channel import Channel
from app.domain.look_up import Found, LookUp, NotFound, Sought, Unclear
from app.domain.notification import Attempt, AttemptStatus, Failure, Notification, Status
from app.domain.reconciliation import ONE_TIME, Means, Next, Step, after_unclear_look, next_step
from app.ports import Surroundings, Transport
from app.storage import notifications as outbox
from app.storage.database import Database, Tx
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.end_chain import end_chain
from app.usecases.read_sent import Sent, read_sent
from app.usecases.resend_once import resend_once
from app.usecases.settle_attempts import Book, open_book
from app.usecases.start_attempt import Claimed

BATCH_MAX = 50
# Who looks may die: another looks after this. Looking changes nothing at the provider.
LOOK_LEASE = timedelta(seconds=60)
RESEND_LATER = timedelta(seconds=5)
LOOK_SECONDS = 30.0  # however many pages the list has

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A look-up to be made while no transaction is open."""

    attempt: Attempt
    transport: Transport
    sought: Sought = field(repr=False)


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What one transaction decided: look-ups to make, messages to hand over again, how many were followed."""

    looks: list[_Look] = field(default_factory=list)
    again: dict[Channel, list[Claimed]] = field(default_factory=dict)
    followed: int = 0

    def going_on(self) -> set[UUID]:
        """The notifications about which something may still be learned."""
        looked = {look.attempt.notification for look in self.looks}
        return looked | {item.notification.id for claimed in self.again.values() for item in claimed}


class Follower:
    """Takes the next step for unknown attempts when it is due. `resends`: channels on which one re-send is allowed."""

    def __init__(
        self,
        database: Database,
        dispatchers: Sequence[Dispatcher],
        *,
        resends: frozenset[Channel],
        surroundings: Surroundings,
    ) -> None:
        self._database = database
        self._dispatchers = {each.channel: each for each in dispatchers}
        self._resends = resends
        self._surroundings = surroundings

    async def turn(self) -> int:
        """Take what is due; how many attempts were followed."""
        plan = await self._database.transact(self._begin)
        for channel, claimed in plan.again.items():
            self._dispatchers[channel].hand_over(claimed)
        if plan.looks:
            answers = await asyncio.gather(*(_ask(look) for look in plan.looks))
            found = list(zip(plan.looks, answers, strict=True))
            await self._database.transact(lambda tx: self._conclude(tx, found))
        return plan.followed

    async def _begin(self, tx: Tx) -> _Plan:
        """Decide about each due one: wait for its step, prepare the look-up, start the re-send, or leave it so."""
        due = await outbox.due_to_follow(tx, now=self._surroundings.clock(), limit=BATCH_MAX)
        plan = _Plan(followed=len(due))
        if not due:
            return plan
        tried = await outbox.attempts_of(tx, [n.id for n in due])
        unknown = _unknown_of(tried)
        book = await open_book(tx, list(unknown.values()), self._surroundings)
        known = _fail_known(book, [n for n in due if n.id not in unknown])
        upcoming = {id_: self._next(book.notifications[id_], attempt, book.now) for id_, attempt in unknown.items()}
        reached = {id_: step.step for id_, step in upcoming.items() if step.at <= book.now}
        for id_ in upcoming.keys() - reached.keys():
            book.look_again(id_, looks=book.notifications[id_].looks, at=upcoming[id_].at)
        sent = await read_sent(
            tx, [unknown[id_] for id_, step in reached.items() if step is not Step.GIVE_UP], book.keys
        )
        for id_ in (id_ for id_, step in reached.items() if step is Step.LOOK and id_ in sent):
            plan.looks.append(self._look(unknown[id_], sent[id_], channel=book.notifications[id_].channel))
            book.look_again(id_, looks=book.notifications[id_].looks, at=book.now + LOOK_LEASE)
        to_resend = {id_: unknown[id_] for id_, step in reached.items() if step is Step.RESEND}
        waiting = self._without_room(to_resend, book)
        for id_ in waiting:
            book.look_again(id_, looks=book.notifications[id_].looks, at=book.now + RESEND_LATER)
        await self._resend(tx, book, {id_: to_resend[id_] for id_ in to_resend.keys() - waiting}, sent, plan)
        for id_ in reached.keys() - plan.going_on() - waiting:
            book.give_up(unknown[id_])
        await book.write(tx)
        await outbox.save_all(tx, known)
        return plan

    def _without_room(self, unknown: Mapping[UUID, Attempt], book: Book) -> set[UUID]:
        """Those whose provider rests, or has as much as it can take: no other one may have them."""
        room: dict[str, int] = {}
        waiting = set()
        for id_, attempt in unknown.items():
            dispatcher = self._dispatchers[book.notifications[id_].channel]
            left = room.setdefault(attempt.provider, dispatcher.room_with(attempt.provider))
            if left <= 0:
                waiting.add(id_)
            room[attempt.provider] = left - 1
        return waiting

    async def _resend(
        self, tx: Tx, book: Book, unknown: Mapping[UUID, Attempt], sent: Mapping[UUID, Sent], plan: _Plan
    ) -> None:
        for channel, dispatcher in self._dispatchers.items():
            own = {id_: each for id_, each in unknown.items() if book.notifications[id_].channel is channel}
            if own:
                plan.again[channel] = await resend_once(tx, book, own, sent, sender=dispatcher.sender)

    def _look(self, attempt: Attempt, sent: Sent, *, channel: Channel) -> _Look:
        return _Look(
            attempt=attempt,
            transport=self._dispatchers[channel].providers[attempt.provider].transport,
            sought=Sought(
                attempt=attempt.id,
                notification=attempt.notification,
                to=sent.to,
                message=sent.text,
                started_at=attempt.started_at,
                ended_at=attempt.ended_at or attempt.started_at,
            ),
        )

    def _next(self, notification: Notification, attempt: Attempt, now: datetime) -> Next:
        return next_step(
            channel=notification.channel,
            means=self._means(notification, attempt),
            unknown_at=attempt.ended_at or attempt.started_at,
            looks=notification.looks,
            resent=notification.resent,
            now=now,
        )

    def _means(self, notification: Notification, attempt: Attempt) -> Means:
        """What this process can do; for a provider that is no longer set up, nothing."""
        dispatcher = self._dispatchers.get(notification.channel)
        provider = dispatcher.providers.get(attempt.provider) if dispatcher else None
        if provider is None:
            return Means()
        return Means(
            looks_up=provider.transport.looks_up,
            has_keys=provider.transport.has_keys,
            may_resend=notification.channel in self._resends and notification.kind not in ONE_TIME,
        )

    async def _conclude(self, tx: Tx, found: Sequence[tuple[_Look, LookUp]]) -> None:
        """Write down what the look-ups showed, of those attempts about which nothing else was learned meanwhile."""
        book = await open_book(tx, [look.attempt for look, _ in found], self._surroundings)
        tried = await outbox.attempts_of(tx, book.notifications)
        for look, answer in found:
            notification = book.notifications[look.attempt.notification]
            still_open = notification.status is Status.UNKNOWN and not notification.unresolved
            if still_open and _unknown_of(tried).get(notification.id) == look.attempt:
                self._note(book, notification, look.attempt, answer)
        await book.write(tx)

    def _note(self, book: Book, notification: Notification, attempt: Attempt, answer: LookUp) -> None:
        match answer:
            case Found():
                book.reconcile(attempt, answer, method="list")
            case NotFound():
                looked = notification.looks + 1
                upcoming = self._next(replace(notification, looks=looked), attempt, book.now)
                book.look_again(notification.id, looks=looked, at=upcoming.at)
            case Unclear(reason=reason):
                _log.warning("look_up_unclear", provider=attempt.provider, reason=reason)
                again = after_unclear_look(
                    self._next(notification, attempt, book.now),
                    channel=notification.channel,
                    unknown_at=attempt.ended_at or attempt.started_at,
                    now=book.now,
                )
                if again.step is Step.GIVE_UP and again.at <= book.now:
                    book.give_up(attempt)
                else:
                    book.look_again(notification.id, looks=notification.looks, at=again.at)
            case _:
                assert_never(answer)


async def _ask(look: _Look) -> LookUp:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await look.transport.look_up(look.sought)
    except TimeoutError:
        return Unclear(reason="no answer in time")
    except Exception as error:  # noqa: BLE001 – a transport that raises has told us nothing
        _log.error("transport_raised", provider=look.transport.name, error=type(error).__name__)
        return Unclear(reason="the transport raised an error")


def _unknown_of(tried: Mapping[UUID, Sequence[Attempt]]) -> dict[UUID, Attempt]:
    """The newest attempt of unknown outcome of each."""
    return {
        id_: attempt
        for id_, attempts in tried.items()
        for attempt in attempts
        if attempt.status is AttemptStatus.UNKNOWN
    }


def _fail_known(book: Book, notifications: Sequence[Notification]) -> list[Notification]:
    """End those of which nothing is unknown any more, whose rows the caller has locked.

    Their provider took the first message and reported that it failed, and the re-send did not leave.
    """
    failed = [replace(n, status=Status.FAILED, failure=Failure.PERMANENT, due_at=None) for n in notifications]
    return [end_chain(book.sheet, each, "notification.failed", at=book.now) for each in failed]
