"""What the tests about recipients share: requests to send, and what the log then says."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.merge import ConsentAct, RecipientPatch, WantedContact
from app.ports import Surroundings
from app.storage.database import Database, Tx
from app.storage.tables import facts
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.put_recipient import Put, put_recipient
from tests.builders import EMAIL, NOON, OPERATOR, PHONE, RECIPIENT, event
from tests.vocabularies import BUILT_IN


@dataclass(frozen=True, slots=True)
class World:
    """A database, and the time and chance around it."""

    database: Database
    surroundings: Surroundings

    async def put(self, *, name: str = RECIPIENT, operator_verified: bool = True, **patch: Any) -> Put:
        """One PUT in a transaction of its own."""
        return await self.database.transact(
            lambda tx: put_recipient(
                tx,
                OPERATOR,
                name,
                RecipientPatch(**patch),
                operator_verified=operator_verified,
                surroundings=self.surroundings,
            )
        )

    async def tell(self, name: str = RECIPIENT, *, number: int = 1) -> Accepted:
        """The event of a paper notice for that person, in a transaction of its own."""
        news = notice_event(name, number=number)
        (answer,) = await self.database.transact(
            lambda tx: accept_events(tx, [news], surroundings=self.surroundings, vocabularies=BUILT_IN)
        )
        assert isinstance(answer, Accepted)
        return answer

    async def recorded(self) -> list[tuple[str, dict[str, Any]]]:
        """Type and `data` of every fact, oldest first."""
        async with self.database.read() as tx:
            return [(document["type"], document["data"]) for document in await documents(tx)]


def notice_event(name: str, *, number: int = 1) -> Event:
    """A first paper notice; `number` tells shipments and events apart."""
    return event(id=f"{name}-{number}", data={"recipient": name, "shipment": f"{name}-item-{number}"})


def phone(value: str = PHONE, *, verified: bool = True) -> WantedContact:
    return WantedContact(channel=Channel.SMS, value=value, verified=verified, method="counter" if verified else None)


def email(value: str = EMAIL, *, verified: bool = True) -> WantedContact:
    return WantedContact(channel=Channel.EMAIL, value=value, verified=verified, method="counter" if verified else None)


def consent(
    *,
    at: datetime = NOON - timedelta(days=1),
    granted: bool = True,
    channel: Channel = Channel.SMS,
    purpose: Purpose = Purpose.DELIVERY,
) -> ConsentAct:
    return ConsentAct(
        channel=channel, purpose=purpose, granted=granted, at=at, method="counter", text_version="2026-11"
    )


async def documents(tx: Tx) -> list[dict[str, Any]]:
    """Every fact's document, oldest first."""
    rows = await tx.execute(select(facts.c.document).order_by(facts.c.id))
    return [json.loads(document) for document in rows.scalars()]
