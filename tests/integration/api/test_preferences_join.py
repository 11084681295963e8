"""Joining on the pages: nobody learns who is a customer, looking changes nothing, and the code shown binds."""

import re
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.domain.unbound import NO_OPERATOR
from app.storage.tables import recipients
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.integration.api.browser import SAME_ORIGIN, Visitor, browser, code_in, form_token, signed_in
from tests.integration.api.service import Service
from tests.integration.api.test_preferences_sessions import ELSEWHERE, STRANGER, later, without_ids, wrong_for

# What pages do is tried on both engines where it is done; how they look and answer, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

JOIN, BIND_CODE = "/preferences/join", "/preferences/bind-code"
_SHOWN = re.compile(r">([0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5})<")


async def ask(visitor: Visitor, contact: str = STRANGER, language: str = "uk") -> UUID:
    answer = await visitor.post(JOIN, {"contact": contact, "language": language})
    assert answer.status_code == 303, answer.text
    return code_in(answer.headers["location"])


async def joined(service: Service, contact: str = STRANGER) -> Visitor:
    visitor = browser(service)
    answer = await visitor.give(await ask(visitor, contact), use="confirm")
    assert answer.headers["location"] == "/preferences/messages"
    return visitor


async def shown(visitor: Visitor) -> str:
    """The code that the page shows to be shown to an operator."""
    page = await visitor.submit(BIND_CODE, {})
    found = _SHOWN.search(page.text)
    assert found is not None, page.text
    return found[1]


async def bind(service: Service, code: str) -> httpx.Response:
    path = f"/v1/recipients/{OPERATOR}/{RECIPIENT}/bind"
    return await service.client.post(path, json={"code": code}, headers=service.admin)


async def unbound(service: Service) -> int:
    """How many people no operator knows."""
    query = select(func.count()).select_from(recipients).where(recipients.c.operator == NO_OPERATOR)
    async with service.services.database.read() as tx:
        return int((await tx.execute(query)).scalar_one())


async def test_the_code_given_back_opens_the_new_persons_settings_in_their_language(service: Service) -> None:
    visitor = await joined(service)
    page = await visitor.get("/preferences/messages")
    assert '<html lang="uk">' in page.text
    assert "+48*****299" in page.text
    assert "Ще нічого не надсилається" in page.text
    assert "checked" not in page.text


async def test_known_and_unknown_contacts_get_the_same_bytes_at_every_step(service: Service) -> None:
    await service.register()
    pages: dict[str, list[tuple[int, str, str]]] = {}
    for contact in (PHONE, STRANGER):
        visitor = browser(service)
        asked = await visitor.post(JOIN, {"contact": contact, "language": "pl"})
        code = code_in(asked.headers["location"])
        steps = [asked, await visitor.get(f"/preferences/confirm/{code}")]
        steps += [await visitor.give(code, wrong_for(visitor, code), "confirm") for _ in range(6)]
        told = [(each.status_code, each.text, str({**each.headers, "date": ""})) for each in steps]
        pages[contact] = [(status, without_ids(text), without_ids(headers)) for status, text, headers in told]
    assert pages[PHONE] == pages[STRANGER]
    assert [status for status, *_ in pages[PHONE]] == [303, 200, 422, 422, 422, 422, 410, 410]


async def test_joining_too_often_is_said_for_unknown_contacts_as_for_known_ones(service: Service) -> None:
    await service.register()
    refused = {}
    for contact in (PHONE, STRANGER):
        visitor = browser(service)
        for _ in range(service.services.code_limits.per_contact):
            await ask(visitor, contact)
        answer = await visitor.post(JOIN, {"contact": contact, "language": "pl"})
        refused[contact] = (answer.status_code, answer.headers["retry-after"], answer.text)
    assert refused[PHONE][0] == 429
    assert refused[PHONE] == refused[STRANGER]


async def test_ten_looks_make_nobody_and_eat_no_code(service: Service) -> None:
    visitor = browser(service)
    for _ in range(10):
        assert (await visitor.get(JOIN)).status_code == (await visitor.client.head(JOIN)).status_code == 200
    assert await unbound(service) == 0
    code = await ask(visitor)
    for _ in range(10):
        assert (await browser(service).get(f"/preferences/confirm/{code}")).status_code == 200
    assert (await visitor.give(code, use="confirm")).status_code == 303
    assert (await browser(service).give(code, use="confirm")).status_code == 410


