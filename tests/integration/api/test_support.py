"""What support may do over HTTP, and that one call then tells all of it."""

import json
import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from app.api.support_models import NOT_RESENT
from app.domain.access import Scope
from app.domain.calendar import local_day
from app.storage.tables import facts, metadata
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.doubles.sms_gateway import refusal
from tests.integration.api.scene import until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, now, person
from tests.integration.api.support_scene import received_on

WHY = "CANARY: the addressee, Jan Kowalski of Targowa 73, asked by phone"
NUMBER_TYPED, NUMBER_MEANT = "+48600100888", "+48600100889"
COMPLAINTS = f"/v1/shipments/{OPERATOR}/{SHIPMENT}/complaints"
CORRECT = f"/v1/recipients/{OPERATOR}/{RECIPIENT}/contacts/correct"
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def act(service: Service, path: str, *, key: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return await service.client.post(path, json={"reason": WHY} | body, headers=key or service.admin)


async def complain(service: Service, reference: str = "RK-1", days_ago: int = 1, **body: Any) -> httpx.Response:
    return await act(service, COMPLAINTS, reference=reference, received_on=received_on(days_ago), **body)


async def ended(service: Service, notification: str, *statuses: str) -> dict[str, Any]:
    view: dict[str, Any] = {}

    async def reached() -> bool:
        view.update((await service.get(f"/v1/notifications/{notification}")).json())
        return view["status"] in statuses

    await until(reached)
    return view


async def acts(service: Service) -> list[dict[str, Any]]:
    """The data of every `support.acted`, in order."""
    async with service.services.database.read() as tx:
        rows = await tx.execute(select(facts.c.document).where(facts.c.type == "support.acted").order_by(facts.c.id))
        return [json.loads(document)["data"] for document in rows.scalars()]


async def shipment(service: Service) -> dict[str, Any]:
    view: dict[str, Any] = (await service.get(f"/v1/shipments/{OPERATOR}/{SHIPMENT}")).json()
    return view


async def tell(service: Service, **changes: Any) -> list[dict[str, Any]]:
    answer = await service.post(fresh_event(**changes))
    assert answer.status_code == 202, answer.text
    told: list[dict[str, Any]] = answer.json()["notifications"]
    return told


async def say_it_is_not_for_them(service: Service) -> None:
    """On the page that the newest e-mail links to."""
    letter = message_from_bytes(service.mail.journal[-1].mime, policy=default)
    body = letter.get_body(("plain",))
    assert body is not None
    link = re.search(r"/n/[A-Za-z0-9_-]+", body.get_content())
    assert link is not None
    form = {"answer": "misdirected"}
    answer = await service.client.post(link[0], data=form, headers={"Origin": str(service.client.base_url)})
    assert answer.status_code in {200, 303}, answer.text


async def test_one_call_tells_support_a_hard_story(service: Service) -> None:
    await service.register()
    await service.register("neighbour", agreed=False)
    service.gateway.next(refusal(400, 21211))
    sms, email = await tell(service)
    await ended(service, sms["id"], "failed")
    await ended(service, email["id"], "sent")
    await say_it_is_not_for_them(service)
    assert (await complain(service, days_ago=31)).status_code == 201
    again = (await act(service, f"/v1/notifications/{sms['id']}/resend")).json()["notification"]
    await ended(service, again, "sent")
    await tell(service, kind="ready_for_pickup", id="ready", data={"recipient": "neighbour"})

    view = await shipment(service)
    assert [each["recipient"] for each in view["recipients"]] == [RECIPIENT, "neighbour"]
    contacts = {each["value"] for each in view["recipients"][0]["contact_points"]}
    assert contacts == {"+48*****200", "j***@example.com"}
    told = {each["notification"]: each for each in view["timeline"] if each["kind"] == "notification"}
    assert (told[sms["id"]]["status"], told[sms["id"]]["failure"]) == ("failed", "permanent")
    assert (told[again]["status"], told[again]["contact"]) == ("sent", "+48*****200")
    to_neighbour = [each for each in told.values() if each["recipient"] == "neighbour"]
    assert {(each["status"], each["reason"]) for each in to_neighbour} == {("suppressed", "no_consent")}
    assert [each["statement"] for each in view["timeline"] if each["kind"] == "statement"] == ["misdirected"]
    attempts = [each for each in view["timeline"] if each["kind"] == "attempt" and each["notification"] == sms["id"]]
    assert [(each["status"], each["code"]) for each in attempts] == [("refused", "21211")]
    support = [each for each in view["timeline"] if each["kind"] == "support"]
    assert {each["recipient"] for each in (*support, *view["complaints"])} == {RECIPIENT}
    assert [(each["act"], each["notification"], each["resent_as"], each["reference"]) for each in support] == [
        ("complaint_attached", None, None, "RK-1"),
        ("resent", sms["id"], again, None),
    ]
    (complaint,) = view["complaints"]
    assert (complaint["state"], complaint["days_left"]) == ("due", -1)
    assert "complaint_unanswered" in {each["code"] for each in view["anomalies"]}
    assert PHONE not in json.dumps(view)
    assert EMAIL not in json.dumps(view)


@ONE_ENGINE
async def test_why_is_sealed_and_stands_nowhere_else(service: Service) -> None:
    await service.register(agreed=False)
    sms, _ = await tell(service)
    await service.register()
    assert (await act(service, f"/v1/notifications/{sms['id']}/resend")).status_code == 201
    assert (await complain(service)).status_code == 201
    async with service.services.database.read() as tx:
        heap = b""
        for table in metadata.sorted_tables:
            for row in await tx.execute(select(table)):
                heap += b" ".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
    assert b"CANARY" not in heap
    assert b"RK-1" not in heap
    said = (
        json.dumps(await shipment(service)) + (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}/export")).text
    )
    assert "CANARY" not in said
    assert [each["act"] for each in await acts(service)] == ["resent", "complaint_attached"]
    known = (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}/export")).json()
    assert [each["act"] for each in known["support"]] == ["resent", "complaint_attached"]
    assert [each["reference"] for each in known["complaints"]] == ["RK-1"]


@ONE_ENGINE
async def test_a_resend_is_201_then_200_and_a_409_says_why_not(service: Service) -> None:
    await service.register(agreed=False)
    sms, email = await tell(service)
    refused = await act(service, f"/v1/notifications/{sms['id']}/resend")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:awizo:problem:no-consent")
    assert refused.json()["detail"] == NOT_RESENT["no_consent"]
    await service.register()
    answers = [await act(service, f"/v1/notifications/{sms['id']}/resend", reason=each) for each in ("one", "two")]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["notification"] == answers[1].json()["notification"]
    assert answers[0].json()["resends"] == sms["id"]
    delivered = fresh_event("delivered", at=now())
    await service.post(delivered)
    late = await act(service, f"/v1/notifications/{email['id']}/resend")
    assert (late.status_code, late.json()["type"]) == (409, "urn:awizo:problem:collected")
    assert (await act(service, f"/v1/notifications/{uuid4()}/resend")).status_code == 404


NONSENSE: list[tuple[str, dict[str, Any], str]] = [
    (f"/v1/notifications/{uuid4()}/resend", {"reason": ""}, "/reason"),
    (f"/v1/notifications/{uuid4()}/resend", {"reason": " \n"}, "/reason"),
    (f"/v1/notifications/{uuid4()}/resend", {"reason": "x" * 1001}, "/reason"),
    (f"/v1/notifications/{uuid4()}/resend", {"reason": None}, "/reason"),
    ("/v1/notifications/release", {"ids": []}, "/ids"),
    ("/v1/notifications/release", {"ids": [str(uuid4()) for _ in range(501)]}, "/ids"),
    ("/v1/notifications/release", {"ids": ["x"]}, "/ids/0"),
    (CORRECT, {"channel": "sms", "from": "12", "to": NUMBER_MEANT}, "/from"),
    (CORRECT, {"channel": "sms", "from": NUMBER_MEANT, "to": NUMBER_MEANT}, ""),
    (CORRECT, {"channel": "pigeon", "from": NUMBER_TYPED, "to": NUMBER_MEANT}, "/channel"),
    (COMPLAINTS, {"reference": "RK 1/2", "received_on": received_on()}, "/reference"),
    (COMPLAINTS, {"reference": "RK-1", "received_on": received_on(-1)}, "/received_on"),
    (COMPLAINTS, {"reference": "RK-1", "received_on": "yesterday"}, "/received_on"),
]


@ONE_ENGINE
async def test_what_makes_no_sense_is_422_at_its_place(service: Service) -> None:
    for path, body, pointer in NONSENSE:
        answer = await act(service, path, **body)
        assert answer.status_code == 422, (path, body)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], (path, body)
        assert NUMBER_MEANT not in answer.text


