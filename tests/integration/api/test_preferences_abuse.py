"""Cookies that no page has set, two windows at once, people who have just gone, joining twice, damaged addresses."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable

import httpx
import pytest
from fastapi import Request

from app.domain.channel import Channel, Purpose
from app.domain.consent_texts import published_texts
from app.usecases.sessions import Visitor as Known
from app.web.preferences import visits
from tests.builders import EMAIL, OPERATOR, RECIPIENT
from tests.integration.api.browser import Visitor, browser, form_token, signed_in
from tests.integration.api.service import OTHER_OPERATOR, Service, now, person
from tests.integration.api.test_preferences_join import ask, joined, unbound
from tests.integration.api.test_preferences_sessions import STRANGER

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_WORDING = {"language": "pl", "letters": "plain", "phrase": ""}


def told(*said: object) -> str:
    return base64(json.dumps(said).encode())


def base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cookie",
    [
        *("", "!", "é", "AAAA", base64(b"\xff"), base64(b"[" * 20_000), base64(b'{"a":' * 5_000), base64(b"9" * 5_000)),
        *(told(), told("wording"), told(1, {}, {}), told(["wording"], {}, {}), told("wording", [], {})),
        *(
            told("wording", {"language": 1}, {}),
            told("wording", _WORDING, {1: {}}),
            told("pause", {"until": "1-1-1"}, {}),
        ),
        told("wording", _WORDING | {"phrase": "\ud800"}, _WORDING),
        told("removed", {"act": "removed", "shown": "<script>"}, {"\ud800": "\udfff"}),
    ],
)
async def test_a_note_of_a_change_that_no_page_has_set_is_not_read(service: Service, cookie: str) -> None:
    await service.register()
    visitor = await signed_in(service)
    session = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    headers = {b"Cookie": f"{session}; __Host-awizo-change={cookie}".encode("latin-1")}
    page = await visitor.client.get("/preferences", headers=headers)
    assert page.status_code == 200
    assert "<script" not in page.text


# somebody who goes in another window


@pytest.fixture
def goes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is erased after the page has read who they are, and before it does what they want."""
    look: Callable[[Request, str], Awaitable[Known | None]] = visits.visitor_at

    async def look_and_go(request: Request, token: str) -> Known | None:
        found = await look(request, token)
        if request.method == "POST":
            await service.client.delete(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", headers=service.admin)
        return found

    monkeypatch.setattr(visits, "visitor_at", look_and_go)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/preferences/messages", {}),
        ("/preferences/quiet", {"rule": "none"}),
        ("/preferences/pause", {"until": ""}),
        ("/preferences/wording", {"language": "en", "letters": "plain", "phrase": "kwiat"}),
        ("/preferences/contacts", {"contact": "+48600999111"}),
        ("/preferences/bind-code", {}),
        ("/preferences/data", {}),
    ],
)
@pytest.mark.usefixtures("goes")
async def test_nothing_is_said_to_be_kept_of_somebody_who_has_just_gone(
    service: Service, path: str, fields: dict[str, str]
) -> None:
    await service.register()
    visitor = await signed_in(service)
    answer = await visitor.post(path, {**fields, "form": form_token(await visitor.get("/preferences/pause"))})
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences?ended=yes")
    assert "__Host-awizo-change" not in visitor.client.cookies


# taking back


_UNDO = re.compile(r'<form method="post" action="/preferences/messages[^"]*">(.*?)</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_PERSON = re.compile(r'name="person" value="([^"]+)"')
BOXES = [f"{channel}.{purpose}" for channel in ("sms", "email") for purpose in ("delivery", "progress")]


def undo_on(page: httpx.Response) -> dict[str, str]:
    """The fields of the form that takes a change of the messages back."""
    form = _UNDO.search(page.text)
    assert form is not None, page.text
    return dict(_HIDDEN.findall(form[1]))