async def test_forms_of_other_sites_and_other_sessions_make_nobody_and_no_code(service: Service) -> None:
    visitor = await joined(service)
    before, token = await unbound(service), form_token(await visitor.get(BIND_CODE))
    for headers in ELSEWHERE:
        for path, fields in ((JOIN, {"contact": PHONE}), (BIND_CODE, {"form": token})):
            answer = await visitor.client.post(path, data=fields, headers=headers)
            assert answer.status_code == 403, (path, headers)
    for given in ("", "A" * 43):
        assert (await visitor.post(BIND_CODE, {"form": given})).status_code == 403
    assert await unbound(service) == before


async def test_a_token_that_was_planted_does_not_survive_joining(service: Service) -> None:
    thief = await joined(service, PHONE)
    planted = thief.client.cookies["__Host-awizo"]
    visitor = browser(service)
    visitor.client.cookies.set("__Host-awizo", planted, domain="awizo.test")
    answer = await visitor.give(await ask(visitor), use="confirm")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-awizo=")
    assert planted not in cookie
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "+48*****200" not in (await thief.get("/preferences")).text  # that session ended


async def test_the_code_shown_last_binds_once_and_looking_at_the_page_keeps_it(service: Service) -> None:
    visitor = await joined(service)
    first, code = await shown(visitor), await shown(visitor)
    for _ in range(10):
        assert code not in (await visitor.get(BIND_CODE)).text
    assert [(await bind(service, each)).status_code for each in (first, code, code)] == [404, 201, 404]
    assert (await visitor.client.get("/preferences")).headers["location"] == "/preferences?ended=yes"
    page = await (await signed_in(service, STRANGER)).get("/preferences")
    assert "Poczta Polska" in page.text
    assert BIND_CODE not in page.text


async def test_an_old_session_gives_a_fresh_code_before_an_operator_may_learn_contacts(service: Service) -> None:
    visitor = await joined(service)
    token = form_token(await visitor.get(BIND_CODE))
    await later(service, minutes=11)
    answer = await visitor.post(BIND_CODE, {"form": token})
    assert answer.headers["location"] == "/preferences/again?then=bind-code"


async def test_a_second_contact_confirmed_elsewhere_opens_no_session_there(service: Service) -> None:
    visitor = await joined(service)
    token = form_token(await visitor.get("/preferences/contacts"))
    answer = await visitor.post("/preferences/contacts", {"form": token, "contact": PHONE})
    elsewhere = browser(service)
    page = await elsewhere.give(code_in(answer.headers["location"]), use="confirm")
    assert page.status_code == 200
    assert not elsewhere.client.cookies


async def test_what_no_code_can_go_to_is_said_at_its_field_and_kept_there(service: Service) -> None:
    for typed, kept in (("", ""), ("600", "600"), ("+1 202 555 0175", "+1 202 555 0175"), ("<b>@", "&lt;b&gt;@")):
        page = await browser(service).post(JOIN, {"contact": typed, "language": "en"})
        assert page.status_code == 422, typed
        assert 'href="#contact"' in page.text
        assert f'value="{kept}"' in page.text
        assert 'value="en" checked' in page.text
    assert await unbound(service) == 0


async def test_every_page_is_small_and_strict_and_names_no_contact(service: Service) -> None:
    visitor = await joined(service)
    token = form_token(await visitor.get(BIND_CODE))
    for language in ("pl", "en", "uk"):
        made = await visitor.post(f"{BIND_CODE}?lang={language}", {"form": token})
        pages = [await visitor.get(f"{path}?lang={language}") for path in (JOIN, BIND_CODE, "/preferences")]
        for page in (*pages, made):
            assert page.status_code == 200
            assert len(page.content) < 60_000 - 12_000  # beside the stylesheet
            assert STRANGER not in page.text
            assert f'<html lang="{language}">' in page.text
            assert page.headers["content-security-policy"].startswith("default-src 'none';")
            assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
            assert "<script" not in page.text


async def test_joining_is_answered_in_the_language_of_the_page_where_none_is_chosen(service: Service) -> None:
    visitor = browser(service)
    answer = await visitor.client.post(
        f"{JOIN}?lang=en", data={"contact": STRANGER, "language": "xx"}, headers=SAME_ORIGIN
    )
    code = code_in(answer.headers["location"])
    await visitor.give(code, use="confirm")
    assert '<html lang="en">' in (await visitor.get("/preferences")).text
