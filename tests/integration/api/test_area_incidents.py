"""Incidents of areas over HTTP: what is answered, how far they are told, and where their notifications are read."""

from datetime import timedelta
from typing import Any

from tests.builders import FACILITY, OPERATOR, area_cloud_event
from tests.integration.api.scene import until
from tests.integration.api.service import Service, fresh_event, now, person

ANSWER_MEMBERS = ["event", "status", "mapped_type", "notifications", "plan"]
PLAN_MEMBERS = ["state", "planned", "people"]
WARSAW = ["03-729"]


def fresh_incident(kind: str = "facility_unavailable", *, revision: int = 1, **changes: Any) -> dict[str, Any]:
    """An incident whose times are near now."""
    return area_cloud_event(kind, revision=revision, at=now() - timedelta(minutes=1), **changes)


async def register(service: Service, *names: str, post_codes: list[str] | None = None) -> None:
    """People who agreed to hear of incidents by either channel."""
    at = (now() - timedelta(days=1)).isoformat()
    for name in names:
        body = person() | {"post_codes": post_codes or []}
        body["consents"] = [
            *body["consents"],
            *(
                {"channel": channel, "purpose": "incident", "granted": True, "at": at, "method": "counter"}
                for channel in ("sms", "email")
            ),
        ]
        answer = await service.client.put(f"/v1/recipients/{OPERATOR}/{name}", json=body, headers=service.admin)
        assert answer.status_code in {200, 201}, answer.text


async def told(service: Service, event: str) -> dict[str, Any]:
    """The event once everybody whom it touches was looked at."""

    async def done() -> bool:
        return bool((await service.get(f"/v1/events/{event}")).json()["plan"]["state"] != "running")

    await until(done)
    read: dict[str, Any] = (await service.get(f"/v1/events/{event}")).json()
    return read


async def test_an_accepted_incident_says_that_people_will_be_told(service: Service) -> None:
    answer = await service.post(fresh_incident())
    assert answer.status_code == 202
    content = answer.json()
    assert list(content) == ANSWER_MEMBERS
    assert (content["status"], content["mapped_type"], content["notifications"]) == ("accepted", None, [])
    assert content["plan"] == {"state": "running", "planned": 0, "people": 0}


async def test_the_answers_about_other_events_have_no_plan(service: Service) -> None:
    answer = (await service.post(fresh_event())).json()
    assert "plan" not in answer
    assert (await service.get(f"/v1/events/{answer['event']}")).json()["plan"] is None


async def test_a_batch_has_a_plan_for_each_incident_and_for_nothing_else(service: Service) -> None:
    batch = [fresh_event("in_transit"), fresh_incident(), fresh_incident(), {}]
    first, second, again, rejected = (await service.post_batch(batch)).json()["results"]
    assert ["plan" in each for each in (first, second, again, rejected)] == [False, True, True, False]
    assert (second["plan"]["state"], again["status"]) == ("running", "duplicate")


async def test_an_incident_without_anybody_whom_it_touches_is_done(service: Service) -> None:
    event = (await service.post(fresh_incident())).json()["event"]
    read = await told(service, event)
    assert list(read["plan"]) == PLAN_MEMBERS
    assert read["plan"] == {"state": "done", "planned": 0, "people": 0}


async def test_how_far_an_incident_is_told_is_read_with_its_event_and_its_messages_in_lists(service: Service) -> None:
    await register(service, "customer-1", "customer-2", post_codes=WARSAW)
    incident = fresh_incident("service_disruption", data={"scope": {"post_codes": ["03-7*"]}})
    event = (await service.post(incident)).json()["event"]
    read = await told(service, event)
    assert read["notifications"] == []
    assert read["plan"] == {"state": "done", "planned": 4, "people": 2}
    listed = (await service.get("/v1/notifications", kind="service_disruption")).json()["items"]
    assert sorted((each["recipient"], each["channel"]) for each in listed) == [
        (name, channel) for name in ("customer-1", "customer-2") for channel in ("email", "sms")
    ]
    assert {tuple(each["events"]) for each in listed} == {(event,)}


async def test_a_repeat_shows_how_far_it_is_by_now(service: Service) -> None:
    await register(service, "customer-1", post_codes=WARSAW)
    incident = fresh_incident("service_disruption", data={"scope": {"post_codes": WARSAW}})
    event = (await service.post(incident)).json()["event"]
    await told(service, event)
    again = (await service.post(incident)).json()
    assert (again["status"], again["event"], again["notifications"]) == ("duplicate", event, [])
    assert again["plan"] == {"state": "done", "planned": 2, "people": 1}


async def test_an_equal_or_lower_revision_tells_nobody_and_says_so(service: Service) -> None:
    await service.post(fresh_incident(revision=2))
    for number, revision in enumerate((2, 1)):
        late = (await service.post(fresh_incident(revision=revision, id=f"late-{number}"))).json()
        assert late["plan"] == {"state": "superseded", "planned": 0, "people": 0}


async def test_a_message_about_several_items_is_found_by_each_of_them(service: Service) -> None:
    await register(service, "customer-1")
    for number in range(2):
        notice = fresh_event(id=f"n-{number}", data={"shipment": f"S-{number}", "recipient": "customer-1"})
        assert (await service.post(notice)).status_code == 202
    incident = fresh_incident(data={"scope": {"facilities": [FACILITY["id"]]}})
    event = (await service.post(incident)).json()["event"]
    await told(service, event)
    (text,) = (await service.get("/v1/notifications", kind="facility_unavailable", channel="sms")).json()["items"]
    assert sorted(text["shipments"]) == ["S-0", "S-1"]
    for shipment in text["shipments"]:
        by_item = (await service.get("/v1/notifications", operator=OPERATOR, shipment=shipment)).json()["items"]
        assert text["id"] in [each["id"] for each in by_item]
        timeline = (await service.get(f"/v1/shipments/{OPERATOR}/{shipment}")).json()["timeline"]
        assert text["id"] in [entry["notification"] for entry in timeline if entry["kind"] == "notification"]
        (incident,) = [entry for entry in timeline if entry["kind"] == "event" and "incident" in entry["type"]]
        assert (incident["type"].split(".")[3], incident["reason"]) == ("facility_unavailable", "power")
