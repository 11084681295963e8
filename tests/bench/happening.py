"""What really happens to people, in this process: events are accepted, providers take what is sent, and report."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy import select

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.receipt import Receipt, ReceiptStatus
from app.storage.database import Database
from app.storage.tables import attempts
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.record_receipt import record_receipts
from app.usecases.start_attempt import Sender
from app.usecases.watch_providers import ProviderWatch
from app.wiring import real_surroundings
from tests.integration.scripted import Scripted
from tests.vocabularies import BUILT_IN

_SMS, _EMAIL = "twilio", "smtp"
_SENDER = Sender(public_url="https://awizo.test", email_from="awizo <notices@awizo.test>")
_REPORTS_TOGETHER = 200


class Happening:
    """Lets things happen in one database. What `sms` has on its script becomes of the next SMS."""

    def __init__(self, database: Database, watch: ProviderWatch) -> None:
        self._database, self._surroundings = database, real_surroundings()
        self.sms = Scripted(name=_SMS)
        self._dispatchers = [
            Dispatcher(
                database, [Provider(transport=each)], sender=_SENDER, watch=watch, surroundings=self._surroundings
            )
            for each in (self.sms, Scripted(name=_EMAIL, channel=Channel.EMAIL))
        ]

    async def accept(self, events: Sequence[Event]) -> list[Accepted]:
        """Accept the events in one transaction."""
        accept = partial(accept_events, events=events, surroundings=self._surroundings, vocabularies=BUILT_IN)
        return [each for each in await self._database.transact(accept) if isinstance(each, Accepted)]

    async def send(self) -> None:
        """Send all that is due, and settle it."""
        for dispatcher in self._dispatchers:
            while await dispatcher.turn():
                await dispatcher.settled()

    async def deliver(self) -> None:
        """Have the provider report that every SMS that it took has arrived."""
        async with self._database.read() as tx:
            query = select(attempts.c.id).where(attempts.c.provider == _SMS, attempts.c.status == "accepted")
            taken = list((await tx.execute(query)).scalars())
        for at in range(0, len(taken), _REPORTS_TOGETHER):
            reports = [
                Receipt(
                    attempt=attempt,
                    provider=_SMS,
                    status=ReceiptStatus.DELIVERED,
                    code="delivered",
                    via="callback",
                    signature="shared_key",
                    raw=b"MessageStatus=delivered",
                )
                for attempt in taken[at : at + _REPORTS_TOGETHER]
            ]
            record = partial(record_receipts, receipts=reports, surroundings=self._surroundings)
            await self._database.transact(record)


@asynccontextmanager
async def happening(database: Database) -> AsyncIterator[Happening]:
    """With providers that the database knows of."""
    watch = ProviderWatch(database, [_SMS, _EMAIL], reporting=[_SMS], surroundings=real_surroundings())
    await watch.turn()
    yield Happening(database, watch)
