"""`/preferences` over HTTP: what people set for themselves, sealed as their act, in force and taken back at once."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.calendar import at_local, local_day
from app.domain.channel import Channel, Purpose
from app.domain.consent_texts import published_texts
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule
from app.domain.recipient import Letters
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.integration.api.browser import Fields, Visitor, signed_in
from tests.integration.api.service import Service, fresh_event

# What pages do is tried on both engines where it is done; how they look and answer, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

ALL = ("sms.delivery", "email.delivery", "sms.progress", "email.progress")
_UNDO = re.compile(
    r'<form method="post" action="(/preferences/[a-z/]+)">\s+((?:<input type="hidden"[^>]*>\s+)+)<button'
)
_HIDDEN = re.compile(r'name="([a-z]+)" value="([^"]*)"')


def undo_of(page: httpx.Response) -> tuple[str, Fields]:
    """Where the form that takes the change back is posted, and what it says."""
    found = _UNDO.search(page.text.partition('role="status"')[2])
    assert found is not None, page.text
    return found[1], dict(_HIDDEN.findall(found[2]))


async def undo(visitor: Visitor, page: httpx.Response) -> httpx.Response:
    path, fields = undo_of(page)
    answer = await visitor.post(path, fields)
    assert answer.status_code == 303
    return await visitor.get(answer.headers["location"])


async def acts(visitor: Visitor, *types: str) -> list[dict[str, Any]]:
    """What was sealed of the person, oldest first, with the statements that were opened."""
    async with visitor.service.services.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        found = await fact_store.of_recipient(tx, record.id, types=types, after=UUID(int=0), limit=50)
        return [
            {
                **json.loads(fact.document)["data"],
                "sealed": {name: opening.value for name, opening in fact.openings(record.key).items()},
            }
            for fact in found
        ]


async def test_what_is_unticked_ends_at_once_and_is_sealed_as_the_persons_act(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/messages", {"on": ALL[1:]})
    assert "Wyłączono: Przesyłki, które na Ciebie czekają (SMS)." in page.text
    told = (await service.post(fresh_event())).json()["notifications"]
    assert [each["reason"] for each in told if each["channel"] == "sms"] == ["opted_out"]
    (withdrawn,) = await acts(visitor, "consent.withdrawn")
    assert (withdrawn["by"], withdrawn["method"], withdrawn["channel"]) == ("person", "preferences", "sms")
    said = json.loads(withdrawn["sealed"]["statement"])
    assert said == {
        "act": "consent",
        "channel": "sms",
        "granted": False,
        "language": "pl",
        "method": "preferences",
        "purpose": "delivery",
        "text_version": None,
    }
    assert withdrawn["sealed"]["contact"] == PHONE.encode()


async def test_a_withdrawal_asks_nothing_and_says_what_changed_once(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/messages", {"on": []})
    assert page.text.count('role="status"') == 1
    assert await visitor.granted() == set()
    assert 'role="status"' not in (await visitor.get("/preferences/messages")).text


async def test_the_same_choice_again_changes_nothing(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    for _ in range(3):
        page = await visitor.submit("/preferences/messages", {"on": ALL[1:]})
    assert 'role="status"' not in page.text
    assert len(await acts(visitor, "consent.withdrawn")) == 1


async def test_what_one_agrees_to_is_shown_before_and_its_version_is_kept(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/messages", {"on": (*ALL, "sms.incident", "email.incident")})
    assert (Channel.SMS, Purpose.INCIDENT) not in await visitor.granted()
    texts = published_texts()
    for channel in (Channel.SMS, Channel.EMAIL):
        text = texts.find(texts.newest, "pl", channel, Purpose.INCIDENT)
        assert text is not None
        assert text.text.split("\n\n")[0] in page.text
        fields = dict(_HIDDEN.findall(page.text.partition('action="/preferences/agree"')[2]))
        answer = await visitor.post("/preferences/agree", fields)
        page = await visitor.get(answer.headers["location"])
        assert (channel, Purpose.INCIDENT) in await visitor.granted()
    granted = (await acts(visitor, "consent.granted"))[-1]
    text = texts.find(texts.newest, "pl", Channel.EMAIL, Purpose.INCIDENT)
    assert text is not None
    assert (granted["text_version"], granted["text_digest"]) == (texts.newest, text.digest)
    assert (granted["language"], granted["method"], granted["by"]) == ("pl", "preferences", "person")


async def test_nobody_agrees_to_a_text_that_was_not_shown(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    for given in ({"text": "1", "box": "sms.incident"}, {"text": published_texts().newest, "box": "sms.delivery"}):
        await visitor.submit("/preferences/agree", {"want": "sms.incident", **given}, page="/preferences/messages")
    assert (Channel.SMS, Purpose.INCIDENT) not in await visitor.granted()


async def test_consent_is_given_in_the_language_of_the_messages_whatever_that_of_the_page(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.get("/preferences/agree?want=sms.incident&lang=en")
    texts = published_texts()
    text = texts.find(texts.newest, "pl", Channel.SMS, Purpose.INCIDENT)
    assert text is not None
    assert text.text.split("\n\n")[0] in page.text
    assert '<div class="paper" lang="pl">' in page.text
    assert "What you agree to" in page.text


async def test_what_was_agreed_to_here_and_ended_is_taken_back_with_one_click(service: Service) -> None:
    await service.register(agreed=False)
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/messages", {"on": ["sms.delivery"]})
    fields = dict(_HIDDEN.findall(page.text.partition('action="/preferences/agree"')[2]))
    await visitor.post("/preferences/agree", fields)
    page = await visitor.submit("/preferences/messages", {"on": []})
    assert await visitor.granted() == set()
    await undo(visitor, page)
    assert await visitor.granted() == {(Channel.SMS, Purpose.DELIVERY)}


async def test_what_was_agreed_to_elsewhere_is_shown_again_before_it_counts_again(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/messages", {"on": ALL[1:]})
    again = await undo(visitor, page)
    assert "Na co się zgadzasz" in again.text
    assert (Channel.SMS, Purpose.DELIVERY) not in await visitor.granted()


async def test_quiet_hours_are_set_and_taken_back(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/quiet", {"rule": "own", "from": "21:30", "to": "7:00"})
    assert "Od 21:30 do 7:00" in page.text
    hours = (await visitor.person()).quiet_hours
    assert (hours.rule, hours.starts.isoformat("minutes"), hours.ends.isoformat("minutes")) == (
        QuietRule.OWN,
        "21:30",
        "07:00",
    )
    await undo(visitor, page)
    assert (await visitor.person()).quiet_hours == NEVER_QUIET
    await visitor.submit("/preferences/quiet", {"rule": "default"})
    assert (await visitor.person()).quiet_hours == QuietHours()


@pytest.mark.parametrize(("start", "end"), [("", ""), ("22:00", "22:00"), ("25:00", "7:00"), ("a", "b")])
async def test_wrong_times_are_said_at_their_field(service: Service, start: str, end: str) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/quiet", {"rule": "own", "from": start, "to": end})
    assert page.status_code == 422
    assert 'href="#from"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert (await visitor.person()).quiet_hours == NEVER_QUIET


async def test_a_pause_holds_messages_back_until_its_day_and_is_ended(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    day = local_day(datetime.now(UTC)) + timedelta(days=10)
    page = await visitor.submit("/preferences/pause", {"until": day.isoformat(), "begin": "yes"})
    assert (await visitor.person()).paused_until == at_local(day, datetime.min.time())
    told = (await service.post(fresh_event())).json()["notifications"]
    assert {(each["status"], each["reason"]) for each in told} == {("suppressed", "paused")}
    assert "wstrzymane" in (await visitor.get("/preferences")).text
    page = await undo(visitor, page)
    assert (await visitor.person()).paused_until is None
    assert "Koniec przerwy" in page.text


@pytest.mark.parametrize("days", [-1, 0, 367, None])
async def test_a_pause_needs_a_day_from_tomorrow_on_within_a_year(service: Service, days: int | None) -> None:
    await service.register()
    visitor = await signed_in(service)
    day: str | date = "" if days is None else local_day(datetime.now(UTC)) + timedelta(days=days)
    page = await visitor.submit("/preferences/pause", {"until": str(day), "begin": "yes"})
    assert page.status_code == 422
    assert (await visitor.person()).paused_until is None


async def test_language_letters_and_phrase_are_set_and_taken_back_together(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    before = await visitor.person()
    wanted = {"language": "uk", "letters": "native", "phrase": "żółw i jeż"}
    page = await visitor.submit("/preferences/wording", wanted)
    person = await visitor.person()
    assert (person.language, person.letters, person.safety_phrase) == ("uk", Letters.NATIVE, "żółw i jeż")
    assert "żółw i jeż" in page.text
    await undo(visitor, page)
    person = await visitor.person()
    assert (person.language, person.letters, person.safety_phrase) == (before.language, before.letters, None)


@pytest.mark.parametrize("phrase", ["www.example.com", "482913", "x" * 21])
async def test_a_phrase_that_could_deceive_is_refused(service: Service, phrase: str) -> None:
    await service.register()
    visitor = await signed_in(service)
    page = await visitor.submit("/preferences/wording", {"language": "pl", "letters": "plain", "phrase": phrase})
    assert page.status_code == 422
    assert (await visitor.person()).safety_phrase is None


async def test_what_people_type_is_shown_as_text(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    phrase = "<b>{{7*7}}</b>"
    await visitor.submit("/preferences/wording", {"language": "pl", "letters": "plain", "phrase": phrase})
    page = await visitor.get("/preferences")
    assert "&lt;b&gt;{{7*7}}&lt;/b&gt;" in page.text
    assert phrase not in page.text


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
async def test_every_page_is_small_and_strict_and_names_no_contact(service: Service, language: str) -> None:
    await service.register()
    await service.post(fresh_event())
    visitor = await signed_in(service)
    pages = ("", "/messages", "/agree?want=sms.incident", "/quiet", "/pause", "/wording", "/contacts", "/sent")
    for path in (*pages, "/data", "/erase", "/again"):
        page = await visitor.get(f"/preferences{path}{'&' if '?' in path else '?'}lang={language}")
        assert page.status_code == 200, path
        assert len(page.content) < 60_000 - 12_000, path  # beside the stylesheet
        assert PHONE not in page.text
        assert EMAIL not in page.text
        assert f'<html lang="{language}">' in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none';")
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "<script" not in page.text
        assert "http://" not in page.text.replace("http://www.w3.org", "")


async def test_ten_looks_at_every_page_change_nothing(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    before, kept = await visitor.person(), await _kept(service)
    for path in 10 * ("", "/messages", "/agree?want=sms.incident", "/pause", "/contacts", "/sent", "/data", "/erase"):
        assert (await visitor.get(f"/preferences{path}")).status_code == 200
    assert await visitor.person() == before
    assert await _kept(service) == kept


async def _kept(service: Service) -> dict[str, int]:
    counts = await service.counts()
    return {
        name: counts[name] for name in ("sessions", "codes", "quotas", "contact_points", "consents", "notifications")
    }


@pytest.mark.parametrize("cookie", ["x", "W10", "WyJhIl0", "bnVsbA", "WyJxdWlldCIsIHsicnVsZSI6ICJ6In0sIHt9XQ"])
async def test_a_cookie_that_no_page_has_set_is_passed_over(service: Service, cookie: str) -> None:
    await service.register()
    visitor = await signed_in(service)
    visitor.client.cookies.set("__Host-awizo-change", cookie, domain="awizo.test")
    page = await visitor.get("/preferences")
    assert page.status_code == 200
    assert 'role="status"' not in page.text
