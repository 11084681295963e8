"""Binding people who keep their own records, and links to their settings, over HTTP."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import httpx
import pytest

from app.domain.access import Scope
from app.domain.channel import Channel, Purpose
from app.domain.own_choices import Choice, ConfirmContact, Pause, SetConsent
from app.storage import codes as code_store
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.bind_recipient import make_bind_code
from app.usecases.change_own_record import Said, change_own_record
from app.usecases.give_code import Right, give_code
from app.usecases.join import Joining, join
from app.usecases.send_codes import Confirming
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.integration.api.service import BASE_URL, OTHER_OPERATOR, Service, now

PLACE = f"/v1/recipients/{OPERATOR}/{RECIPIENT}"
NOBODYS = "ABCDE-FGHJK"


def confirming(service: Service) -> Confirming:
    return Confirming(limits=service.services.code_limits, surroundings=service.services.surroundings)


async def choose(service: Service, person: UUID, choice: Choice) -> None:
    said = Said(statement=b"{}")
    await service.services.database.transact(
        partial(change_own_record, person=person, choice=choice, said=said, confirming=confirming(service))
    )


async def code_shown(service: Service) -> str:
    """The code of somebody who joined with PHONE and agreed to SMS about deliveries."""
    database, surroundings = service.services.database, service.services.surroundings
    asked = await database.transact(
        partial(join, channel=Channel.SMS, value=PHONE, language="pl", confirming=confirming(service))
    )
    assert isinstance(asked, Joining)
    typed = code_store.reading(database.vault, asked.code)
    given = await database.transact(
        partial(give_code, code=asked.code, typed=typed, uses=tuple(code_store.Use), surroundings=surroundings)
    )
    assert isinstance(given, Right)
    person, contact = given.code.recipient, given.code.contact
    assert person is not None
    assert contact is not None
    await choose(service, person, ConfirmContact(contact=contact))
    agree = SetConsent(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=True, text_version="2026-11")
    await choose(service, person, agree)
    return (await database.transact(partial(make_bind_code, person=person, surroundings=surroundings))).code


async def bind(service: Service, code: object, place: str = PLACE) -> httpx.Response:
    return await service.client.post(f"{place}/bind", json={"code": code}, headers=service.admin)


async def person_id(service: Service) -> UUID:
    async def find(tx: Tx) -> UUID:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        return record.id

    return await service.services.database.transact(find)


async def test_the_record_after_a_bind_is_the_one_that_a_read_shows(service: Service) -> None:
    answer = await bind(service, await code_shown(service))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["contact_points"] == [
        {"channel": "sms", "value": PHONE, "verified": True, "method": "code", "state": "active"}
    ]
    assert [(c["channel"], c["purpose"], c["granted"], c["version"]) for c in body["consents"]] == [
        ("sms", "delivery", True, 1)
    ]
    assert (await service.get(PLACE)).json() == body


async def test_a_bind_to_a_known_person_is_200(service: Service) -> None:
    await service.register()
    assert (await bind(service, await code_shown(service))).status_code == 200


async def test_a_code_that_was_used_or_never_was_is_404(service: Service) -> None:
    code = await code_shown(service)
    await bind(service, code)
    for each in (code, NOBODYS, "482913", "zażółć"):
        answer = await bind(service, each)
        assert (answer.status_code, each in answer.text) == (404, False)


@pytest.mark.parametrize("code", ["", 482913, None, "A" * 65])
async def test_a_body_that_is_none_is_422(service: Service, code: object) -> None:
    answer = await bind(service, code)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/code"]


async def test_after_a_hundred_wrong_codes_an_operator_waits(service: Service) -> None:
    for _ in range(100):
        assert (await bind(service, NOBODYS)).status_code == 404
    answer = await bind(service, NOBODYS)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert (await bind(service, NOBODYS, f"/v1/recipients/{OTHER_OPERATOR}/x")).status_code == 404


async def test_nobody_reaches_a_person_without_an_operator_by_an_address(service: Service) -> None:
    await code_shown(service)
    for path in ("/v1/recipients//x", "/v1/recipients/%20/x", "/v1/recipients//x/session"):
        assert (await service.get(path)).status_code in {404, 405, 422}
    told = (await service.get("/v1/notifications")).json()["items"]
    assert [(each["operator"], each["kind"]) for each in told] == [("", "confirmation")]
    key = await service.key(Scope.SHIPMENTS_READ)
    assert (await service.client.get("/v1/notifications", headers=key)).json()["items"] == []


async def test_a_link_opens_that_persons_settings_and_is_kept_by_nobody(service: Service) -> None:
    await service.register()
    answer = await service.client.post(f"{PLACE}/session", headers=service.admin)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"url", "expires_at"}
    assert timedelta(minutes=4) < datetime.fromisoformat(body["expires_at"]) - now() < timedelta(minutes=6)
    path = body["url"].removeprefix(BASE_URL)
    opened = await service.client.post(path, headers={"Sec-Fetch-Site": "same-origin", "Origin": BASE_URL})
    assert opened.status_code == 303
    assert (await service.client.post(path, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 410


async def test_a_link_to_a_person_whom_nobody_registered_is_404(service: Service) -> None:
    assert (await service.client.post(f"{PLACE}/session", headers=service.admin)).status_code == 404


async def test_a_pause_is_shown_while_there_is_one(service: Service) -> None:
    await service.register()
    assert "paused_until" not in (await service.get(PLACE)).json()
    until = now() + timedelta(days=7)
    await choose(service, await person_id(service), Pause(until=until))
    shown = (await service.get(PLACE)).json()["paused_until"]
    assert datetime.fromisoformat(shown) == until
    await choose(service, await person_id(service), Pause(until=None))
    assert "paused_until" not in (await service.get(PLACE)).json()


async def test_an_unconfirmed_contact_changes_nothing_of_the_answer(service: Service) -> None:
    body = {"contact_points": [{"channel": "email", "value": "new@example.com", "verified": False}]}
    first = await service.client.put(PLACE, json=body, headers=service.admin)
    again = await service.client.put(PLACE, json=body, headers=service.admin)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["contact_points"] == again.json()["contact_points"]
    assert first.json()["contact_points"][0]["state"] == "unconfirmed"
    told = (await service.get("/v1/notifications", kind="confirmation")).json()["items"]
    assert len(told) == 1
