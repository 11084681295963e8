"""Endpoints are told at least once of each event, with one id, side by side; what fails is tried again, and ends."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.webhook import TRIES, WebhookType
from app.storage import webhooks as webhook_store
from app.storage.database import Database
from app.storage.webhooks import Webhook, WebhookState
from app.usecases.deliver_webhooks import CALLS_AT_ONCE, LEASE, WebhookDeliverer
from app.usecases.keep_webhooks import (
    NoSuchPlace,
    TooManyWebhooks,
    add_webhook,
    ask_for_test,
    enable_webhook,
    replay_webhook,
    rotate_secret,
)
from tests.builders import OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.doubles.webhook_receiver import Call, WebhookReceiver
from tests.integration.webhooking import URL, deliverer, endpoint, everything, new_webhook, page, present, tell
from tests.integration.world import World
from tests.unit.usecases.test_sign_webhook import second_signature

# What is decided by values alone is the same on both.
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHER_URL = "https://erp.example.com/awizo"


async def happen(world: World, *names: str) -> None:
    """One event for each: somebody's consent by SMS."""
    for name in names or ("customer-1",):
        await world.register(name, channels=(Channel.SMS,), consents=(Channel.SMS,))
    await world.seal()


def ids(calls: list[Call]) -> list[str]:
    return [call.id for call in calls]


async def pending(world: World, webhook: Webhook) -> int:
    async with world.database.read() as tx:
        return (await webhook_store.count_pending(tx, [webhook.id])).get(webhook.id, 0)


async def change(world: World, act: Any, webhook: Webhook, **given: Any) -> Any:
    if act is not replay_webhook:
        given["surroundings"] = world.surroundings
    return await world.database.transact(partial(act, webhook=webhook.id, **given))


async def test_each_event_is_sent_once_signed_with_the_secret_of_the_endpoint(world: World) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver()
    await happen(world, RECIPIENT, "customer-2")
    await world.accepted(event())
    await world.dispatch()
    await world.seal()
    await tell(deliverer(world, receiver))
    events = await everything(world)
    assert sorted(ids(receiver.calls)) == sorted(each.message_id for each in events)
    assert {call.event["type"] for call in receiver.calls} > {"consent.changed", "notification.sent"}
    for call in receiver.calls:
        assert call.event.keys() == {"type", "timestamp", "data"}
        expected = second_signature(webhook.target.secret, call.id, int(call.headers["webhook-timestamp"]), call.body)
        assert call.headers["webhook-signature"] == expected
    shown = await present(world, webhook)
    assert (shown.failing_since, shown.last_failure, await pending(world, webhook)) == (None, None, 0)
    assert shown.last_success_at is not None
    assert shown.place == (await page(world)).after


@ONE_ENGINE
async def test_an_endpoint_is_told_only_of_the_types_and_the_operator_that_it_asked_for(world: World) -> None:
    receiver = WebhookReceiver()
    await endpoint(world, events=[WebhookType.SENT])
    await endpoint(world, OTHER_URL, operator="inpost")
    await happen(world, RECIPIENT)
    await world.accepted(event())
    await world.dispatch()
    await world.seal()
    await tell(deliverer(world, receiver))
    assert [(call.url, call.event["type"]) for call in receiver.calls] == [(URL, "notification.sent")]


@ONE_ENGINE
async def test_what_fails_is_tried_again_with_the_same_id_until_it_arrives(world: World, clock: TestClock) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver(failing={URL: "status_503"})
    outcomes: list[str] = []
    telling = deliverer(world, receiver, on_outcome=outcomes.append)
    await happen(world)
    await tell(telling)
    assert len(receiver.calls) == 1
    shown = await present(world, webhook)
    assert (shown.last_failure, shown.failing_since is not None) == ("status_503", True)
    clock.forward(seconds=10)
    await tell(telling)
    receiver.failing.clear()
    clock.forward(seconds=40)
    await tell(telling)
    assert len(set(ids(receiver.calls))) == 1
    assert len({call.headers["webhook-timestamp"] for call in receiver.calls}) == 3
    assert outcomes == ["failed", "failed", "delivered"]
    assert (await present(world, webhook)).failing_since is None


@ONE_ENGINE
async def test_after_fourteen_tries_in_vain_an_endpoint_is_disabled_and_taken_up_again_where_it_stopped(
    world: World, clock: TestClock
) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver(failing={URL: "timeout"})
    telling = deliverer(world, receiver)
    await happen(world, "customer-1")
    for _ in range(TRIES + 3):
        await tell(telling)
        clock.forward(hours=30)
    assert len(receiver.calls) == TRIES
    shown = await present(world, webhook)
    assert (shown.state, shown.why, shown.last_failure) == (WebhookState.DISABLED, "failing", "timeout")
    await happen(world, "customer-2")
    receiver.failing.clear()
    await tell(telling)
    assert len(receiver.calls) == TRIES
    await change(world, enable_webhook, webhook, from_now=False)
    await tell(telling)
    assert ids(receiver.calls[TRIES:]) == [each.message_id for each in await everything(world)]
    assert (await present(world, webhook)).why is None


