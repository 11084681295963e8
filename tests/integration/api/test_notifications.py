"""Reading notifications: one, and many."""

import asyncio
import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.storage.tables import notifications
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.integration.api.scene import set_scene, until
from tests.integration.api.service import Service, fresh_event, now

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

VIEW_MEMBERS = [
    "id",
    "operator",
    "kind",
    "events",
    "shipments",
    "recipient",
    "channel",
    "status",
    "reason",
    "failure",
    "unresolved",
    "created_at",
    "not_before",
    "expires_at",
    "attempts",
    "receipts",
    "facts",
    "merged_into",
]


async def listed(service: Service, **parameters: Any) -> list[dict[str, Any]]:
    answer = await service.get("/v1/notifications", **parameters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def all_pages(service: Service, *, start: str | None = None, **parameters: Any) -> list[list[str]]:
    pages, cursor = [], start
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = (await service.get("/v1/notifications", **parameters, **more)).json()
        assert list(page) == ["items", "next"]
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next"]
        if cursor is None:
            return pages


async def test_one_notification_has_exactly_the_contracts_view(service: Service) -> None:
    scene = await set_scene(service)
    view = (await service.get(f"/v1/notifications/{scene.sms}")).json()
    assert list(view) == VIEW_MEMBERS
    (attempt,) = view.pop("attempts")
    assert list(attempt) == ["attempt", "provider", "status", "started_at", "ended_at", "code"]
    assert (attempt["attempt"], attempt["provider"], attempt["status"]) == (1, "twilio", "accepted")
    assert view.pop("created_at") <= attempt["started_at"] <= attempt["ended_at"]
    assert view.pop("expires_at") > attempt["ended_at"]
    assert view == {
        "id": scene.sms,
        "operator": OPERATOR,
        "kind": "notice_left",
        "events": [scene.event],
        "shipments": [SHIPMENT],
        "recipient": RECIPIENT,
        "channel": "sms",
        "status": "sent",
        "reason": None,
        "failure": None,
        "unresolved": False,
        "not_before": None,
        "receipts": [],
        "facts": {"total": 3, "published": 3},
        "merged_into": None,
    }


async def test_phone_and_address_stand_in_no_view(service: Service) -> None:
    scene = await set_scene(service)
    for path in ("/v1/notifications", f"/v1/notifications/{scene.sms}", f"/v1/notifications/{scene.email}"):
        text = (await service.get(path)).text
        assert PHONE not in text
        assert EMAIL not in text


async def test_a_list_shows_the_same_view_newest_first(service: Service) -> None:
    scene = await set_scene(service)
    items = await listed(service, kind="notice_left")
    alone = [(await service.get(f"/v1/notifications/{each}")).json() for each in (scene.email, scene.sms)]
    assert items == alone


async def test_after_erasure_the_names_are_null_and_the_rest_stays(service: Service) -> None:
    scene = await set_scene(service)
    await service.client.delete(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", headers=service.admin)
    view = (await service.get(f"/v1/notifications/{scene.sms}")).json()
    assert (view["recipient"], view["shipments"], view["status"]) == (None, [], "sent")


async def test_each_filter_narrows_the_list_to_what_it_names(service: Service) -> None:
    await service.register()
    await service.register("customer-4712", agreed=False)
    await service.post(fresh_event("returned"))
    await service.post(fresh_event("delivered", id="out", data={"recipient": "customer-4712", "shipment": "S2"}))
    rows = {(item["recipient"], item["channel"], item["status"] == "suppressed") for item in await listed(service)}
    assert len(rows) == 4
    operator = {"operator": OPERATOR}
    for parameters, expected in (
        ({}, 4),
        (operator, 4),
        (operator | {"shipment": SHIPMENT}, 2),
        (operator | {"shipment": "S2"}, 2),
        (operator | {"shipment": "S3"}, 0),
        (operator | {"recipient": RECIPIENT}, 2),
        (operator | {"recipient": "customer-4712"}, 2),
        (operator | {"recipient": "nobody"}, 0),
        ({"status": "suppressed"}, 2),
        ({"status": "failed"}, 0),
        ({"channel": "sms"}, 2),
        ({"channel": "email", "status": "suppressed"}, 1),
        ({"kind": "returned"}, 2),
        ({"kind": "delivered"}, 2),
        ({"kind": "no_such_kind"}, 0),
        ({"from": (now() - timedelta(hours=1)).isoformat()}, 4),
        ({"from": (now() + timedelta(hours=1)).isoformat()}, 0),
        ({"to": (now() + timedelta(hours=1)).isoformat()}, 4),
        ({"to": (now() - timedelta(hours=1)).isoformat()}, 0),
    ):
        items = await listed(service, **parameters)
        assert (parameters, len(items)) == (parameters, expected)
        for name in {"channel", "kind", "status"} & parameters.keys():
            assert {item[name] for item in items} <= {parameters[name]}


async def test_a_reminder_whose_day_has_not_come_is_held_and_shows_it(service: Service) -> None:
    await service.register()
    left_at = now() - timedelta(minutes=1)
    await service.post(fresh_event(at=left_at))

    async def planned() -> bool:
        return bool(await listed(service, kind="reminder"))

    await until(planned)
    (item,) = await listed(service, kind="reminder")
    assert (item["status"], item["reason"], item["channel"]) == ("held", None, "email")
    assert item["created_at"] < item["not_before"] < item["expires_at"]
    assert [each["id"] for each in await listed(service, kind="reminder", status="held")] == [item["id"]]
    assert await listed(service, kind="last_day") == []


async def test_a_reminder_names_all_items_that_it_speaks_for_and_they_name_it(service: Service) -> None:
    await service.register()
    notices = [fresh_event(id=f"n{each}", data={"shipment": f"S{each}"}) for each in range(3)]
    events = [each["event"] for each in (await service.post_batch(notices)).json()["results"]]

    async def planned() -> bool:
        return len(await listed(service, kind="reminder")) == 3

    await until(planned)
    *merged, speaker = [UUID(each["id"]) for each in await listed(service, kind="reminder")]
    # As the planner does when their day comes (test_reminders).
    together = {"status": "suppressed", "reason": "merged", "merged_into": speaker}
    async with service.services.database.write() as tx:
        await tx.execute(update(notifications).where(notifications.c.id.in_(merged)).values(together))
    others, alone = await listed(service, status="suppressed"), await listed(service, kind="reminder", status="held")
    assert [(each["shipments"], each["events"]) for each in alone] == [(["S0", "S1", "S2"], events)]
    assert [(each["shipments"], each["merged_into"]) for each in others] == [
        (["S2"], str(speaker)),
        (["S1"], str(speaker)),
    ]
    assert (await service.get(f"/v1/notifications/{speaker}")).json() == alone[0]


async def test_from_is_included_and_to_is_not(service: Service) -> None:
    await service.register()
    await service.post(fresh_event("returned"))
    created = (await listed(service))[0]["created_at"]
    assert len(await listed(service, **{"from": created})) == 2
    assert await listed(service, to=created) == []


async def test_pages_hold_everything_once_for_every_size_of_page(service: Service) -> None:
    await service.register(agreed=False)
    events = [fresh_event(id=f"e{index}", data={"shipment": f"S{index}"}) for index in range(9)]
    await service.post_batch(events)
    everything = [item["id"] for item in await listed(service, limit=200)]
    assert len(everything) == 18
    assert everything == sorted(everything, reverse=True)
    for limit in (1, 2, 5, 17, 18, 19, 200):
        pages = await all_pages(service, limit=limit)
        assert [each for page in pages for each in page] == everything
        assert {len(page) for page in pages[:-1]} <= {limit}
        assert pages[-1]


async def test_what_arrives_while_somebody_pages_is_neither_doubled_nor_in_the_way(service: Service) -> None:
    await service.register(agreed=False)
    await service.post_batch([fresh_event(id=f"e{index}", data={"shipment": f"S{index}"}) for index in range(5)])
    before = [item["id"] for item in await listed(service)]
    first = (await service.get("/v1/notifications", limit=3)).json()
    await service.post(fresh_event(id="late", data={"shipment": "late"}))
    pages = await all_pages(service, limit=3, start=first["next"])
    assert [item["id"] for item in first["items"]] + [each for page in pages for each in page] == before


async def test_an_empty_list_has_no_next_page(service: Service) -> None:
    assert (await service.get("/v1/notifications")).json() == {"items": [], "next": None}


async def test_a_query_outside_of_the_contract_is_422_at_its_place(service: Service) -> None:
    for query, pointer in (
        ("cursor=", "/query/cursor"),
        ("cursor=nonsense", "/query/cursor"),
        ("cursor=%C5%BC", "/query/cursor"),
        ("cursor=" + "A" * 5000, "/query/cursor"),
        ("cursor=" + base64.urlsafe_b64encode(b"x" * 15).decode(), "/query/cursor"),
        ("limit=0", "/query/limit"),
        ("limit=201", "/query/limit"),
        ("limit=-1", "/query/limit"),
        ("limit=1.5", "/query/limit"),
        ("limit=" + "9" * 5000, "/query/limit"),
        ("status=lost", "/query/status"),
        ("channel=fax", "/query/channel"),
        ("kind=" + "k" * 65, "/query/kind"),
        ("kind=%00", "/query/kind"),
        ("from=yesterday", "/query/from"),
        ("to=2026-11-23", "/query/to"),
        (f"operator={OPERATOR}&shipment=a%20b", "/query/shipment"),
        (f"operator={OPERATOR}&recipient=%00", "/query/recipient"),
        ("operator=%00", "/query/operator"),
        ("operator=a%20b", "/query/operator"),
        ("shipment=S1", "/query/operator"),
        ("recipient=R1", "/query/operator"),
    ):
        answer = await service.client.get(f"/v1/notifications?{query}", headers=service.admin)
        assert (query, answer.status_code) == (query, 422)
        assert (query, [error["pointer"] for error in answer.json()["errors"]]) == (query, [pointer])


async def test_a_cursor_tells_nothing_that_its_holder_did_not_see(service: Service) -> None:
    await service.register(agreed=False)
    await service.post(fresh_event())
    page = (await service.get("/v1/notifications", limit=1)).json()
    decoded = base64.urlsafe_b64decode(page["next"] + "==").hex()
    assert decoded == page["items"][0]["id"].replace("-", "")


async def test_a_list_of_two_hundred_takes_no_time(service: Service) -> None:
    await service.register(agreed=False)
    await service.post_batch([fresh_event(id=f"e{i}", data={"shipment": f"S{i}"}) for i in range(100)])
    async with asyncio.timeout(30):
        assert len(await listed(service, limit=200)) == 200


# The proof
