"""Makes very many people for whom something waits at one facility, in little time and with every fact in the log.

Consents, contacts, events, stays and facts come from the program's own rules; only the rows of people are written many
at a time instead of one after the other. The people agreed to be told of incidents, and of nothing else.
"""

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from app.api.cloudevents import Single, decode_request
from app.domain.channel import Purpose
from app.domain.event import Event
from app.domain.merge import merge
from app.domain.recipient import Actor, Consent, ContactPoint, Recipient
from app.ports import Surroundings
from app.storage.database import Database, Tx
from app.storage.recipients import RecipientRecord
from app.storage.sql import insert_rows
from app.storage.tables import consents, contact_points, recipient_keys, recipients
from app.storage.vault import PersonKey
from app.usecases.accept_events import accept_events
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import new_fact_sheet
from app.usecases.remind import remind
from app.usecases.seal_log import Sealer
from app.wiring import real_surroundings
from tests.bench.load import Expected
from tests.bench.traffic import NOTIFICATIONS_PER_EVENT, SINGLE_TYPE, person, registration
from tests.builders import FACILITY, OPERATOR, area_cloud_event, cloud_event, rfc3339
from tests.vocabularies import BUILT_IN

_PEOPLE_PER_COMMIT = 500
# What is answered when nobody of them is told: they agreed to nothing but incidents.
KEPT = Expected(status=202, text=b'"status":"suppressed"', count=NOTIFICATIONS_PER_EVENT)


async def have_wait(database: Database, sealer: Sealer, *, people: int) -> None:
    """Register so many people, named as in `tests.bench.traffic`, and have an item wait for each of them."""
    surroundings = real_surroundings()
    for first in range(0, people, _PEOPLE_PER_COMMIT):
        numbers = range(first, min(first + _PEOPLE_PER_COMMIT, people))
        await database.transact(partial(_register, numbers=numbers, surroundings=surroundings))
        items = [decoded(_waits(number, number, at=_earlier())) for number in numbers]
        await database.transact(
            lambda tx, items=items: accept_events(tx, items, surroundings=surroundings, vocabularies=BUILT_IN)  # type: ignore[misc]
        )
        while await database.transact(partial(remind, surroundings=surroundings)):
            pass
        while await sealer.turn():
            pass
        sys.stderr.write(f"\r    {numbers[-1] + 1:,} of {people:,} people wait ")
    sys.stderr.write("\r" + " " * 60 + "\r")


def closure(name: str) -> dict[str, Any]:
    """The facility at which everything waits is shut from now on, for two days: a CloudEvent."""
    now = datetime.now(UTC)
    times = {"from": rfc3339(now), "until": rfc3339(now + timedelta(days=2))}
    return area_cloud_event(at=now, data={"incident": name, **times})


def is_told(answer: bytes) -> bool:
    """Whether an answer about such an event says that everybody was come by."""
    told: bool = json.loads(answer)["plan"]["state"] == "done"
    return told


def new_items(*, people: int, chance: Random) -> Iterator[bytes]:
    """Structured CloudEvents without end: more that comes to wait there, each for one of these people."""
    start = int(datetime.now(UTC).timestamp() * 1_000_000)
    for number in itertools.count(start):
        yield json.dumps(_waits(number, chance.randrange(people), at=datetime.now(UTC))).encode()


def decoded(posted: dict[str, Any]) -> Event:
    """A structured CloudEvent as the edge decodes it."""
    read = decode_request(content_type=SINGLE_TYPE, headers=[], body=json.dumps(posted).encode())
    assert isinstance(read, Single)
    return read.event


def _waits(number: int, whose: int, *, at: datetime) -> dict[str, Any]:
    data = {"shipment": f"00{number:018d}", "recipient": person(whose), "facility": FACILITY}
    return cloud_event(at=at, id=f"waits-{number}", subject=f"shipment/00{number:018d}", data=data)


def _earlier() -> datetime:
    return datetime.now(UTC) - timedelta(hours=2)


async def _register(tx: Tx, *, numbers: Sequence[int], surroundings: Surroundings) -> None:
    sheet = await new_fact_sheet(tx, surroundings)
    now = surroundings.clock()
    registered: list[tuple[Recipient, PersonKey]] = []
    wrapped = []
    for number in numbers:
        own_id = surroundings.new_id()
        key, kept = tx.vault.new_key(own_id.bytes)
        record = RecipientRecord(id=own_id, operator=OPERATOR, key=key, recipient=None)
        merged = merge(
            Recipient(id=own_id, operator=OPERATOR, name=person(number)),
            registration(number, at=now - timedelta(days=1), purpose=Purpose.INCIDENT),
            now=now,
            operator_verified=True,
            new_id=surroundings.new_id,
        )
        acting = Acting(at=now, by=Actor.OPERATOR)
        registered.append((record_acts(sheet, merged.acts, merged.recipient, record, acting), key))
        wrapped.append({"recipient_id": own_id, "wrapped_key": kept})
    await insert_rows(tx, recipients, [_person_row(tx, each, key, now) for each, key in registered])
    await insert_rows(tx, recipient_keys, wrapped)
    contacts = [(each.id, contact, key) for each, key in registered for contact in each.contact_points]
    await insert_rows(tx, contact_points, [_contact_row(tx, *each) for each in contacts])
    agreed = [(each.id, consent) for each, _ in registered for consent in each.consents]
    await insert_rows(tx, consents, [_consent_row(*each) for each in agreed])
    await sheet.write(tx)


def _person_row(tx: Tx, recipient: Recipient, key: PersonKey, now: datetime) -> dict[str, Any]:
    """As app.storage.recipients writes it."""
    profile: dict[str, Any] = {
        "name": recipient.name,
        "post_codes": [],
        "letters": recipient.letters,
        "safety_phrase": None,
    }
    return {
        "id": recipient.id,
        "operator": recipient.operator,
        "name_index": tx.vault.index("recipient", recipient.operator, recipient.name),
        "registered_at": now,
        "language": recipient.language,
        "time_zone": recipient.time_zone,
        "quiet_rule": recipient.quiet_hours.rule,
        "chosen_by_person": "\n".join(sorted(recipient.chosen_by_person)),
        "profile": key.seal(json.dumps(profile).encode(), place=b"profile" + recipient.id.bytes),
        "created_at": now,
    }


def _contact_row(tx: Tx, whose: UUID, contact: ContactPoint, key: PersonKey) -> dict[str, Any]:
    return {
        "id": contact.id,
        "recipient_id": whose,
        "channel": contact.channel,
        "value_index": tx.vault.index("contact", contact.channel, contact.value),
        "value": key.seal(contact.value.encode(), place=b"contact" + contact.id.bytes),
        "state": contact.state,
        "method": contact.method,
        "changed_at": contact.changed_at,
        "changed_by": contact.changed_by,
    }


def _consent_row(whose: UUID, consent: Consent) -> dict[str, Any]:
    return {
        "recipient_id": whose,
        "channel": consent.channel,
        "purpose": consent.purpose,
        "granted": consent.granted,
        "version": consent.version,
        "at": consent.at,
        "by": consent.by,
        "method": consent.method,
        "text_version": consent.text_version,
        "fact_leaf": consent.fact_leaf,
        "refused_at": consent.refused_at,
    }
