"""What other systems are told is read from the published log, in its order, and names nobody more than it must."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.domain.channel import Channel
from app.domain.webhook import Place, WebhookEvent, WebhookType
from app.storage import log
from app.storage.tables import facts, leaves, webhooks
from app.usecases.erase_recipient import erase_recipient
from app.usecases.read_webhook_events import body_of
from tests.builders import EMAIL, NOON, OPERATOR, PHONE, RECIPIENT, SHIPMENT, event
from tests.conftest import TestClock
from tests.integration.busy_days import busy_day, people
from tests.integration.webhooking import endpoint, everything, page
from tests.integration.world import World

# A second reading of the contract's table, from types of facts to types of events.
SECOND_TABLE = {
    "attempt.accepted": "notification.sent",
    "attempt.reconciled": "notification.sent",
    "receipt.delivered": "notification.delivered",
    "notification.failed": "notification.failed",
    "notification.suppressed": "notification.suppressed",
    "recipient.disputed": "recipient.disputed",
    "recipient.misdirected": "recipient.disputed",
    "shipment.anomaly": "shipment.anomaly",
    "consent.granted": "consent.changed",
    "consent.withdrawn": "consent.changed",
}
# What is decided by values alone is the same on both.
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


async def second_reading(world: World) -> list[tuple[str, str]]:
    """Id and type of each event, straight from the documents in the order of the log."""
    async with world.database.read() as tx:
        query = select(facts.c.document).select_from(leaves).join(facts, facts.c.id == leaves.c.fact_id)
        rows = await tx.execute(query.order_by(leaves.c.shard, leaves.c.leaf_index))
        documents = [json.loads(row.document) for row in rows]
    told = [document for document in documents if document["type"] in SECOND_TABLE]
    return [(f"evt_{each['id'].replace('-', '')}", SECOND_TABLE[each["type"]]) for each in told]


def heads(events: list[WebhookEvent]) -> list[tuple[str, str]]:
    return [(each.message_id, str(each.type)) for each in events]


def of_type(events: list[WebhookEvent], type_: WebhookType) -> list[Mapping[str, Any]]:
    return [json.loads(body_of(each))["data"] for each in events if each.type == type_]


async def test_everything_is_told_once_in_the_order_of_the_log_whatever_the_size_of_a_page(
    world: World, clock: TestClock
) -> None:
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    clock.now = NEW_YEAR
    await world.seal()
    await busy_day(world, clock, "second")
    await world.seal()
    expected = await second_reading(world)
    events = await everything(world)
    assert heads(events) == expected
    assert {type_ for _, type_ in expected} == set(WebhookType)
    assert {str(each.after)[:6] for each in events} == {"2026h2", "2027h1"}
    cursors = [str(each.after) for each in events]
    assert cursors == sorted(set(cursors))
    for limit in (1, 7):
        assert heads(await everything(world, limit=limit)) == expected
    bodies = b"".join(body_of(each) for each in events)
    for secret in (PHONE, EMAIL, PHONE.removeprefix("+48"), "UP Warszawa", "SM1"):
        assert secret.encode() not in bodies
    assert await everything(world, operator="inpost") == []


@ONE_ENGINE
async def test_an_event_names_ids_codes_and_the_operators_own_names(world: World) -> None:
    await world.register(consents=(Channel.SMS,))
    accepted = await world.accepted(event())
    await world.dispatch()
    await world.seal()
    events = await everything(world)
    sms, email = accepted.notifications
    (sent,) = of_type(events, WebhookType.SENT)
    (suppressed,) = of_type(events, WebhookType.SUPPRESSED)
    assert sent.items() >= {
        "operator": OPERATOR, "notification": str(sms.id), "kind": "notice_left", "channel": "sms",
        "recipient": RECIPIENT, "shipments": [SHIPMENT], "attempt": 1, "provider": "twilio", "code": "queued",
    }.items()  # fmt: skip
    assert suppressed.items() >= {"notification": str(email.id), "channel": "email", "reason": "no_consent"}.items()
    (consent,) = of_type(events, WebhookType.CONSENT)
    assert consent.items() >= {"granted": True, "channel": "sms", "purpose": "delivery", "recipient": RECIPIENT}.items()


async def test_once_somebody_is_erased_events_name_them_no_more(world: World) -> None:
    await world.register(consents=(Channel.SMS,))
    await world.post(event(), event(id="odd", at=NOON + timedelta(hours=1), data={"shipment": "item-2"}))
    await world.dispatch()
    await world.seal()
    before = await everything(world)
    assert of_type(before, WebhookType.ANOMALY)[0].items() >= {"recipient": RECIPIENT, "shipments": ["item-2"]}.items()
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="0123456789abcdef", surroundings=world.surroundings)
    )
    after = await everything(world)
    assert heads(after) == heads(before)
    assert len(after) == 4
    for each in after:
        said = json.loads(body_of(each))["data"]
        assert said["recipient"] is None
        assert said.get("shipments", []) == []
        assert RECIPIENT.encode() not in body_of(each)


@ONE_ENGINE
async def test_only_the_types_that_are_asked_for_are_read(world: World) -> None:
    await world.register(consents=(Channel.SMS,))
    await world.accepted(event())
    await world.dispatch()
    await world.seal()
    read = await page(world, types=[WebhookType.SENT])
    assert [each.type for each in read.events] == [WebhookType.SENT]
    assert read.is_end


async def test_nothing_is_told_before_it_is_published(world: World) -> None:
    await world.seal()
    begin = (await page(world)).after
    await world.register(consents=(Channel.SMS,))
    async with world.database.write() as tx:
        head = await log.current_head(tx, lock=True)
        assert head is not None
        await log.sequence(tx, head, await log.pending(tx, limit=100))
    read = await page(world, begin)
    assert (read.events, read.after, read.is_end) == ([], begin, True)
    await world.seal()
    assert [each.type for each in (await page(world, begin)).events] == [WebhookType.CONSENT]


@ONE_ENGINE
async def test_an_empty_page_leads_on_over_entries_that_are_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.usecases.read_webhook_events.ENTRIES_A_STRETCH", 1)
    monkeypatch.setattr("app.usecases.read_webhook_events.STRETCHES_MAX", 2)
    await world.register(channels=(Channel.SMS,), consents=())
    await world.register(channels=(Channel.SMS,), consents=(Channel.SMS,))
    await world.seal()
    first = await page(world)
    assert (first.events, first.is_end, first.after.index) == ([], False, 2)
    assert [each.type for each in await everything(world)] == [WebhookType.CONSENT]


@ONE_ENGINE
async def test_a_fact_that_nobody_can_read_is_passed_over(world: World) -> None:
    await world.register()
    await world.seal()
    async with world.database.write() as tx:
        query = select(facts.c.id, facts.c.document).where(facts.c.type == "consent.granted").order_by(facts.c.id)
        damaged, _ = await tx.execute(query)
        await tx.execute(update(facts).where(facts.c.id == damaged.id).values(document=b"{" + damaged.document))
    assert len(await everything(world)) == 1
    async with world.database.write() as tx:  # the log is checked at the end
        await tx.execute(update(facts).where(facts.c.id == damaged.id).values(document=damaged.document))


async def test_an_endpoint_begins_at_the_end_of_the_log_and_its_row_shows_no_address(world: World) -> None:
    await world.register()
    await world.seal()
    webhook = await endpoint(world, "https://crm.example.com/a-capability")
    end = (await page(world)).after
    assert webhook.place == end == Place(shard="2026h2", index=end.index)
    async with world.database.read() as tx:
        row = (await tx.execute(select(webhooks))).one()
        count = (await tx.execute(select(func.count()).select_from(webhooks))).scalar_one()
    assert count == 1
    kept = b"".join(str(value).encode() if not isinstance(value, bytes) else value for value in row)
    assert b"capability" not in kept
    assert webhook.target.secret.encode() not in kept
    assert webhook.target.secret not in repr(webhook)
