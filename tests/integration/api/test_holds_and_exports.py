"""Legal holds, deferred erasure and the export over HTTP."""

import json
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from app.domain.access import Scope
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.integration.api.scene import HOLD, set_scene, until
from tests.integration.api.service import Service, fresh_event, person

PLACE = f"/v1/recipients/{OPERATOR}/{RECIPIENT}"


async def hold(service: Service, **changes: Any) -> Any:
    return await service.client.put(f"{PLACE}/hold", json=HOLD | changes, headers=service.admin)


async def test_a_hold_is_placed_shown_and_lifted(service: Service) -> None:
    await service.register()
    placed = await hold(service)
    assert placed.status_code == 200
    view = (await service.get(f"{PLACE}/hold")).json()
    assert view == placed.json()
    assert (view["reason"], view["until"], view["erasure_asked_at"]) == (HOLD["reason"], HOLD["until"], None)
    lifted = [await service.client.delete(f"{PLACE}/hold", headers=service.admin) for _ in range(2)]
    assert [answer.status_code for answer in lifted] == [204, 404]
    assert (await service.get(f"{PLACE}/hold")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "/until"),
        ({"until": "2099-01-01T00:00:00Z"}, "/until"),
        ({"until": "tomorrow"}, "/until"),
        ({"reason": ""}, "/reason"),
        ({"reason": " \n"}, "/reason"),
        ({"reason": "x" * 1001}, "/reason"),
        ({"for": "ever"}, ""),
    ],
)
async def test_a_hold_that_makes_no_sense_is_422(service: Service, changes: dict[str, Any], pointer: str) -> None:
    await service.register()
    answer = await hold(service, **changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_nobody_can_be_held_whom_nobody_named(service: Service) -> None:
    assert (await hold(service)).status_code == 404


async def test_erasing_somebody_held_is_202_until_the_hold_is_lifted(service: Service) -> None:
    await service.register()
    await hold(service)
    answers = [await service.client.delete(PLACE, headers=service.admin) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json() for answer in answers] == [{"erasure": "deferred", "until": HOLD["until"]}] * 2
    assert (await service.get(f"{PLACE}/hold")).json()["erasure_asked_at"] is not None
    assert (await service.get(PLACE)).status_code == 404
    refused = await service.client.put(PLACE, json=person(), headers=service.admin)
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await service.post(fresh_event())).json()["notifications"] == []
    assert PHONE in (await service.get(f"{PLACE}/export")).text  # what is kept can be asked for
    await service.client.delete(f"{PLACE}/hold", headers=service.admin)

    async def erased() -> bool:
        return (await service.get(f"{PLACE}/export")).status_code == 404

    await until(erased)


async def test_an_export_shows_the_settings_as_reading_the_record_does(service: Service) -> None:
    await service.client.put(PLACE, json={}, headers=service.admin)
    by_default = (await service.get(f"{PLACE}/export")).json()["record"]
    assert not {"quiet_hours", "letters", "safety_phrase"} & by_default.keys()
    chosen = {"quiet_hours": None, "letters": "native", "safety_phrase": "kot Filemon"}
    await service.client.put(PLACE, json=chosen, headers=service.admin)
    known = (await service.get(f"{PLACE}/export")).json()
    assert {name: known["record"][name] for name in chosen} == chosen
    (changed,) = known["settings"]
    assert json.loads(changed["statement"]) == chosen


async def test_the_export_holds_everything_and_the_very_messages(service: Service) -> None:
    scene = await set_scene(service)
    answer = await service.get(f"{PLACE}/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    known = answer.json()
    assert (known["format"], known["operator"], known["recipient"]) == ("awizo-export/v1", OPERATOR, RECIPIENT)
    shown = (await service.get(PLACE)).json()
    del shown["ignored"]
    assert known["record"] == shown
    assert {act["contact"] for act in known["contact_points"]} == {PHONE, EMAIL}
    assert len(known["consents"]) == 4
    assert {(act["type"], act["by"], act["method"]) for act in known["consents"]} == {
        ("consent.granted", "operator", "counter")
    }
    (event,) = known["events"]
    assert event["cloudevent"]["data"]["shipment"] == SHIPMENT
    sms, email = (sent for sent in known["notifications"] if sent["kind"] == "notice_left")
    assert (sms["id"], sms["contact"], sms["shipments"]) == (scene.sms, PHONE, [SHIPMENT])
    assert sms["messages"][0]["content"] == service.gateway.journal[0].form["Body"]
    letter = message_from_bytes(email["messages"][0]["content"].encode(), policy=default)
    assert letter["To"] == EMAIL
    assert [attempt["status"] for attempt in email["attempts"]] == ["accepted"]


async def test_reading_everything_is_a_fact(service: Service) -> None:
    await service.register()
    key = await service.key(Scope.RECIPIENTS_WRITE)
    assert (await service.client.get(f"{PLACE}/export", headers=key)).status_code == 200
    counted = await service.counts()
    assert (await service.client.get(f"{PLACE}/export", headers=key)).status_code == 200
    assert (await service.counts())["facts"] == counted["facts"] + 1


async def test_the_export_of_many_pages_is_whole(service: Service) -> None:
    await service.register(agreed=False)
    for start in range(0, 120, 60):
        batch = [fresh_event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(start, start + 60)]
        assert (await service.post_batch(batch)).status_code == 202
    known = json.loads((await service.get(f"{PLACE}/export")).text)
    assert [event["cloudevent"]["id"] for event in known["events"]] == [f"e-{n}" for n in range(120)]
    assert len({each["id"] for each in known["notifications"]}) == len(known["notifications"]) == 240


async def test_why_somebody_is_held_is_not_theirs_to_read(service: Service) -> None:
    await service.register()
    await hold(service)
    known = (await service.get(f"{PLACE}/export")).text
    assert HOLD["reason"] not in known
    assert json.loads(known)["hold"]["until"] == "2035-01-01T00:00:00.000Z"
    assert [act["type"] for act in json.loads(known)["holds"]] == ["hold.placed"]


async def test_the_history_of_consents_keeps_every_act(service: Service) -> None:
    await service.register()
    withdrawn = {"channel": "sms", "purpose": "delivery", "granted": False, "method": "phone"}
    body = {"consents": [withdrawn | {"at": fresh_event()["time"]}]}
    assert (await service.client.put(PLACE, json=body, headers=service.admin)).status_code == 200
    items = (await service.get(f"{PLACE}/consents")).json()["items"]
    assert [item["type"] for item in items] == ["consent.granted"] * 4 + ["consent.withdrawn"]
    assert (items[-1]["method"], items[-1]["version"], items[-1]["by"]) == ("phone", 1, "operator")


async def test_nothing_is_known_of_nobody(service: Service) -> None:
    for what in ("export", "consents", "hold"):
        assert (await service.get(f"{PLACE}/{what}")).status_code == 404