@ONE_ENGINE
async def test_an_endpoint_that_is_enabled_from_now_on_is_told_of_nothing_that_it_missed(
    world: World, clock: TestClock
) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver(failing={URL: "status_410"})
    telling = deliverer(world, receiver)
    await happen(world, "customer-1")
    await tell(telling)
    assert [(await present(world, webhook)).state, (await present(world, webhook)).why] == ["disabled", "gone"]
    await happen(world, "customer-2")
    receiver.failing.clear()
    await change(world, enable_webhook, webhook, from_now=True)
    await happen(world, "customer-3")
    clock.forward(days=1)
    await tell(telling)
    assert [call.event["data"]["recipient"] for call in receiver.calls] == ["customer-1", "customer-3"]
    assert await pending(world, webhook) == 0


@ONE_ENGINE
async def test_enabling_an_endpoint_that_is_enabled_drops_nothing_that_waits(world: World) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver()
    await happen(world, "customer-1")
    await change(world, enable_webhook, webhook, from_now=True)
    await tell(deliverer(world, receiver))
    assert ids(receiver.calls) == [each.message_id for each in await everything(world)] != []


@ONE_ENGINE
async def test_an_event_that_never_arrives_is_given_up_alone_while_others_do(world: World, clock: TestClock) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver()
    outcomes: list[str] = []
    telling = deliverer(world, receiver, on_outcome=outcomes.append)
    await happen(world, "customer-0")
    (poison,) = await everything(world)
    receiver.failing_ids = {poison.message_id}
    for number in range(1, TRIES + 2):
        await tell(telling)
        clock.forward(hours=30)
        await happen(world, f"customer-{number}")
    await tell(telling)
    assert Counter(ids(receiver.calls))[poison.message_id] == TRIES
    assert Counter(outcomes) == {"failed": TRIES - 1, "given_up": 1, "delivered": TRIES + 1}
    assert (await present(world, webhook)).state is WebhookState.ENABLED
    assert await pending(world, webhook) == 0


@ONE_ENGINE
async def test_a_slow_endpoint_keeps_no_other_waiting_and_gets_few_calls_at_once(world: World) -> None:
    slow, receiver = asyncio.Event(), WebhookReceiver()
    receiver.waiting[URL] = slow
    await endpoint(world)
    await endpoint(world, OTHER_URL)
    telling = deliverer(world, receiver)
    await happen(world, *(f"customer-{number}" for number in range(10)))
    assert await telling.turn()
    await receiver.until_called(OTHER_URL, 10)
    assert len(receiver.to(URL)) == CALLS_AT_ONCE
    slow.set()
    await telling.settle()
    assert len(receiver.to(URL)) == 10
    assert receiver.most_at_once[URL] == CALLS_AT_ONCE


async def test_several_workers_tell_each_endpoint_of_each_event_once(world: World) -> None:
    receiver = WebhookReceiver()
    for url in (URL, OTHER_URL):
        await endpoint(world, url)
    workers = [deliverer(world, receiver) for _ in range(4)]
    await happen(world, *(f"customer-{number}" for number in range(6)))
    await asyncio.gather(*(tell(worker) for worker in workers))
    await tell(*workers)
    expected = sorted(each.message_id for each in await everything(world))
    assert sorted(ids(receiver.to(URL))) == sorted(ids(receiver.to(OTHER_URL))) == expected


