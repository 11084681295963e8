"""After an erasure none of the person's values is anywhere – rows, pages, journals, logs, answers; all proofs hold."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select

from app.evidence.verifier import Verdict, parse_vkey, verify_bundle
from app.storage.database import Database
from app.storage.tables import contact_points, metadata, recipient_keys, recipients
from app.wiring import open_database
from tests.builders import OPERATOR
from tests.doubles.sms_gateway import refusal
from tests.integration.api.pages import every_page, every_value, vacuum
from tests.integration.api.scene import until
from tests.integration.api.service import BASE_URL, fresh_event, settings_for
from tests.integration.api.test_logs import (
    EMAIL,
    NAME,
    OFFICE,
    PHONE,
    SHIPMENT,
    Watched,
    canary_event,
    canary_person,
    final,
    post,
    watched,
)
from tests.integration.api.test_twilio_callback import FORM, report, signature
from tests.mail_samples import postfix
from tests.second_verifier import verify

__all__ = ["watched"]  # a fixture

PLACE, NEIGHBOUR = f"/v1/recipients/{OPERATOR}/{NAME}", f"/v1/recipients/{OPERATOR}/neighbour"
REASON = "CANARY claim before the court of Canaria"
CANARIES = tuple(
    each.encode()
    for each in (NAME, SHIPMENT, OFFICE, EMAIL, PHONE[1:], PHONE[3:], REASON, "CANARY-", "canary", "Targowa")
)
# A courier's code is no value of the addressee's. Figures keep it, for the operator alone, and nothing else does.
COURIER = b"K-0421"
OTHERS_PHONE = "+48600999888"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The ids of one person's event and notifications, and where the links of the e-mail lead."""

    event: str
    notifications: list[str]
    link: str


