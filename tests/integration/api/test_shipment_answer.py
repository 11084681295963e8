"""`GET /v1/shipments/{operator}/{shipment}`: everything that support needs in one call."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

from app.api.shipment_example import SHIPMENT_EXAMPLE
from app.domain.access import Scope
from app.domain.calendar import rolled, working_day_after
from app.domain.shipment import RANK
from tests.builders import EMAIL, FACILITY, OPERATOR, PHONE, SHIPMENT
from tests.integration.api import support_scene
from tests.integration.api.scene import HOLD, set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, now, person
from tests.integration.api.test_twilio_callback import call, callback_path, report

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Open on every day of the year, so that no expected day depends on when a test runs.
ALWAYS = FACILITY | {"hours": dict.fromkeys(WEEK, "00:00-24:00")}
UNREGISTERED = "customer-of-nobody"


def days(count: float) -> datetime:
    """So many days from a minute ago."""
    return now() - timedelta(minutes=1) + timedelta(days=count)


def local(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo("Europe/Warsaw")).date()


def day(moment: datetime, later: int = 0) -> str:
    return (local(moment) + timedelta(days=later)).isoformat()


def notice(shipment: str = SHIPMENT, *, at: datetime, ordinal: int = 1, **data: Any) -> dict[str, Any]:
    paper = {"ordinal": ordinal, "left_at": at.isoformat(), "place": "letterbox"}
    until = day(at, 14)
    common = {"shipment": shipment, "notice": paper, "facility": ALWAYS, "pickup": {"until": until}}
    return fresh_event("notice_left", at=at, id=f"notice-{shipment}-{ordinal}", data=common | data)


def happened(kind: str, shipment: str = SHIPMENT, *, at: datetime, **data: Any) -> dict[str, Any]:
    return fresh_event(kind, at=at, id=f"{kind}-{shipment}", data={"shipment": shipment, **data})


def correction(of: dict[str, Any], shipment: str = SHIPMENT, *, at: datetime) -> dict[str, Any]:
    aim = {"source": of["source"], "id": of["id"]}
    name = f"corrected-{of['id']}"
    data = {"shipment": shipment, "corrects": aim, "action": "cancel"}
    return fresh_event("corrected", at=at, id=name, data=data)


async def posted(service: Service, *events: dict[str, Any]) -> list[str]:
    """The ids under which they were accepted."""
    results = (await service.post_batch(events)).json()["results"]
    assert all("event" in each for each in results), results
    return [each["event"] for each in results]


async def shown(service: Service, shipment: str = SHIPMENT, operator: str = OPERATOR) -> dict[str, Any]:
    answer = await service.get(f"/v1/shipments/{operator}/{shipment}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def entries(view: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in view["timeline"] if each["kind"] == kind]


def for_nobody(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events about somebody whom nobody registered."""
    return [each | {"data": each["data"] | {"recipient": UNREGISTERED}} for each in events]