async def agreed(service: Service) -> Visitor:
    """Somebody who has agreed to everything by the newest text, so that they can take a withdrawal back."""
    consents = [
        {
            **dict(zip(("channel", "purpose"), box.split("."), strict=True)),
            "granted": True,
            "at": now().isoformat(),
            "method": "counter",
            "text_version": published_texts().newest,
        }
        for box in BOXES
    ]
    body = {**person(), "consents": consents}
    answer = await service.client.put(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", json=body, headers=service.admin)
    assert answer.status_code == 201
    return await signed_in(service)


async def test_a_withdrawal_is_taken_back_at_once(service: Service) -> None:
    visitor = await agreed(service)
    undo = undo_on(await visitor.submit("/preferences/messages", {"on": BOXES[1:]}))
    assert len(await visitor.granted()) == 3
    assert (await visitor.post("/preferences/messages", undo)).headers["location"] == "/preferences/messages"
    assert len(await visitor.granted()) == 4


async def test_taking_a_withdrawal_back_on_an_old_page_agrees_to_nothing_that_was_withdrawn_since(
    service: Service,
) -> None:
    visitor = await agreed(service)
    undo = undo_on(await visitor.submit("/preferences/messages", {"on": BOXES[1:]}))
    await visitor.submit("/preferences/messages", {"on": BOXES[1:2]})
    await visitor.post("/preferences/messages", undo)
    assert await visitor.granted() == {(Channel.SMS, Purpose.DELIVERY), (Channel.SMS, Purpose.PROGRESS)}


async def test_taking_a_consent_back_on_an_old_page_withdraws_nothing_that_was_agreed_to_since(
    service: Service,
) -> None:
    visitor = await agreed(service)
    await visitor.submit("/preferences/messages", {"on": BOXES[2:]})
    old = None
    for box in BOXES[:2]:
        fields = {"want": box, "box": box, "text": published_texts().newest}
        page = await visitor.submit("/preferences/agree", fields, page=f"/preferences/agree?want={box}")
        old = old or undo_on(page)
    assert len(await visitor.granted()) == 4
    await visitor.post("/preferences/messages", old or {})
    assert await visitor.granted() == {
        *((Channel.EMAIL, purpose) for purpose in (Purpose.DELIVERY, Purpose.PROGRESS)),
        (Channel.SMS, Purpose.PROGRESS),
    }


async def test_taking_back_how_messages_are_written_touches_only_what_was_changed_then(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/wording", {**_WORDING, "phrase": "kwiat"})
    form = re.search(r'<form method="post" action="/preferences/wording[^"]*">(.*?)</form>', page.text, re.DOTALL)
    assert form is not None, page.text
    await visitor.submit("/preferences/wording", {"language": "uk", "letters": "native", "phrase": "kwiat"})
    await visitor.post("/preferences/wording", dict(_HIDDEN.findall(form[1])))
    known = await visitor.person()
    assert (known.language, known.letters, known.safety_phrase) == ("uk", "native", None)


# joining twice


async def test_who_joins_twice_by_one_number_is_one_person(service: Service) -> None:
    first, second = browser(service), browser(service)
    codes = [await ask(visitor) for visitor in (first, second)]
    assert await unbound(service) == 2
    await first.give(codes[0], use="confirm")
    await first.submit("/preferences/wording", {"language": "uk", "letters": "plain", "phrase": "kwiat"})
    answer = await second.give(codes[1], use="confirm")
    assert answer.headers["location"] == "/preferences/messages"
    assert "kwiat" in (await second.get("/preferences/wording")).text
    again = await signed_in(service, STRANGER)
    assert (await again.get("/preferences")).url.path == "/preferences"


async def test_who_has_chosen_something_keeps_it_when_the_number_is_confirmed_anew(service: Service) -> None:
    """Two people may share a number: only a record of which nothing was made gives way."""
    await joined(service)
    other = await joined(service, EMAIL)
    await other.submit("/preferences/wording", {"language": "pl", "letters": "plain", "phrase": "sosna"})
    assert "sosna" in (await (await signed_in(service, EMAIL)).get("/preferences/wording")).text


# erased at one of several operators


async def test_who_is_erased_at_one_operator_is_told_of_the_others(service: Service) -> None:
    for operator in (OPERATOR, OTHER_OPERATOR):
        await service.register(operator=operator)
    visitor = await signed_in(service)
    chosen = _PERSON.search((await visitor.get("/preferences/whose")).text)
    assert chosen is not None
    await visitor.submit("/preferences/whose", {"person": chosen[1]})
    first = await visitor.submit("/preferences/erase", {"sure": "yes"})
    last = await (await signed_in(service)).submit("/preferences/erase", {"sure": "yes"})
    assert ("Inni operatorzy" in first.text, "Inni operatorzy" in last.text) == (True, False)
    nothing_more = "Nic więcej do Ciebie nie wyślemy"
    assert (nothing_more in first.text, nothing_more in last.text) == (False, True)
    assert "Dotyczy to tylko operatora" in first.text


# addresses that lead nowhere


@pytest.mark.parametrize(
    "path",
    [
        *("/preferences/", "/preferences/nothing", "/preferences/sign-in/abc", "/preferences/confirm/1-2-3"),
        *("/preferences/again/x", "/preferences/sent/x/proof", "/preferences/messages/"),
    ],
)
async def test_a_damaged_address_leads_to_a_page_in_the_readers_language(service: Service, path: str) -> None:
    visitor: Visitor = browser(service)
    page = await visitor.get(path, **{"Accept-Language": "uk"})
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="uk">' in page.text
    posted = await visitor.post(path, {"code": "123456"})
    assert posted.status_code in {404, 405}