async def test_who_is_killed_between_the_call_and_its_record_has_it_made_again_with_the_same_id(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver()
    await happen(world)

    async def killed(*_: Any, **__: Any) -> list[str]:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(WebhookDeliverer, "_record", killed)
        first = deliverer(world, receiver)
        assert await first.turn()
        await first.settle()
    survivor = deliverer(world, receiver)
    assert not await survivor.turn()  # the lease of the one who was killed still holds
    clock.forward(seconds=LEASE.total_seconds() + 1)
    await tell(survivor)
    assert len(receiver.calls) == 2
    assert len(set(ids(receiver.calls))) == 1
    assert await pending(world, webhook) == 0


@ONE_ENGINE
async def test_no_call_is_made_while_a_transaction_is_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    open_now, seen = 0, []

    class Watching(WebhookReceiver):
        async def call(self, url: str, **given: Any) -> Any:
            seen.append(open_now)
            return await super().call(url, **given)

    original = Database.transact

    async def counted(self: Database, work: Any) -> Any:
        nonlocal open_now
        open_now += 1
        try:
            return await original(self, work)
        finally:
            open_now -= 1

    await endpoint(world)
    await happen(world, "customer-1", "customer-2")
    monkeypatch.setattr(Database, "transact", counted)
    await tell(deliverer(world, Watching()))
    assert seen == [0, 0]


async def test_an_endpoint_that_is_deleted_during_a_call_is_told_of_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.usecases.deliver_webhooks.CALLS_A_STEP", CALLS_AT_ONCE)
    slow, receiver = asyncio.Event(), WebhookReceiver()
    receiver.waiting[URL] = slow
    webhook = await endpoint(world)
    telling = deliverer(world, receiver)
    await happen(world, *(f"customer-{number}" for number in range(10)))
    assert await telling.turn()
    await receiver.until_called(URL, CALLS_AT_ONCE)
    await world.database.transact(partial(webhook_store.remove, webhook=webhook.id))
    slow.set()
    await telling.settle()
    await tell(telling)
    assert len(receiver.calls) == CALLS_AT_ONCE


async def test_a_replay_sends_again_with_the_first_ids_and_ends_where_the_log_does(world: World) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver()
    telling = deliverer(world, receiver)
    await happen(world, "customer-1", "customer-2", "customer-3")
    await tell(telling)
    events = await everything(world)
    assert events[0].after is not None
    assert await change(world, replay_webhook, webhook, after=events[0].after) is None
    await tell(telling)
    assert ids(receiver.calls)[3:] == [each.message_id for each in events[1:]]
    beyond = (await present(world, webhook)).place
    beyond = replace(beyond, index=beyond.index + 1)
    assert isinstance(await change(world, replay_webhook, webhook, after=beyond), NoSuchPlace)


@ONE_ENGINE
async def test_while_a_secret_is_exchanged_both_sign_and_after_a_day_only_the_new_one(
    world: World, clock: TestClock
) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver()
    telling = deliverer(world, receiver)
    rotated = await change(world, rotate_secret, webhook)
    assert rotated.target.secret != webhook.target.secret
    await happen(world, "customer-1")
    await tell(telling)
    clock.forward(seconds=timedelta(hours=24).total_seconds())
    await happen(world, "customer-2")
    await tell(telling)
    for call, secrets in zip(
        receiver.calls, ([rotated.target.secret, webhook.target.secret], [rotated.target.secret]), strict=True
    ):
        at = int(call.headers["webhook-timestamp"])
        expected = [second_signature(secret, call.id, at, call.body) for secret in secrets]
        assert call.headers["webhook-signature"].split(" ") == expected


@ONE_ENGINE
async def test_a_test_event_goes_once_also_to_an_endpoint_that_is_disabled_and_says_what_came_of_it(
    world: World, clock: TestClock
) -> None:
    webhook, receiver = await endpoint(world), WebhookReceiver(failing={URL: "status_410"})
    telling = deliverer(world, receiver)
    await happen(world)
    await tell(telling)
    receiver.calls.clear()
    receiver.failing[URL] = "certificate"
    await change(world, ask_for_test, webhook)
    await tell(telling)
    clock.forward(hours=1)
    await tell(telling)
    (call,) = receiver.calls
    assert call.event["type"] == "webhook.test"
    test = (await present(world, webhook)).test
    assert test is not None
    assert (call.id, test.failure, test.ended_at is not None) == (f"evt_{test.id.hex}", "certificate", True)
    assert (await present(world, webhook)).state is WebhookState.DISABLED
    receiver.failing.clear()
    await change(world, ask_for_test, webhook)
    await tell(telling)
    again = (await present(world, webhook)).test
    assert again is not None
    assert (again.failure, again.ended_at is not None, again.id != test.id) == (None, True, True)


async def test_where_too_much_waits_the_rest_stays_in_the_log(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.usecases.deliver_webhooks.PENDING_MAX", 3)
    monkeypatch.setattr("app.usecases.deliver_webhooks.ENTRIES_A_STRETCH", 4)
    webhook, receiver = await endpoint(world), WebhookReceiver(failing={URL: "timeout"})
    telling = deliverer(world, receiver)
    await happen(world, *(f"customer-{number}" for number in range(9)))
    await tell(telling)
    assert 3 <= await pending(world, webhook) < 6
    assert not await telling.turn()
    receiver.failing.clear()
    for _ in range(4):
        clock.forward(hours=1)
        await tell(telling)
    assert len(set(ids(receiver.calls))) == 9


@ONE_ENGINE
async def test_an_operator_has_twenty_endpoints_at_most(world: World) -> None:
    for _ in range(20):
        await endpoint(world)
    add = {operator: partial(add_webhook, new=new_webhook(operator=operator)) for operator in (OPERATOR, "inpost")}
    added = {
        operator: await world.database.transact(partial(work, surroundings=world.surroundings))
        for operator, work in add.items()
    }
    assert isinstance(added[OPERATOR], TooManyWebhooks)
    assert isinstance(added["inpost"], Webhook)


@ONE_ENGINE
async def test_a_process_that_stops_ends_the_calls_on_their_way_and_begins_no_other(world: World) -> None:
    slow, receiver = asyncio.Event(), WebhookReceiver()
    receiver.waiting[URL] = slow
    webhook = await endpoint(world)
    stopping = deliverer(world, receiver)
    await happen(world, *(f"customer-{number}" for number in range(12)))
    assert await stopping.turn()
    await receiver.until_called(URL, CALLS_AT_ONCE)
    drained = asyncio.create_task(stopping.drain())
    await asyncio.sleep(0)
    slow.set()
    await drained
    assert len(receiver.calls) == CALLS_AT_ONCE
    assert await pending(world, webhook) == 12 - CALLS_AT_ONCE
    assert not await stopping.turn()
    await tell(deliverer(world, receiver))
    assert len(set(ids(receiver.calls))) == len(receiver.calls) == 12