async def register_mistyped(service: Service) -> None:
    typed = {"channel": "sms", "value": NUMBER_TYPED, "verified": True, "method": "counter"}
    email = {"channel": "email", "value": EMAIL, "verified": True, "method": "counter"}
    body = person() | {"contact_points": [typed, email]}
    assert (
        await service.client.put(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", json=body, headers=service.admin)
    ).status_code == 201


async def test_a_correction_asks_the_right_number_and_tells_the_others(service: Service) -> None:
    await register_mistyped(service)
    wanted: dict[str, Any] = {"channel": "sms", "from": NUMBER_TYPED, "to": NUMBER_MEANT}
    first, second = [await act(service, CORRECT, **wanted) for _ in range(2)]
    assert (first.status_code, first.json()["corrected"]) == (200, True)
    assert (second.status_code, second.json()["corrected"]) == (200, False)
    states = {each["value"]: each["state"] for each in first.json()["record"]["contact_points"]}
    assert states == {NUMBER_TYPED: "removed", NUMBER_MEANT: "unconfirmed", EMAIL: "active"}
    read = (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}")).json()
    assert first.json()["record"].keys() == read.keys()  # nothing that would choose something when it is sent back

    async def heard() -> bool:
        return len(service.gateway.journal) == 2 and len(service.mail.journal) == 1

    await until(heard)
    bodies = {sms.form["To"]: sms.form["Body"] for sms in service.gateway.journal}
    assert "kod potwierdzenia" in bodies[NUMBER_MEANT]
    assert "kod" not in bodies[NUMBER_TYPED]
    (done,) = await acts(service)
    async with service.services.database.read() as tx:
        rows = await tx.execute(select(facts.c.leaf, facts.c.type))
        types = {row.leaf.hex(): row.type for row in rows}
    assert [types[leaf] for leaf in done["facts"]] == ["contact.removed", "contact.added"]
    assert (await act(service, CORRECT, **wanted | {"from": "+48600100777"})).json()["type"].endswith("no-such-contact")
    await tell(service)
    support = [each for each in (await shipment(service))["timeline"] if each["kind"] == "support"]
    assert support == []  # it was done before the shipment was heard of


@ONE_ENGINE
async def test_values_are_masked_for_those_who_may_not_keep_recipients(service: Service) -> None:
    await register_mistyped(service)
    await tell(service)
    key = await service.key(Scope.SUPPORT_WRITE)
    wanted: dict[str, Any] = {"channel": "sms", "from": NUMBER_TYPED, "to": NUMBER_MEANT}
    answer = await act(service, CORRECT, key=key, **wanted)
    assert NUMBER_MEANT not in answer.text
    support = [each for each in (await shipment(service))["timeline"] if each["kind"] == "support"]
    assert [each["act"] for each in support] == ["contact_corrected"]


async def test_a_complaint_is_attached_once_and_closed_once(service: Service) -> None:
    await service.register()
    await tell(service)
    answers = [await complain(service) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    view = answers[0].json()
    due_on = local_day(now()) + timedelta(days=29)
    assert (view["state"], view["days_left"], view["answer_due_on"]) == ("open", 29, due_on.isoformat())
    conflict = await complain(service, days_ago=2)
    assert (conflict.status_code, conflict.json()["type"]) == (409, "urn:awizo:problem:received-on-another-day")
    path = f"{COMPLAINTS}/RK-1/answered"
    early = await act(service, path, answered_on=received_on(5))
    assert (early.status_code, early.json()["type"]) == (409, "urn:awizo:problem:answered-before-it-came")
    closed = [await act(service, path, answered_on=received_on(0)) for _ in range(2)]
    assert [answer.status_code for answer in closed] == [200, 200]
    assert closed[1].json()["state"] == "answered"
    assert (await act(service, path, answered_on=received_on(1))).status_code == 409
    assert (await act(service, f"{COMPLAINTS}/RK-2/answered", answered_on=received_on(1))).status_code == 404
    attached, answered = await acts(service)
    assert [attached["act"], answered["act"]] == ["complaint_attached", "complaint_answered"]
    async with service.services.database.read() as tx:
        leaf = bytes.fromhex(answered["facts"][0])
        (named,) = (await tx.execute(select(facts.c.document).where(facts.c.leaf == leaf))).scalars()
    assert json.loads(named)["data"] == attached


@ONE_ENGINE
async def test_a_complaint_is_kept_with_the_person_whom_it_names(service: Service) -> None:
    await service.register()
    await service.register("neighbour")
    await tell(service)
    await tell(service, kind="ready_for_pickup", id="ready", data={"recipient": "neighbour"})
    assert (await complain(service, "RK-1", recipient=RECIPIENT)).status_code == 201
    assert (await complain(service, "RK-2")).status_code == 201  # the newest: the neighbour's
    assert (await complain(service, "RK-3", recipient="nobody")).status_code == 404
    assert (await complain(service, "RK-1", recipient="neighbour")).status_code == 409
    gone = await service.client.delete(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", headers=service.admin)
    assert gone.status_code == 204
    assert [each["reference"] for each in (await shipment(service))["complaints"]] == ["RK-2"]


@ONE_ENGINE
async def test_a_shipment_that_nobody_reported_has_no_complaints(service: Service) -> None:
    assert (await complain(service)).status_code == 404


async def test_the_list_of_complaints_pages_by_the_last_day_and_loses_none(service: Service) -> None:
    await service.register()
    await tell(service)
    ages = {"RK-1": 40, "RK-2": 30, "RK-3": 30, "RK-4": 5, "RK-5": 1, "RK-6": 35}
    for reference, age in ages.items():
        assert (await complain(service, reference, age)).status_code == 201
    assert (await act(service, f"{COMPLAINTS}/RK-6/answered", answered_on=received_on(1))).status_code == 200

    async def listed(**wanted: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            answer = await service.get("/v1/complaints", operator=OPERATOR, limit=2, **wanted, **more)
            assert answer.status_code == 200, answer.text
            found += [each["reference"] for each in answer.json()["items"]]
            cursor = answer.json()["next"]
            if cursor is None:
                return found

    assert await listed() == ["RK-1", "RK-6", "RK-2", "RK-3", "RK-4", "RK-5"]
    assert await listed(state="due") == ["RK-1", "RK-2", "RK-3"]
    assert await listed(state="open") == ["RK-4", "RK-5"]
    assert await listed(state="answered") == ["RK-6"]


@ONE_ENGINE
async def test_a_list_of_complaints_refuses_what_was_not_given_out(service: Service) -> None:
    for wanted in ({"cursor": "AAAA"}, {"cursor": "!"}, {"state": "late"}, {"limit": 0}, {"operator": "no name"}):
        answer = await service.get("/v1/complaints", **{"operator": OPERATOR} | wanted)
        assert answer.status_code == 422, wanted
    key = await service.key(Scope.SUPPORT_WRITE, operators=(OTHER_OPERATOR,))
    foreign = await service.client.get("/v1/complaints", params={"operator": OPERATOR}, headers=key)
    assert foreign.status_code == 404
