"""Accept, claim, crash, settle, report, withdraw and wait in any order: nothing is lost, doubled or moved back."""

import asyncio
import secrets
import tempfile
from collections import Counter, defaultdict
from collections.abc import Coroutine
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from uuid_utils.compat import uuid7

from adapters.mark_file import MarkFile
from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.merge import ConsentAct, RecipientPatch, WantedContact
from app.domain.notification import FINAL, Status
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.quiet_hours import NEVER_QUIET
from app.domain.receipt import Receipt, ReceiptStatus
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.notifications import NotificationFilter
from app.storage.vault import Vault
from app.usecases import accept_events as accepting
from app.usecases.check_log import Difference, check_log
from app.usecases.claim_notifications import claim_notifications
from app.usecases.close_chains import close_chains
from app.usecases.expire_leases import expire_leases
from app.usecases.expire_notifications import expire_notifications
from app.usecases.follow_unknown import Follower
from app.usecases.places import Places
from app.usecases.put_recipient import put_recipient
from app.usecases.record_receipt import record_receipts
from app.usecases.settle_attempts import Ended, settle_attempts
from app.usecases.start_attempt import Claimed
from app.usecases.withdraw_consent import withdraw_consent
from tests.builders import NOON, OPERATOR, PHONE, RECIPIENT, event
from tests.conftest import ROOT_SECRET, TestClock
from tests.integration.sealed import SealedFact, assert_in_order, sealed_facts
from tests.integration.world import KEYS, SENDER, sealer
from tests.vocabularies import BUILT_IN

T = TypeVar("T")

OUTCOMES: list[Outcome] = [
    Accepted(provider_id="SM1"),
    Unknown(stage="response", code="timeout"),
    NotSent(stage="connect", code="refused"),
    NotSent(stage="consent", code="opted_out"),
    Refused(permanence=Permanence.TEMPORARY, stage="response", code="21611"),
    Refused(permanence=Permanence.PERMANENT, stage="response", code="21211"),
]


class Fate(StrEnum):
    """What may become of a claimed message other than an outcome at once."""

    LATER = "later"
    DIES = "dies"


FATES = st.sampled_from([*OUTCOMES, *Fate, *Fate])
KINDS = ["notice_left", "notice_left", "ready_for_pickup", "returned", "delivered"]
ENDS_OF_ATTEMPTS = {"attempt.accepted", "attempt.refused", "attempt.not_sent", "attempt.unknown"}
# What a fact makes of its notification; those that are not here carry the status they leave, or leave it as it is.
STATUS_AFTER = {
    "notification.planned": Status.QUEUED,
    "notification.held": Status.HELD,
    "notification.suppressed": Status.SUPPRESSED,
    "attempt.started": Status.SENDING,
    "attempt.accepted": Status.SENT,
    "attempt.unknown": Status.UNKNOWN,
    "attempt.refused": Status.QUEUED,
    "attempt.not_sent": Status.QUEUED,
    "attempt.reconciled": Status.SENT,
    "receipt.delivered": Status.DELIVERED,
}