@pytest.fixture
async def database(watched: Watched, database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The served database, opened beside the service."""
    opened = open_database(settings_for(database_url, tmp_path))
    yield opened
    await opened.close()


async def tell(watched: Watched, event: dict[str, Any]) -> Told:
    answer = (await post(watched, event)).json()
    ids = [each["id"] for each in answer["notifications"]]
    await final(watched, ids, "sent")
    link = urlsplit(str(message_from_bytes(watched.mail.journal[-1].mime)["List-Unsubscribe"]).strip("<> \r\n")).path
    return Told(event=answer["event"], notifications=ids, link=link)


async def live_through_everything(watched: Watched) -> Told:
    """Registered, told, reported on, refused with the number in the answer, held, exported, unsubscribed, bounced."""
    client = watched.client
    assert (await client.put(PLACE, json=canary_person())).status_code == 201
    told = await tell(watched, canary_event(id="CANARY-1"))
    callback = watched.gateway.journal[0].form["StatusCallback"].removeprefix(BASE_URL)
    form = report("delivered", To=PHONE)
    headers = FORM | {"X-Twilio-Signature": signature(callback, form)}
    assert (await client.post(callback, content=urlencode(form), headers=headers)).status_code == 204
    watched.gateway.next(refusal(400, 21211))
    second = canary_event(id="CANARY-2")
    second["data"]["shipment"] = f"{SHIPMENT}-2"
    answer = (await post(watched, second)).json()
    await final(watched, [each["id"] for each in answer["notifications"]], "sent", "failed")
    await ask_support(watched, [each["id"] for each in answer["notifications"]])
    hold = {"reason": REASON, "until": "2035-01-01T00:00:00Z"}
    assert (await client.put(f"{PLACE}/hold", json=hold)).status_code == 200
    assert (await client.delete(f"{PLACE}/hold")).status_code == 204
    assert EMAIL in (await client.get(f"{PLACE}/export")).text
    assert (await client.post(told.link)).status_code == 200
    await come_back(watched)
    return told


async def ask_support(watched: Watched, told: list[str]) -> None:
    """What failed is sent again, and a complaint is attached."""
    asked = [await watched.client.post(f"/v1/notifications/{each}/resend", json={"reason": REASON}) for each in told]
    assert sorted(each.status_code for each in asked) == [201, 409]
    await final(watched, [each.json()["notification"] for each in asked if each.status_code == 201], "sent")
    body = {"reference": f"{NAME}-1", "received_on": "2026-01-02", "reason": REASON}
    complaint = await watched.client.post(f"/v1/shipments/{OPERATOR}/{SHIPMENT}/complaints", json=body)
    assert complaint.status_code == 201, complaint.text


async def come_back(watched: Watched) -> None:
    """A bounce of the last e-mail, one that names no message of ours, and a STOP, each with the person's values."""
    named = watched.mail.journal[-1].mail.split("ENVID=")[1].split()[0]
    for envelope_id in (named, None):
        bounce = postfix(envelope_id=envelope_id, original=EMAIL, final=EMAIL)
        headers = {"Content-Type": "message/rfc822"}
        answer = await watched.client.post("/v1/callbacks/email/dsn", content=bounce, headers=headers)
        assert answer.status_code == 204
    path, form = "/v1/callbacks/twilio/inbound", {"MessageSid": "SM1", "From": PHONE, "Body": "STOP"}
    headers = FORM | {"X-Twilio-Signature": signature(path, form)}
    assert (await watched.client.post(path, content=urlencode(form), headers=headers)).status_code == 204

    async def disabled() -> bool:
        return "disabled" in {each["state"] for each in (await watched.client.get(PLACE)).json()["contact_points"]}

    await until(disabled)
    failures = (await watched.client.get(f"{PLACE}/export")).json()["failures"]
    assert {(each["contact"], each["bounced"]) for each in failures} >= {(EMAIL, True)}


async def tell_neighbour_of_the_same_shipment(watched: Watched) -> Told:
    neighbour = canary_person()
    neighbour["contact_points"][0]["value"], neighbour["contact_points"][1]["value"] = OTHERS_PHONE, "o@example.org"
    assert (await watched.client.put(NEIGHBOUR, json=neighbour)).status_code == 201
    data = {"recipient": "neighbour", "shipment": SHIPMENT}
    return await tell(watched, fresh_event("ready_for_pickup", id="CANARY-3", data=data))


async def published(watched: Watched, notifications: list[str]) -> None:
    async def all_published() -> bool:
        views = [(await watched.client.get(f"/v1/notifications/{each}")).json() for each in notifications]
        return all(view["facts"]["total"] == view["facts"]["published"] for view in views)

    await until(all_published)


async def proof(watched: Watched, notification: str) -> bytes:
    answer = await watched.client.get(f"/v1/notifications/{notification}/proof")
    assert answer.status_code == 200, answer.text
    return answer.content


async def assert_verified(watched: Watched, bundle: bytes) -> None:
    keys = (await watched.client.get("/log/vkey")).text.split()
    assert verify_bundle(bundle, vkeys=[parse_vkey(key) for key in keys]).verdict is Verdict.VERIFIED
    assert verify(bundle, keys).accepted


def members(bundle: bytes) -> list[dict[str, Any]]:
    """Everything about the facts of a bundle that does not change as the log grows."""
    content = json.loads(bundle)
    return [
        {name: fact[name] for name in ("document", "salt", "openings")}
        for fact in (*content["facts"], *content["context"])
    ]


def found(heap: bytes) -> list[bytes]:
    return [canary for canary in CANARIES if canary in heap]


async def test_no_value_of_somebody_erased_is_anywhere_and_every_proof_holds(
    watched: Watched, database: Database
) -> None:
    told = await live_through_everything(watched)
    other = await tell_neighbour_of_the_same_shipment(watched)
    await published(watched, [*told.notifications, *other.notifications])
    assert found(await every_page(database)) == []  # never in the clear, not even while the person is known
    before = [members(await proof(watched, each)) for each in other.notifications]

    assert (await watched.client.delete(PLACE)).status_code == 204
    await published(watched, [*told.notifications, *other.notifications])
    await vacuum(database)

    assert found(await every_value(database)) == []
    assert COURIER not in await every_value(database, but_of="figures")
    assert found(await every_page(database)) == []
    answers = [
        await watched.client.get(path)
        for path in (
            *(f"/v1/notifications/{each}{what}" for each in told.notifications for what in ("", "/proof")),
            *(f"/v1/events/{told.event}", f"/v1/notifications?operator={OPERATOR}&recipient={NAME}", told.link, PLACE),
            *(f"{PLACE}/export", f"{PLACE}/consents", f"{PLACE}/hold"),
        )
    ]
    assert [answer.status_code for answer in answers[-4:]] == [404] * 4
    said = b"".join(answer.content for answer in answers) + watched.written().encode()
    assert found(said) == []
    assert COURIER not in said
    for each in told.notifications:
        bundle = await proof(watched, each)
        await assert_verified(watched, bundle)
        assert all(fact["openings"] == {} for fact in members(bundle))
    for each, unchanged in zip(other.notifications, before, strict=True):
        bundle = await proof(watched, each)
        await assert_verified(watched, bundle)
        assert members(bundle) == unchanged
        assert SHIPMENT.encode() in bundle
    assert await of_shipment(watched) >= set(other.notifications)
    assert not await of_shipment(watched) & set(told.notifications)


async def of_shipment(watched: Watched) -> set[str]:
    """Whom the shipment that two people had is found for."""
    query = {"operator": OPERATOR, "shipment": SHIPMENT}
    return {each["id"] for each in (await watched.client.get("/v1/notifications", params=query)).json()["items"]}


async def test_the_key_and_what_it_protected_are_gone_from_the_file(watched: Watched, database: Database) -> None:
    await watched.client.put(PLACE, json=canary_person())
    await tell(watched, canary_event(id="CANARY-1"))
    async with database.read() as tx:
        kept = [bytes(key) for key in (await tx.execute(select(recipient_keys.c.wrapped_key))).scalars()]
        kept += [bytes(value) for value in (await tx.execute(select(contact_points.c.value))).scalars()]
        kept += [bytes(index) for index in (await tx.execute(select(recipients.c.name_index))).scalars()]
    heap = await every_page(database)
    assert all(value in heap for value in kept)
    assert (await watched.client.delete(PLACE)).status_code == 204
    heap = await every_page(database) if database.is_sqlite else await every_value(database)
    assert [value for value in kept if value in heap] == []


async def test_every_table_about_people_is_emptied_or_made_a_skeleton(watched: Watched, database: Database) -> None:
    await live_through_everything(watched)
    async with database.read() as tx:
        (person,) = (await tx.execute(select(recipients.c.id).where(recipients.c.operator == OPERATOR))).scalars()
    assert (await watched.client.delete(PLACE)).status_code == 204
    about_people = {table for table in metadata.tables.values() if "recipient_id" in table.c}
    async with database.read() as tx:
        left = {
            table.name
            for table in about_people
            if (await tx.execute(select(table.c.recipient_id).where(table.c.recipient_id == person))).first()
        }
    assert left == {"events", "notifications", "facts"}