def shape(value: Any) -> Any:
    """The members of an answer, in their order; of lists those of each kind of entry."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return {each.get("kind", "") if "at" in each else "": shape(each) for each in value}
    return None


async def test_an_answer_has_exactly_the_members_that_the_description_shows(service: Service) -> None:
    scene = await set_scene(service)
    await call(service, callback_path(service), report("delivered"))
    await support_scene.attach(scene)
    view = await shown(service)
    # Nobody has said anything on the page of a notice here.
    unsaid = [each for each in SHIPMENT_EXAMPLE["timeline"] if each["kind"] != "statement"]
    assert json.dumps(shape(view | {"anomalies": []})) == json.dumps(shape({**SHIPMENT_EXAMPLE, "timeline": unsaid}))


async def test_an_event_its_messages_attempts_and_receipts_stand_in_one_line(service: Service) -> None:
    scene = await set_scene(service)
    await call(service, callback_path(service), report("delivered"))
    view = await shown(service)
    moments = [each["at"] for each in view["timeline"]]
    assert moments == sorted(moments)
    (event,) = entries(view, "event")
    assert (event["event"], event["ordinal"], event["facility"]) == (scene.event, 1, "UP-00-032")
    assert event["lag_seconds"] >= 60
    told = [each for each in entries(view, "notification") if each["notification_kind"] == "notice_left"]
    assert {(each["notification"], each["channel"], each["status"], each["event"]) for each in told} == {
        (scene.sms, "sms", "delivered", scene.event),
        (scene.email, "email", "sent", scene.event),
    }
    assert {(each["notification"], each["provider"], each["status"]) for each in entries(view, "attempt")} == {
        (scene.sms, "twilio", "accepted"),
        (scene.email, "smtp", "accepted"),
    }
    (receipt,) = entries(view, "receipt")
    assert (receipt["notification"], receipt["attempt"], receipt["status"]) == (scene.sms, 1, "delivered")


async def test_every_kind_that_moves_a_shipment_is_a_state_and_the_others_are_none(service: Service) -> None:
    moved = [happened(kind, kind, at=days(0)) for kind in RANK if kind != "notice_left"]
    lost = happened("lost", "lost", at=days(0)) | {"type": "pl.awizo.incident.lost.v1"}
    late = happened("delayed", "delayed", at=days(0)) | {"type": "pl.awizo.incident.delayed.v1"}
    await posted(service, *moved, notice("notice_left", at=days(0)), lost, late)
    states = {name: (await shown(service, name))["state"] for name in (*RANK, "lost", "delayed")}
    assert states == {name: name for name in RANK} | {"lost": "lost", "delayed": "unknown"}


async def test_what_never_waited_has_no_deadlines(service: Service) -> None:
    await posted(service, happened("in_transit", at=days(0)))
    view = await shown(service)
    assert (view["deadlines"], view["anomalies"], view["plan"]) == (None, [], [])


async def test_the_deadlines_are_those_of_each_regime(service: Service) -> None:
    left_at = days(-1)
    regimes = ("kpa", "ppsa", "op", "kpc", "kpk", "dfp", "postal", "courier", "unknown")
    await posted(service, *(notice(each, at=left_at, legal_regime=each) for each in regimes))
    shows = {each: (await shown(service, each))["deadlines"] for each in regimes}
    assert {each: shows[each]["regime"] for each in regimes} == {each: each for each in regimes}
    second = working_day_after(local(left_at) + timedelta(days=7))
    end = local(left_at) + timedelta(days=14)
    for each in ("kpa", "ppsa", "op"):
        assert (shows[each]["end_strict"], shows[each]["end_rolled"]) == (end.isoformat(), rolled(end).isoformat())
        assert (shows[each]["first_window_end"], shows[each]["projected"]) == (day(left_at, 7), False)
    for each in ("kpc", "kpk", "dfp"):
        assert shows[each]["end_strict"] == (second + timedelta(days=7)).isoformat()
        assert (shows[each]["second_notice_expected_on"], shows[each]["projected"]) == (second.isoformat(), True)
    for each in ("postal", "courier"):
        assert (shows[each]["first_window_end"], shows[each]["second_notice_expected_on"]) == (None, None)
    assert {each["safe_collect_by"] for each in shows.values()} == {end.isoformat()}
    assert {name: len(each["candidates"]) for name, each in shows.items() if each["candidates"]} == {"unknown": 3}


async def test_an_unknown_regime_shows_the_date_of_each_law_that_may_apply(service: Service) -> None:
    left_at = days(-1)
    event = notice(at=left_at)
    del event["data"]["legal_regime"]
    await posted(service, event)
    shows = (await shown(service))["deadlines"]
    assert shows["regime"] == "unknown"
    assert [list(each) for each in shows["candidates"]] == [["regime", "end_strict", "end_rolled"]] * 3
    ends = {each["regime"]: each["end_strict"] for each in shows["candidates"]}
    assert ends["kpa"] == ends["postal"] == day(left_at, 14) == shows["end_strict"]
    assert ends["kpc"] > ends["kpa"]


async def test_events_come_to_the_same_in_whatever_order_they_come(service: Service) -> None:
    left_at, again_at, collected_at = days(-9), days(-4), days(-1)
    orders = list(permutations(range(4)))
    for number, order in enumerate(orders):
        name = f"S{number}"
        first, second = notice(name, at=left_at), notice(name, at=again_at, ordinal=2)
        collected = happened("delivered", name, at=collected_at)
        story = [first, second, collected, correction(collected, name, at=days(-0.5))]
        await posted(service, *for_nobody([story[each] for each in order]))
    views = [await shown(service, f"S{number}") for number in range(len(orders))]
    assert {view["state"] for view in views} == {"notice_left"}
    assert all(view["deadlines"] == views[0]["deadlines"] for view in views)
    assert views[0]["deadlines"]["second_notice_on"] == day(again_at)
    assert all([each["code"] for each in view["anomalies"]] == ["second_notice_early"] for view in views)
    kinds = [[each["type"] for each in entries(view, "event")] for view in views]
    assert all(each == kinds[0] for each in kinds)


async def test_a_correction_and_what_it_takes_back_name_each_other(service: Service) -> None:
    collected = happened("delivered", at=days(-1))
    ids = await posted(service, notice(at=days(-2)), collected, correction(collected, at=days(0)))
    view = await shown(service)
    assert view["state"] == "notice_left"
    assert [(each["event"], each["corrects"], each["corrected_by"]) for each in entries(view, "event")] == [
        (ids[0], None, None),
        (ids[1], None, ids[2]),
        (ids[2], ids[1], None),
    ]


async def test_the_reminders_to_come_are_planned_and_go_away_with_the_item(service: Service) -> None:
    await service.register()
    left_at = days(0)
    await posted(service, notice(at=left_at))
    expected = [
        {"on": day(left_at, 5), "kind": "reminder", "channel": "email"},
        {"on": day(left_at, 12), "kind": "reminder", "channel": "email"},
        {"on": day(left_at, 12), "kind": "reminder", "channel": "sms"},
        {"on": day(left_at, 13), "kind": "last_day", "channel": "email"},
        {"on": day(left_at, 13), "kind": "last_day", "channel": "sms"},
    ]
    assert (await shown(service))["plan"] == expected

    async def held() -> bool:
        return any(each["status"] == "held" for each in entries(await shown(service), "notification"))

    await until(held)
    assert (await shown(service))["plan"] == expected
    await posted(service, happened("delivered", at=now()))
    assert (await shown(service))["plan"] == []


async def test_nothing_is_planned_for_somebody_whom_nobody_registered_or_who_agreed_to_nothing(
    service: Service,
) -> None:
    await service.register("agreed-to-nothing", agreed=False)
    await posted(service, notice("S1", at=days(0), recipient="agreed-to-nothing"))
    await posted(service, *for_nobody([notice("S2", at=days(0))]))
    assert [(await shown(service, each))["plan"] for each in ("S1", "S2")] == [[], []]


async def test_a_channel_that_the_person_left_has_nothing_more_to_come(service: Service) -> None:
    await service.register()
    await posted(service, notice(at=days(0)))
    left = {"channel": "email", "purpose": "delivery", "granted": False, "at": now().isoformat(), "method": "counter"}
    place = f"/v1/recipients/{OPERATOR}/customer-4711"
    answer = await service.client.put(place, json={"consents": [left]}, headers=service.admin)
    assert (answer.status_code, answer.json()["ignored"]) == (200, [])
    assert {each["channel"] for each in (await shown(service))["plan"]} == {"sms"}


async def test_whose_erasure_a_hold_defers_has_nothing_more_to_come(service: Service) -> None:
    await service.register()
    await posted(service, notice(at=days(0)))
    place = f"/v1/recipients/{OPERATOR}/customer-4711"
    await service.client.put(f"{place}/hold", json=HOLD, headers=service.admin)
    assert (await service.client.delete(place, headers=service.admin)).status_code == 202
    view = await shown(service)
    assert (view["state"], view["plan"]) == ("notice_left", [])


async def test_who_registers_after_the_notice_is_not_reminded_of_it(service: Service) -> None:
    await posted(service, notice(at=days(0)))
    await service.register()
    assert (await shown(service))["plan"] == []


async def test_an_anomaly_is_told_once_in_a_sentence_and_since_when_it_is_known(service: Service) -> None:
    await service.register()
    await posted(service, notice(at=days(-6)), notice(at=days(-3), ordinal=2))
    (before,) = (await shown(service))["anomalies"]
    assert list(before) == ["code", "since", "detail"]
    assert before["code"] == "second_notice_early"
    assert before["detail"].endswith("first seven days were over.")

    async def recorded() -> bool:
        return bool((await service.counts())["anomalies"])

    await until(recorded)
    (after,) = (await shown(service))["anomalies"]
    assert (after["code"], after["detail"]) == (before["code"], before["detail"])


async def test_what_nobody_records_is_found_in_the_deadlines_themselves(service: Service) -> None:
    left_at = days(-20)
    await posted(service, *for_nobody([notice(at=left_at)]))
    found = {each["code"]: each["since"] for each in (await shown(service))["anomalies"]}
    assert list(found) == ["second_notice_missing"]
    assert found["second_notice_missing"] > left_at.isoformat()
    assert (await service.counts())["anomalies"] == 0


async def test_an_event_from_the_future_is_shown_with_its_negative_lag_and_counts_for_nothing(
    service: Service,
) -> None:
    await posted(service, notice(at=days(-1)), happened("delivered", at=now() + timedelta(hours=2)))
    view = await shown(service)
    assert view["state"] == "notice_left"
    assert [each["code"] for each in view["anomalies"]] == ["future_time"]
    assert entries(view, "event")[-1]["lag_seconds"] < -7000


async def test_what_nobody_could_interpret_is_shown_as_it_was_kept(service: Service) -> None:
    unknown = happened("in_transit", at=days(0), stage="sorting") | {"type": "pl.awizo.delivery.teleported.v1"}
    await posted(service, unknown)
    view = await shown(service)
    (event,) = entries(view, "event")
    assert (view["state"], event["type"]) == ("unknown", unknown["type"])
    assert (event["status"], event["quarantine"], event["stage"]) == ("quarantined", "unknown_type", "sorting")


async def test_codes_stages_and_reasons_of_an_event_are_shown(service: Service) -> None:
    raw = {"vocabulary": "poczta-polska", "code": "X_1", "name": "secret words"}
    await posted(service, happened("in_transit", at=days(0), stage="at_hub", reason="peak", raw=raw))
    (event,) = entries(await shown(service), "event")
    assert (event["stage"], event["reason"], event["code"]) == ("at_hub", "peak", "poczta-polska:X_1")
    assert event["recipient"] == "customer-4711"


async def test_nothing_personal_stands_in_an_answer(service: Service) -> None:
    await service.register()
    paper = {"ordinal": 1, "left_at": days(0).isoformat(), "place": "CANARY behind the door", "courier": "CANARY-K"}
    raw = {"vocabulary": "poczta-polska", "code": "P_A", "name": "CANARY name", "time": "CANARY"}
    office = ALWAYS | {"name": "CANARY office", "street": "CANARY street"}
    notices = notice(at=days(0)) | {"source": "/poczta-polska/canary"}
    notices["data"] |= {"notice": paper, "raw": raw, "facility": office, "reason": "CANARY did not open"}
    failed = happened("attempt_failed", at=days(-1), reason="Jan CANARY was away")
    strange = happened("in_transit", at=days(0), stage="CANARY stage", reason={"who": "CANARY"})
    strange |= {"type": "pl.awizo.delivery.teleported.v1"}
    await posted(service, notices, failed, strange)
    text = (await service.get(f"/v1/shipments/{OPERATOR}/{SHIPMENT}")).text
    assert len(json.loads(text)["timeline"]) > 3
    for canary in (PHONE, PHONE[1:], EMAIL, "CANARY", "canary", "Targowa", "Awizo", "behind"):
        assert canary not in text


async def test_a_shipment_that_nobody_reported_and_one_of_another_operator_are_404(service: Service) -> None:
    await posted(service, notice(at=days(0)))
    key = await service.key(Scope.SHIPMENTS_READ, operators=[OTHER_OPERATOR])
    missing = await service.get(f"/v1/shipments/{OPERATOR}/no-such")
    elsewhere = await service.get(f"/v1/shipments/{OTHER_OPERATOR}/{SHIPMENT}")
    foreign = await service.client.get(f"/v1/shipments/{OPERATOR}/{SHIPMENT}", headers=key)
    assert [each.status_code for each in (missing, elsewhere, foreign)] == [404] * 3
    assert len({each.content for each in (missing, elsewhere, foreign)}) == 1


async def test_what_is_no_name_is_422(service: Service) -> None:
    for path in (f"{OPERATOR}/a%20b", f"{OPERATOR}/{'x' * 129}", f"-x/{SHIPMENT}", f"{OPERATOR}/%C5%BC"):
        answer = await service.get(f"/v1/shipments/{path}")
        assert (path, answer.status_code) == (path, 422)


async def test_of_an_erased_person_nothing_is_left_and_of_the_others_everything(service: Service) -> None:
    await service.register()
    await service.client.put(f"/v1/recipients/{OPERATOR}/neighbour", json=person(), headers=service.admin)
    neighbours = happened("in_transit", "S1", at=days(-1), recipient="neighbour")
    await posted(service, neighbours, notice("S1", at=days(0)), notice("S2", at=days(0)))
    erased = await service.client.delete(f"/v1/recipients/{OPERATOR}/customer-4711", headers=service.admin)
    assert erased.status_code == 204
    assert (await service.get(f"/v1/shipments/{OPERATOR}/S2")).status_code == 404
    view = await shown(service, "S1")
    assert (view["state"], view["deadlines"], view["plan"]) == ("in_transit", None, [])
    assert [(each["kind"], each.get("recipient")) for each in view["timeline"]] == [("event", "neighbour")]
