"""The page of a notice: looking changes nothing, and it says how things stand now."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar
from structlog.testing import capture_logs

from app.api.metrics import Metrics
from app.domain.channel import Purpose
from app.domain.statement import StatementKind
from app.main import create_app
from app.storage.database import Database
from app.storage.vault import Vault
from app.usecases.erase_recipient import erase_recipient
from app.usecases.notice_link import notice_token
from app.usecases.unsubscribe_link import unsubscribe_token
from app.usecases.watch_log import LogWatch
from tests.builders import EMAIL, FACILITY, NOON, OPERATOR, PHONE, RECIPIENT, SHIPMENT, area_event, event
from tests.conftest import TestClock
from tests.integration.notice_site import NoticeSite, documents, heading, notice_site
from tests.integration.world import World

REFERENCE = re.compile(r"\bAW-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")


@pytest.fixture
async def site(world: World) -> AsyncIterator[NoticeSite]:
    async with notice_site(world) as opened:
        yield opened


async def test_ten_scanners_change_nothing_and_then_the_button_works(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    before = await documents(site)
    for _ in range(10):
        for path in (link, f"{link}/calendar.ics", f"{link}?said=disputed"):
            assert (await site.client.get(path)).status_code == 200
            assert (await site.client.head(path)).status_code == 200
    assert await documents(site) == before
    assert (await site.say(link, "disputed")).status_code == 200
    assert [each.kind for each in await site.statements(letter)] == [StatementKind.DISPUTED]


async def test_place_and_day_come_first_then_hours_what_to_bring_and_the_answers(site: NoticeSite) -> None:
    await site.world.register()
    _, link = await site.tell()
    text = (await site.client.get(link)).text
    places = [
        text.index(words)
        for words in (
            "UP Warszawa 32</h1>",
            "Targowa 73",
            "poniedziałek, 7 grudnia 2026</h2>",
            "Dodaj ten dzień do kalendarza",
            "Godziny otwarcia</h2>",
            "8:00–12:00, 13:00–18:00",
            "Co zabrać i kto jeszcze może odebrać",
            "zapisujemy na stałe",
            "Zgłoś brak awiza</button>",
            "To nie do mnie</button>",
            "Potwierdzam, że wiem</button>",
            "Czym jest ta wiadomość, a czym nie jest",
        )
    ]
    assert places == sorted(places)


async def test_days_on_which_the_place_is_shut_say_so_also_when_an_incident_shuts_it(
    site: NoticeSite, clock: TestClock
) -> None:
    await site.world.register()
    _, link = await site.tell()
    before = (await site.client.get(link)).text
    assert before.count('<tr class="away">') == 4  # two week-ends
    clock.forward(minutes=1)
    outage = {"from": "2026-11-24T00:00:00+01:00", "until": "2026-11-25T23:59:00+01:00", "reason": "power"}
    await site.world.accepted(area_event(data=outage))
    after = (await site.client.get(link)).text
    assert after.count('<tr class="away">') == 6
    assert re.search(r"wtorek, 24 listopada</th>\s*<td>nieczynne", after)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("delivered", {}, "Już odebrano lub doręczono"),
        ("returned", {}, "Odesłano do nadawcy"),
        ("pickup_expired", {}, "Minął czas na odbiór"),
        ("refused", {}, "Odnotowano odmowę przyjęcia"),
        ("lost", {}, "Zgłoszono zaginięcie"),
    ],
)
async def test_an_item_that_waits_no_more_is_said_to_first_and_can_still_be_spoken_of(
    site: NoticeSite, kind: str, changes: dict[str, Any], words: str
) -> None:
    await site.world.register()
    _, link = await site.tell()
    await site.world.accepted(event(kind, at=NOON + timedelta(seconds=2), **changes))
    page = await site.client.get(link)
    assert heading(page) == words
    assert "Targowa" not in page.text
    assert (await site.client.get(f"{link}/calendar.ics")).status_code == 404
    assert page.text.count("<form") == 3


async def test_an_item_that_moved_is_shown_where_it_is_now(site: NoticeSite) -> None:
    await site.world.register()
    _, link = await site.tell()
    elsewhere = FACILITY | {"id": "UP-00-004", "name": "UP Warszawa 4", "street": "Ząbkowska 31"}
    await site.world.accepted(
        event("terms_changed", at=NOON + timedelta(seconds=2), data={"change": "redirected", "facility": elsewhere})
    )
    page = await site.client.get(link)
    assert heading(page).endswith("UP Warszawa 4")
    assert "Od naszej wiadomości zmieniło się miejsce" in page.text
    assert "Targowa" not in page.text


async def test_news_that_the_operator_took_back_is_no_longer_told(site: NoticeSite) -> None:
    await site.world.register()
    _, link = await site.tell()
    correction = {"corrects": {"source": "/poczta-polska/wer-warszawa", "id": "notice_left-1"}, "action": "cancel"}
    await site.world.accepted(event("corrected", at=NOON + timedelta(seconds=2), data=correction))
    assert heading(await site.client.get(link)) == "Operator wycofał tę informację"


async def test_the_last_day_and_the_time_after_it_are_said_before_all_else(site: NoticeSite, clock: TestClock) -> None:
    await site.world.register()
    _, link = await site.tell()
    said = []
    for days in (12, 1, 1, 1):
        clock.forward(days=days)
        text = (await site.client.get(link)).text
        said.append(re.findall(r'<div class="box (\w*)">\s*<h2>(.*?)</h2>', text))
    assert said == [
        [],
        [("soon", "Jutro jest ostatni bezpieczny dzień")],
        [("soon", "Dziś jest ostatni bezpieczny dzień")],
        [("problem", "Ostatni bezpieczny dzień minął")],
    ]


async def test_news_without_a_place_has_a_shorter_page_that_misses_no_slip(site: NoticeSite) -> None:
    await site.world.register(purposes=(Purpose.DELIVERY, Purpose.PROGRESS))
    _, link = await site.tell("delivered", at=NOON - timedelta(minutes=1))
    page = await site.client.get(link)
    assert page.status_code == 200
    assert "<table>" not in page.text
    assert re.findall(r'name="answer" value="(\w+)"', page.text) == ["misdirected", "acknowledged"]
    refused = await site.say(link, "disputed")
    assert refused.status_code == 422
    assert "Nic się nie zmieniło." in refused.text


async def test_news_of_a_closed_office_has_a_page_too(site: NoticeSite, clock: TestClock) -> None:
    await site.world.register(purposes=(Purpose.DELIVERY, Purpose.INCIDENT))
    await site.tell()
    clock.forward(minutes=1)
    await site.world.accepted(area_event(at=NOON + timedelta(minutes=1)))
    await site.world.tell()
    await site.world.dispatch()
    link = site.newest_link()
    page = await site.client.get(link)
    assert page.status_code == 200
    assert "UP Warszawa 32" in page.text
    assert (await site.say(link, "misdirected")).status_code == 200
    clock.forward(minutes=1)
    await site.world.accepted(area_event("resolved", revision=2, at=NOON + timedelta(minutes=2)))
    assert heading(await site.client.get(link)) == "Ta informacja jest nieaktualna"


async def test_a_forged_token_a_damaged_one_and_one_of_nobody_are_answered_alike(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    vault, new_id = site.world.database.vault, site.world.surroundings.new_id
    tokens = [
        notice_token(Vault(bytes(32)), letter),
        link.rpartition("/")[2][:-1],
        notice_token(vault, new_id()),
        unsubscribe_token(vault, letter),
        "x",
    ]
    recorded = await documents(site)
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/calendar.ics")):
        answers = [
            await site.client.request(
                method, f"/n/{token}{path}", data={"answer": "disputed"} if method == "POST" else None
            )
            for token in tokens
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
        assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert await documents(site) == recorded


async def test_the_page_of_somebody_erased_is_gone_and_says_nothing_of_them(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    await site.say(link, "disputed")
    await site.world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=site.world.surroundings)
    )
    assert await site.statements(letter) == []
    recorded = await documents(site)
    for answer in (
        await site.client.get(link),
        await site.say(link, "acknowledged"),
        await site.client.get(f"{link}/calendar.ics"),
    ):
        assert answer.status_code == 410
        assert "UP Warszawa" not in answer.text
        assert not REFERENCE.search(answer.text)
    assert await documents(site) == recorded


async def test_the_calendar_entry_is_a_whole_day_with_an_alarm_on_the_eve_and_tells_nobody_what_waits(
    site: NoticeSite,
) -> None:
    await site.world.register()
    _, link = await site.tell()
    answer = await site.client.get(f"{link}/calendar.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    (entry,) = Calendar.from_ical(answer.content).events
    (alarm,) = [part for part in entry.subcomponents if part.name == "VALARM"]
    assert (entry.start.isoformat(), entry.end.isoformat()) == ("2026-12-07", "2026-12-08")
    assert alarm.TRIGGER.total_seconds() == -7 * 3600
    assert entry.location == "UP Warszawa 32, Targowa 73, 03-729 Warszawa"
    for secret in (SHIPMENT, SHIPMENT[-6:], "list", EMAIL, RECIPIENT, link.rpartition("/")[2], "http"):
        assert secret not in answer.text.replace("calendar", "")


async def test_a_later_file_of_the_same_item_replaces_the_entry_of_the_first(
    site: NoticeSite, clock: TestClock
) -> None:
    await site.world.register()
    _, link = await site.tell()
    first = await site.client.get(f"{link}/calendar.ics")
    clock.forward(hours=3)
    until = {"change": "extended", "pickup": {"until": "2026-12-04"}}
    _, other = await site.tell("terms_changed", at=NOON + timedelta(hours=2), data=until)
    second = await site.client.get(f"{other}/calendar.ics")
    (before,), (after,) = (Calendar.from_ical(each.content).events for each in (first, second))
    assert before.uid == after.uid
    assert after.sequence > before.sequence
    assert (before.start.isoformat(), after.start.isoformat()) == ("2026-12-07", "2026-12-04")


async def test_the_page_holds_no_contact_of_anybody(site: NoticeSite) -> None:
    await site.world.register()
    _, link = await site.tell()
    for answer in (await site.client.get(link), await site.say(link, "acknowledged")):
        assert EMAIL not in answer.text
        assert PHONE not in answer.text
        assert RECIPIENT not in answer.text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Not for me"), ("uk", "Це не для мене"), ("pl", "To nie do mnie")]
)
async def test_the_page_speaks_the_persons_language_whatever_the_browsers(
    site: NoticeSite, language: str, words: str
) -> None:
    await site.world.register(language=language)
    _, link = await site.tell()
    page = await site.client.get(link, headers={"Accept-Language": "de"})
    assert f"{words}</button>" in page.text
    assert page.headers["content-language"] == language


async def test_nothing_is_shown_or_taken_while_the_log_is_not_to_be_trusted(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    site.log_watch.found("the log differs at entry 7")
    for answer in (await site.client.get(link), await site.say(link, "disputed")):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "60"
        assert "entry 7" not in answer.text
    assert await site.statements(letter) == []


async def test_without_the_database_the_page_says_to_come_back() -> None:
    app = create_app()
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", Vault(bytes(range(32))))
    surroundings = SimpleNamespace(clock=lambda: NOON)
    app.state.services = SimpleNamespace(
        database=away, surroundings=surroundings, log_watch=LogWatch(), metrics=Metrics()
    )
    link = f"/n/{notice_token(away.vault, UUID(int=1))}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://awizo.test") as client:
        for answer in (await client.get(link), await client.post(link, data={"answer": "disputed"})):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
    await away.close()


async def test_the_token_is_in_no_log(site: NoticeSite) -> None:
    await site.world.register()
    _, link = await site.tell()
    token = link.rpartition("/")[2]
    with capture_logs() as logs:
        await site.client.get(link)
        await site.say(link, "disputed")
        await site.say(link, "nonsense")
        await site.client.get(f"{link}x")
        await site.client.get(f"{link}/calendar.ics")
    assert {entry["route"] for entry in logs} == {"/n/{token}", "/n/{token}/calendar.ics"}
    assert token[:20] not in repr(logs)


async def test_every_answer_carries_the_headers_of_a_page(site: NoticeSite) -> None:
    await site.world.register()
    _, link = await site.tell()
    answers = [
        await site.client.get(link),
        await site.client.post(link, data={"answer": "disputed"}),
        await site.client.get(f"{link}/calendar.ics"),
        await site.client.get("/n/x"),
    ]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; ")
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_no_sms_leads_to_the_page(site: NoticeSite) -> None:
    await site.world.register()
    await site.tell()
    (sent,) = site.world.gateway.journal
    assert "/n/" not in sent.form["Body"]
    assert "://" not in sent.form["Body"]
