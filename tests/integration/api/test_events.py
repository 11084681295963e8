"""`POST /v1/events` and reading events back, over HTTP on both databases."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from app.api.cloudevents import BATCH_EVENTS_MAX, EVENT_BYTES_MAX
from app.domain.access import Scope
from app.storage import notifications as outbox
from tests import wire
from tests.builders import OPERATOR, RECIPIENT
from tests.integration.api.scene import until
from tests.integration.api.service import BATCH, OTHER_OPERATOR, STRUCTURED, Service, fresh_event

ACCEPTED_MEMBERS = ["event", "status", "mapped_type", "notifications"]
NOTIFICATION_MEMBERS = ["id", "channel", "kind", "status", "reason"]


async def post_binary(service: Service, event: dict[str, Any]) -> Any:
    headers, body = wire.binary(event)
    key = [(name.encode(), value.encode()) for name, value in service.admin.items()]
    return await service.client.post("/v1/events", headers=[*headers, *key], content=body)


async def test_the_answer_to_an_event_has_exactly_the_contracts_members(service: Service) -> None:
    await service.register()
    answer = await service.post(fresh_event())
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    content = answer.json()
    assert list(content) == ACCEPTED_MEMBERS
    assert str(UUID(content["event"])) == content["event"]
    assert (content["status"], content["mapped_type"]) == ("accepted", None)
    for item, channel in zip(content["notifications"], ("sms", "email"), strict=True):
        assert list(item) == NOTIFICATION_MEMBERS
        assert str(UUID(item["id"])) == item["id"]
        stands = {name: item[name] for name in NOTIFICATION_MEMBERS[1:]}
        assert stands == {"channel": channel, "kind": "notice_left", "status": "queued", "reason": None}


async def test_somebody_without_consent_still_gets_a_row_for_each_channel(service: Service) -> None:
    await service.register(agreed=False)
    told = (await service.post(fresh_event())).json()["notifications"]
    assert [(item["channel"], item["status"], item["reason"]) for item in told] == [
        ("sms", "suppressed", "no_consent"),
        ("email", "suppressed", "no_consent"),
    ]


async def test_a_recipient_whom_nobody_registered_gives_an_empty_list(service: Service) -> None:
    assert (await service.post(fresh_event())).json()["notifications"] == []


async def test_one_event_in_three_modes_is_accepted_once_and_then_known(service: Service) -> None:
    await service.register()
    event = fresh_event()
    first = (await service.post(event)).json()
    again = [
        (await service.post(event)).json(),
        (await post_binary(service, event)).json(),
        (await service.post_batch([event])).json()["results"][0],
    ]
    assert first["status"] == "accepted"
    assert [answer["status"] for answer in again] == ["duplicate"] * 3
    assert {answer["event"] for answer in again} == {first["event"]}
    ids = [item["id"] for item in first["notifications"]]
    assert [[item["id"] for item in answer["notifications"]] for answer in again] == [ids] * 3
    assert (await service.counts())["events"] == 1


async def test_a_repeat_names_the_present_states(service: Service) -> None:
    await service.register()
    event = fresh_event()
    await service.post(event)

    async def sent() -> bool:
        answer = (await service.post(event)).json()
        return answer["status"] == "duplicate" and [n["status"] for n in answer["notifications"]] == ["sent", "sent"]

    await until(sent)


async def test_member_order_and_space_do_not_make_another_event(service: Service) -> None:
    event = fresh_event()
    await service.post(event)
    turned = json.dumps(dict(reversed(event.items())), indent=4).encode()
    answer = await service.client.post("/v1/events", content=turned, headers=STRUCTURED | service.admin)
    assert answer.json()["status"] == "duplicate"


async def test_other_content_under_the_same_key_is_a_conflict_and_changes_nothing(service: Service) -> None:
    await service.register()
    event = fresh_event()
    first = (await service.post(event)).json()
    answer = await service.post(fresh_event(data={"reason": "other"}))
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    counts = await service.counts()
    assert (counts["events"], counts["notifications"]) == (1, 2)
    assert (await service.post(event)).json()["event"] == first["event"]


async def test_the_same_source_and_id_of_another_operator_is_another_event(service: Service) -> None:
    answers = [await service.post(fresh_event(data={"operator": name})) for name in (OPERATOR, OTHER_OPERATOR)]
    assert [answer.json()["status"] for answer in answers] == ["accepted", "accepted"]


async def test_a_batch_is_answered_in_the_order_sent(service: Service) -> None:
    await service.register()
    good = fresh_event("out_for_delivery", id="one")
    batch = [
        good,
        {"specversion": "1.0"},
        fresh_event("in_transit", id="two"),
        good,
        good | {"subject": "another"},
        fresh_event("in_transit", id="three", type="pl.example.unheard_of.v1"),
    ]
    answer = await service.post_batch(batch)
    assert answer.status_code == 202
    assert list(answer.json()) == ["results"]
    results = answer.json()["results"]
    assert [(result["index"], result["status"]) for result in results] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "accepted"),
        (3, "duplicate"),
        (4, "rejected"),
        (5, "quarantined"),
    ]
    assert [results[index]["problem"]["status"] for index in (1, 4)] == [422, 409]
    assert list(results[0]) == ["index", *ACCEPTED_MEMBERS]
    assert list(results[1]) == ["index", "status", "problem"]
    assert results[3]["event"] == results[0]["event"]


async def test_a_batch_of_which_all_are_rejected_is_still_202(service: Service) -> None:
    answer = await service.post_batch([{}, 5, None])
    assert answer.status_code == 202
    assert [(result["index"], result["status"]) for result in answer.json()["results"]] == [
        (0, "rejected"),
        (1, "rejected"),
        (2, "rejected"),
    ]


async def test_a_batch_of_none_or_too_many_is_422(service: Service) -> None:
    for count in (0, BATCH_EVENTS_MAX + 1):
        answer = await service.post_batch([fresh_event("in_transit", id=str(index)) for index in range(count)])
        assert answer.status_code == 422
    assert (await service.counts())["events"] == 0


async def test_a_whole_batch_is_accepted_and_told_once_each(service: Service) -> None:
    events = [fresh_event("in_transit", id=f"{index}") for index in range(BATCH_EVENTS_MAX)]
    first, again = [(await service.post_batch(events)).json()["results"] for _ in range(2)]
    assert {result["status"] for result in first} == {"accepted"}
    assert {result["status"] for result in again} == {"duplicate"}
    assert [result["event"] for result in first] == [result["event"] for result in again]


async def test_an_unknown_type_is_quarantined_kept_and_guessed_by_nobody(service: Service) -> None:
    await service.register()
    event = fresh_event(type="pl.awizo.delivery.notice_left.v9")
    answer = (await service.post(event)).json()
    assert (answer["status"], answer["notifications"]) == ("quarantined", [])
    kept = (await service.get(f"/v1/events/{answer['event']}")).json()
    assert (kept["status"], kept["cloudevent"]) == ("quarantined", event)


async def test_an_event_for_another_operator_is_403_alone_and_rejected_in_a_batch(service: Service) -> None:
    key = await service.key(Scope.EVENTS_WRITE)
    foreign, own = fresh_event(data={"operator": OTHER_OPERATOR}), fresh_event("in_transit", id="own")
    alone = await service.post(foreign, key=key)
    assert (alone.status_code, alone.headers["content-type"]) == (403, "application/problem+json")
    results = (await service.post_batch([foreign, own], key=key)).json()["results"]
    assert [result["status"] for result in results] == ["rejected", "accepted"]
    assert results[0]["problem"]["status"] == 403
    assert (await service.counts())["events"] == 1


async def test_what_was_accepted_can_be_read_back_as_it_was_sent(service: Service) -> None:
    await service.register()
    event = fresh_event()
    answer = (await service.post(event)).json()
    read = (await service.get(f"/v1/events/{answer['event']}")).json()
    assert list(read) == [
        "event",
        "status",
        "mapped_type",
        "received_at",
        "cloudevent",
        "notifications",
        "plan",
    ]
    assert read["cloudevent"] == event
    assert read["plan"] is None
    assert [item["id"] for item in read["notifications"]] == [item["id"] for item in answer["notifications"]]


async def test_an_erased_persons_event_is_read_back_without_its_content(service: Service) -> None:
    await service.register()
    answer = (await service.post(fresh_event())).json()
    await service.client.delete(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", headers=service.admin)
    read = await service.get(f"/v1/events/{answer['event']}")
    assert (read.status_code, read.json()["cloudevent"]) == (200, None)


async def test_types_that_nobody_is_told_of_are_accepted_and_tell_nobody(service: Service) -> None:
    await service.register()
    for kind in ("registered", "in_transit", "operator_notified"):
        answer = (await service.post(fresh_event("in_transit", id=kind, type=f"pl.awizo.delivery.{kind}.v1"))).json()
        assert (kind, answer["status"], answer["notifications"]) == (kind, "accepted", [])


async def test_an_event_of_exactly_the_limit_is_accepted_and_one_byte_more_is_413(service: Service) -> None:
    body = json.dumps(fresh_event("in_transit")).encode()
    for size, status in ((EVENT_BYTES_MAX, 202), (EVENT_BYTES_MAX + 1, 413)):
        answer = await service.client.post("/v1/events", content=body.ljust(size), headers=STRUCTURED | service.admin)
        assert answer.status_code == status


async def test_a_body_that_grows_chunk_by_chunk_is_refused_as_soon_as_it_is_too_large(service: Service) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 64 * 1024
            yield b" " * (64 * 1024)

    answer = await service.client.post("/v1/events", content=endless(), headers=STRUCTURED | service.admin)
    assert answer.status_code == 413
    assert sent <= EVENT_BYTES_MAX + 2 * 64 * 1024


async def test_a_compressed_body_is_415_without_being_read(service: Service) -> None:
    for coding in ("gzip", "br", "deflate", "zstd"):
        answer = await service.post(fresh_event(), **{"Content-Encoding": coding})
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


async def test_a_refusal_before_the_body_needs_no_body(service: Service) -> None:
    answer = await service.client.post("/v1/events", headers=BATCH)
    assert answer.status_code == 401


async def test_a_hundred_posts_of_one_event_at_once_are_one_event(service: Service) -> None:
    await service.register()
    event = fresh_event()
    answers = [answer.json() for answer in await asyncio.gather(*(service.post(event) for _ in range(100)))]
    assert sorted(answer["status"] for answer in answers) == ["accepted", *["duplicate"] * 99]
    assert len({answer["event"] for answer in answers}) == 1
    assert (await service.counts())["events"] == 1
    async with service.services.database.read() as tx:
        told = (await outbox.by_events(tx, [UUID(answers[0]["event"])])).values()  # reminders come later
    assert [len(each) for each in told] == [2]


async def test_an_event_id_that_is_none_is_422_and_an_unknown_one_404(service: Service) -> None:
    paths = ["/v1/events/nothing", "/v1/events/00000000-0000-7000-8000-000000000000"]
    assert [(await service.get(path)).status_code for path in paths] == [422, 404]


async def test_nothing_is_accepted_while_the_log_cannot_be_trusted(service: Service) -> None:
    before = await service.counts()
    service.services.log_watch.found("the database is behind the mark")
    answer = await service.post(fresh_event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert await service.counts() == before