class Outbox(RuleBasedStateMachine):
    """The use cases on SQLite; beside them, what a gateway may have got, which none of them writes."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = tempfile.TemporaryDirectory(prefix="awizo-machine-")
        home = Path(self.directory.name)
        (home / "awizo.db").write_bytes(self.template.read_bytes())
        self.clock = TestClock(NOON)
        self.surroundings = Surroundings(
            clock=self.clock, new_id=uuid7, entropy=secrets.token_bytes, jitter=lambda: 0.0
        )
        self.database = Database(f"sqlite+aiosqlite:///{home / 'awizo.db'}", Vault(ROOT_SECRET))
        self.mark = MarkFile(home / "mark")
        self.sealer = sealer(self.database, self.mark, self.surroundings)
        self.in_flight: list[Claimed] = []
        self.attempts: list[UUID] = []
        self.posted: dict[str, tuple[UUID, int]] = {}
        self.standing: dict[UUID, Status] = {}
        self.may_have_left: Counter[UUID] = Counter()
        self.agreed = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def transact(self, usecase: Any, *given: Any, **named: Any) -> Any:
        return self.run(self.database.transact(lambda tx: usecase(tx, *given, surroundings=self.surroundings, **named)))

    @initialize()
    def open(self) -> None:
        self.run(self.sealer.start())
        self._put(
            quiet_hours=NEVER_QUIET,
            contact_points=(WantedContact(channel=Channel.SMS, value=PHONE, verified=True, method="counter"),),
        )
        self.consent(granted=True)
        for item in (1, 2):
            self.accept(kind="notice_left", item=item)

    def _put(self, **patch: Any) -> None:
        self.transact(put_recipient, OPERATOR, RECIPIENT, RecipientPatch(**patch), operator_verified=True)

    @rule(granted=st.sampled_from([True, True, True, False]))
    def consent(self, granted: bool) -> None:
        self.agreed = granted
        if granted:
            at = self.clock()
            act = ConsentAct(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=True, at=at, method="counter")
            self._put(consents=(act,))
        else:
            recipient = self.run(self._recipient())
            self.transact(withdraw_consent, recipient, Channel.SMS, None, method="one_click", statement=b"{}")

    async def _recipient(self) -> UUID:
        async with self.database.read() as tx:
            record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        return record.id

    @rule(kind=st.sampled_from(KINDS), item=st.integers(1, 3))
    def accept(self, kind: str, item: int) -> None:
        """The same id is always the same event, so that a second time is a repeat."""
        news: Event = event(kind, id=f"{kind}-{item}", data={"shipment": f"item-{item}"})
        (answer,) = self.transact(accepting.accept_events, [news], vocabularies=BUILT_IN)
        assert isinstance(answer, accepting.Accepted)
        first = self.posted.setdefault(news.id, (answer.event, len(answer.notifications)))
        assert first == (answer.event, len(answer.notifications))

    @rule(fates=st.lists(FATES, min_size=1, max_size=4), minutes=st.sampled_from([0, 3]))
    def send(self, fates: list[Outcome | Fate], minutes: int) -> None:
        """One turn of a worker, what becomes of each message that it claims, and how long it is until the next."""
        claimed = self.transact(
            claim_notifications, channel=Channel.SMS, places=Places(["twilio"] * len(fates)), sender=SENDER
        )
        assert self.agreed or not claimed
        self.attempts += [item.attempt.id for item in claimed]
        for item, fate in zip(claimed, fates, strict=False):
            match fate:
                case Fate.LATER:
                    self.in_flight.append(item)
                case Fate.DIES:  # the worker is gone, and the message may have left
                    self.may_have_left[item.notification.id] += 1
                case outcome:
                    self._settle(item, outcome)
        if minutes:
            self.wait(minutes=minutes)

    @precondition(lambda self: self.in_flight)
    @rule(outcome=st.sampled_from(OUTCOMES))
    def answer_at_last(self, outcome: Outcome) -> None:
        self._settle(self.in_flight.pop(0), outcome)

    def _settle(self, item: Claimed, outcome: Outcome) -> None:
        if isinstance(outcome, Accepted | Unknown):
            self.may_have_left[item.notification.id] += 1
        self.transact(settle_attempts, [Ended(attempt=item.attempt, lease=item.lease, outcome=outcome)])

    @precondition(lambda self: self.attempts)
    @rule(which=st.integers(0, 100), status=st.sampled_from(ReceiptStatus))
    def report(self, which: int, status: ReceiptStatus) -> None:
        receipt = Receipt(
            attempt=self.attempts[which % len(self.attempts)],
            provider="twilio",
            status=status,
            code=status,
            via="callback",
            signature="shared_key",
        )
        self.transact(record_receipts, [receipt])

    @rule(minutes=st.sampled_from([1, 3, 3, 3, 60, 73 * 60]))
    def wait(self, minutes: int) -> None:
        self.clock.forward(minutes=minutes)
        for keep in (expire_leases, expire_notifications, close_chains):
            self.transact(keep)
        self.run(self._seal())

    async def _seal(self) -> None:
        while await self.sealer.turn():
            pass

    @invariant()
    def nothing_is_doubled(self) -> None:
        assert all(copies <= 1 for copies in self.may_have_left.values())

    @invariant()
    def nothing_is_lost_or_moved_back(self) -> None:
        now = self.run(self._notifications())
        assert len(now) == sum(count for _, count in self.posted.values())
        for notification, status in self.standing.items():
            if status in FINAL:
                assert now[notification] is status
            if status in {Status.SENT, Status.UNKNOWN}:
                assert now[notification] not in {Status.HELD, Status.QUEUED, Status.SENDING}
            if status is Status.SENT:
                assert now[notification] is not Status.UNKNOWN
        self.standing = now

    async def _notifications(self) -> dict[UUID, Status]:
        async with self.database.read() as tx:
            return {n.id: n.status for n in await outbox.newest(tx, NotificationFilter(limit=1000))}

    def teardown(self) -> None:
        try:
            if self.posted:
                self.run(self._check_the_end())
        finally:
            self.run(self.database.close())
            self.runner.close()
            self.directory.cleanup()

    async def _check_the_end(self) -> None:
        self.clock.now += timedelta(days=400)
        for _ in range(3):  # a lease that ends now leaves an attempt to give up, and a chain that closes 72 h later
            await Follower(self.database, [], resends=frozenset(), surroundings=self.surroundings).turn()
            for keep in (expire_leases, expire_notifications, close_chains):
                await self.database.transact(lambda tx, keep=keep: keep(tx, surroundings=self.surroundings))
            self.clock.forward(hours=73)
        await self._seal()
        sealed = await sealed_facts(self.database)
        assert_in_order(sealed)
        assert sum(fact.type == "event.accepted" for fact in sealed) == len(self.posted)
        async with self.database.read() as tx:
            kept = await outbox.newest(tx, NotificationFilter(limit=1000))
        assert all(n.due_at is None and n.lease is None for n in kept)
        assert {n.id: n.status for n in kept} == _replayed(sealed)
        results = await check_log(
            self.database,
            keys=KEYS,
            mark=self.mark.read(),
            progress=lambda _count: None,
        )
        assert not [result for result in results if isinstance(result, Difference)]


def _replayed(sealed: list[SealedFact]) -> dict[UUID, Status]:
    """Where each notification stands, told by its facts alone; each attempt in them has exactly one outcome."""
    standing: dict[UUID, Status] = {}
    outcomes: dict[tuple[UUID, int], list[str]] = defaultdict(list)
    for fact in sealed:
        if fact.document["notification"] is None:
            continue
        notification = UUID(fact.document["notification"])
        if fact.type == "attempt.started":
            outcomes[notification, fact.data["attempt"]] = []
        if fact.type in ENDS_OF_ATTEMPTS:
            outcomes[notification, fact.data["attempt"]].append(fact.type)
        if fact.type in STATUS_AFTER:
            standing[notification] = STATUS_AFTER[fact.type]
        elif fact.type.startswith("notification."):
            standing[notification] = Status(fact.data["status"])
    assert all(len(ends) == 1 for ends in outcomes.values())
    return standing


def test_the_outbox_never_loses_or_doubles(migrated_sqlite: Path) -> None:
    Outbox.template = migrated_sqlite
    run_state_machine_as_test(Outbox, settings=settings(max_examples=24, stateful_step_count=30, deadline=None))
