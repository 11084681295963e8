"""Where messages go, proofs of them, data to take along, and being erased: what needs a fresh code, and what stays."""

import json
import re
from uuid import UUID

import httpx
import pytest

from app.domain.channel import Channel
from app.domain.recipient import ContactState
from app.storage.tables import facts
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.integration.api.browser import Visitor, browser, code_in, form_token, signed_in
from tests.integration.api.scene import HOLD, set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event
from tests.integration.api.test_preferences_sessions import later, wrong_for
from tests.second_verifier import verify

# What pages do is tried on both engines where it is done; how they look and answer, on one.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = "+48600100333"


async def states(visitor: Visitor) -> dict[str, ContactState]:
    return {contact.value: contact.state for contact in (await visitor.person()).contact_points}


async def confirm(visitor: Visitor, page: httpx.Response) -> httpx.Response:
    code = code_in(str(page.url))
    return await visitor.give(code, use="confirm")


async def test_a_contact_is_used_once_it_is_confirmed_and_the_others_hear_of_it(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/contacts", {"contact": "600 100 333"})
    assert (await states(visitor))[NEW] is ContactState.UNCONFIRMED
    answer = await browser(service).give(code_in(str(page.url)), visitor.reading(code_in(str(page.url))), use="confirm")
    assert answer.status_code == 200
    assert "+48*****333" in answer.text
    assert (await states(visitor))[NEW] is ContactState.ACTIVE

    async def told() -> bool:
        listed = (await service.get("/v1/notifications", kind="contact_changed")).json()["items"]
        return {each["channel"] for each in listed if each["status"] == "sent"} == {"sms", "email"}

    await until(told)
    assert sorted(each.form["To"] for each in service.gateway.journal if each.form["To"] != NEW) == [PHONE, PHONE]


async def test_ten_looks_confirm_nothing_and_then_the_code_does(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/contacts", {"contact": NEW})
    for _ in range(10):
        assert (await visitor.get(page.url.path)).status_code == 200
        assert (await visitor.client.head(page.url.path)).status_code == 200
    assert (await states(visitor))[NEW] is ContactState.UNCONFIRMED
    wrong = await visitor.give(code_in(page.url.path), wrong_for(visitor, code_in(page.url.path)), use="confirm")
    assert wrong.status_code == 422
    assert (await confirm(visitor, page)).status_code == 200
    assert (await confirm(visitor, page)).status_code == 410
    assert (await states(visitor))[NEW] is ContactState.ACTIVE


async def test_a_new_code_makes_the_one_before_worthless(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    first = await visitor.submit("/preferences/contacts", {"contact": NEW})
    waiting = next(c for c in (await visitor.person()).contact_points if c.value == NEW)
    second = await visitor.submit(
        "/preferences/contacts/return", {"contact": str(waiting.id)}, page="/preferences/quiet"
    )
    assert code_in(second.url.path) != code_in(first.url.path)
    assert (await confirm(visitor, first)).status_code == 410
    assert (await confirm(visitor, second)).status_code == 200


async def test_a_contact_is_removed_and_taken_back_by_confirming_it(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    email = next(c for c in (await visitor.person()).contact_points if c.channel is Channel.EMAIL)
    page = await visitor.submit("/preferences/contacts/remove", {"contact": str(email.id)}, page="/preferences/quiet")
    assert "j***@example.com: usunięto" in page.text
    assert (await states(visitor))[EMAIL] is ContactState.REMOVED
    assert 'action="/preferences/contacts/return"' in page.text
    again = await visitor.submit("/preferences/contacts/return", {"contact": str(email.id)}, page="/preferences/quiet")
    assert (await states(visitor))[EMAIL] is ContactState.UNCONFIRMED
    await confirm(visitor, again)
    assert (await states(visitor))[EMAIL] is ContactState.ACTIVE


async def test_who_removes_the_contact_by_which_they_signed_in_is_signed_out(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    phone = next(c for c in (await visitor.person()).contact_points if c.value == PHONE)
    page = await visitor.submit("/preferences/contacts/remove", {"contact": str(phone.id)}, page="/preferences/quiet")
    assert "Kontakt usunięto" in page.text
    assert "__Host-awizo" not in visitor.client.cookies


@pytest.mark.parametrize("contact", ["600100200", EMAIL, "no contact"])
async def test_a_contact_that_is_known_or_none_is_said_at_its_field(service: Service, contact: str) -> None:
    await service.register()
    visitor = await signed_in(service)
    before = await visitor.person()
    page = await visitor.submit("/preferences/contacts", {"contact": contact})
    assert page.status_code == 422
    assert 'href="#contact"' in page.text
    assert await visitor.person() == before


async def test_ten_minutes_after_the_code_another_one_is_needed_for_what_concerns_everything(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    before = await visitor.person()
    await later(service, minutes=11)
    phone = str(before.contact_points[0].id)
    asked = {
        "contacts": {"contact": NEW},
        "contacts/remove": {"contact": phone},
        "contacts/return": {"contact": phone},
        "data": {},
        "erase": {"sure": "yes"},
    }
    token = form_token(await visitor.get("/preferences/quiet"))
    for path, fields in asked.items():
        answer = await visitor.post(f"/preferences/{path}", {**fields, "form": token})
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/preferences/again"), path
    assert await visitor.person() == before


async def step_up(visitor: Visitor, contact: UUID, then: str) -> httpx.Response:
    """Give a fresh code that is sent to that contact point."""
    page = await visitor.submit("/preferences/again", {"contact": str(contact), "then": then})
    code = code_in(str(page.url))
    await visitor.was_sent(code)
    fields = {"code": visitor.reading(code), "form": form_token(page), "then": then}
    answer = await visitor.post(f"/preferences/again/{code}", fields)
    assert answer.status_code == 303, answer.text
    return await visitor.get(answer.headers["location"])


async def test_a_fresh_code_leads_back_to_what_it_was_asked_for_with_a_new_token(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    token = visitor.client.cookies["__Host-awizo"]
    phone = next(c for c in (await visitor.person()).contact_points if c.value == PHONE)
    page = await step_up(visitor, phone.id, "erase")
    assert page.url.path == "/preferences/erase"
    assert visitor.client.cookies["__Host-awizo"] != token


async def test_a_proof_of_what_went_to_this_contact_is_downloaded_and_verifies(service: Service) -> None:
    scene = await set_scene(service)
    visitor = await signed_in(service)
    answer = await visitor.client.get(f"/preferences/sent/{scene.sms}/proof")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="awizo-{scene.sms}.json"'
    vkeys = (await service.client.get("/log/vkey")).text.splitlines()
    assert verify(answer.content, vkeys).accepted


async def test_a_proof_of_what_went_elsewhere_needs_a_code_from_there(service: Service) -> None:
    scene = await set_scene(service)
    visitor = await signed_in(service)
    answer = await visitor.client.get(f"/preferences/sent/{scene.email}/proof")
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences/again?then=sent")
    email = next(c for c in (await visitor.person()).contact_points if c.channel is Channel.EMAIL)
    await step_up(visitor, email.id, "sent")
    answer = await visitor.client.get(f"/preferences/sent/{scene.email}/proof")
    assert answer.status_code == 200
    assert json.loads(answer.content)["notification"] == scene.email


async def test_nobody_gets_the_proof_of_somebody_elses_message(service: Service) -> None:
    scene = await set_scene(service)
    await service.client.put(
        f"/v1/recipients/{OPERATOR}/somebody-else",
        json={"contact_points": [{"channel": "sms", "value": NEW, "verified": True}]},
        headers=service.admin,
    )
    stranger = await signed_in(service, NEW)
    answer = await stranger.client.get(f"/preferences/sent/{scene.sms}/proof")
    assert answer.status_code == 404
    assert scene.sms not in (await stranger.get("/preferences/sent")).text


async def test_what_was_sent_and_what_not_is_listed_with_its_reason(service: Service) -> None:
    await service.register(agreed=False)
    await service.post(fresh_event())
    visitor = await signed_in(service)
    page = await visitor.get("/preferences/sent")
    assert page.text.count("Zostawiono papierowe awizo") >= 2
    assert page.text.count("Nie wysłano: nie było zgody") == 2
    assert "Kod do zalogowania" in page.text


async def test_a_long_list_is_read_page_by_page(service: Service) -> None:
    await service.register(agreed=False)
    for number in range(12):  # two messages each
        await service.post(fresh_event(id=f"event-{number}", data={"shipment": f"item-{number}"}))
    visitor = await signed_in(service)
    seen: list[str] = []
    path: str | None = "/preferences/sent"
    while path:
        page = await visitor.get(path)
        seen += re.findall(r"<li>\n<p class=\"strong\">([^<]+)</p>", page.text)
        older = re.search(r'href="(/preferences/sent\?before=[A-Za-z0-9_-]{22})"', page.text)
        path = older[1] if older else None
    assert len(seen) == 25
    assert seen.count("Zostawiono papierowe awizo") == 24


@pytest.mark.parametrize("before", ["x", "zażółć", "A" * 22, "%00"])
async def test_a_place_in_the_list_that_nobody_gave_out_is_no_error(service: Service, before: str) -> None:
    await service.register()
    visitor = await signed_in(service)
    assert (await visitor.get(f"/preferences/sent?before={before}")).status_code == 200


async def test_the_data_are_those_that_the_operators_export_has(service: Service) -> None:
    await set_scene(service)
    visitor = await signed_in(service)
    token = form_token(await visitor.get("/preferences/data"))
    answer = await visitor.post("/preferences/data", {"form": token})
    assert answer.headers["content-disposition"] == 'attachment; filename="awizo-export.json"'
    own = answer.json()
    theirs = (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}/export")).json()
    assert own.keys() == theirs.keys()
    for name in ("format", "operator", "recipient", "record", "consents", "contact_points", "settings", "events"):
        assert own[name] == theirs[name], name
    assert len(own["notifications"]) == len(theirs["notifications"])


async def test_erasing_ends_with_a_plain_page_and_every_session_of_the_person(service: Service) -> None:
    await set_scene(service)
    visitor, elsewhere = await signed_in(service), await signed_in(service, EMAIL)
    page = await visitor.submit("/preferences/erase", {"sure": "yes"})
    assert "Usunęliśmy wszystko o Tobie" in page.text
    assert "__Host-awizo" not in visitor.client.cookies
    assert "j***@example.com" not in (await elsewhere.get("/preferences")).text
    assert (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}")).status_code == 404
    assert (await service.counts())["sessions"] == 0
    code = await visitor.ask()
    assert (await visitor.give(code, wrong_for(visitor, code))).status_code == 422  # as for anybody unknown


async def test_without_a_tick_nobody_is_erased(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/erase", {})
    assert page.status_code == 422
    assert (await states(visitor))[PHONE] is ContactState.ACTIVE


async def test_erasing_concerns_one_operator_only(service: Service) -> None:
    await service.register()
    await service.register(operator=OTHER_OPERATOR)
    visitor = await signed_in(service)
    choice = await visitor.get("/preferences")
    values = dict(re.findall(r'name="person" value="([0-9a-f-]{36})">([^<]+)<', choice.text))
    inpost = next(value for value, name in values.items() if name == "InPost")
    await visitor.submit("/preferences/whose", {"person": inpost})
    await visitor.submit("/preferences/erase", {"sure": "yes"})
    assert (await service.get(f"/v1/recipients/{OTHER_OPERATOR}/{RECIPIENT}")).status_code == 404
    assert (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}")).status_code == 200


async def test_a_legal_hold_defers_it_and_the_page_says_so(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    path = f"/v1/recipients/{OPERATOR}/{RECIPIENT}/hold"
    assert (await service.client.put(path, json=HOLD, headers=service.admin)).status_code == 200
    page = await visitor.submit("/preferences/erase", {"sure": "yes"})
    assert "Twoje dane zostaną usunięte" in page.text
    assert "2035" in page.text
    again = await visitor.get("/preferences")
    assert "+48*****200" not in again.text


async def test_what_is_sealed_of_it_names_the_person_as_who_acted(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    await visitor.post("/preferences/data", {"form": form_token(await visitor.get("/preferences/data"))})
    await visitor.submit("/preferences/erase", {"sure": "yes"})
    async with service.services.database.read() as tx:
        wanted = facts.c.type.in_(("access.read", "recipient.erased"))
        documents = (await tx.execute(facts.select().where(wanted).order_by(facts.c.id))).all()
    said = [json.loads(fact.document)["data"] for fact in documents]
    assert [(each["actor"], each["act"]) for each in said] == [("person", "export"), ("person", "erased")]
