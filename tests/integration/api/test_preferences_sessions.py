"""Who gets into the settings: guesses, scanners, strangers, other sites, and browsers that were left open."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select

from app.domain.channel import Channel
from app.domain.pumping import CodeLimits
from app.ports import Surroundings
from app.storage.database import Database, Tx
from app.storage.tables import sessions
from app.usecases.give_code import Wrong
from app.usecases.send_codes import send_codes
from app.usecases.sign_in import Asked, ask_to_sign_in, sign_in
from tests.builders import EMAIL, PHONE
from tests.integration.api.browser import Visitor, browser, form_token, signed_in
from tests.integration.api.service import OTHER_OPERATOR, Service
from tests.integration.world import World

# What pages do is tried on both engines where it is done; how they look and answer, on one.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

STRANGER = "+48600100299"
# Every page of somebody who is signed in.
PAGES = (
    "messages",
    "quiet",
    "pause",
    "wording",
    "contacts",
    "sent",
    "data",
    "erase",
    "again",
    "agree?want=sms.delivery",
)
WRONG = "000000"


def without_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)


def wrong_for(visitor: Visitor, code: UUID) -> str:
    return "111111" if visitor.reading(code) == WRONG else WRONG


async def later(service: Service, **ahead: float) -> None:
    """Let the clock of what answers requests go ahead."""
    before = service.services.surroundings
    moved = replace(before, clock=lambda: before.clock() + timedelta(**ahead))
    service.app.state.services = replace(service.services, surroundings=moved)


async def test_the_cookie_is_for_this_host_alone_and_no_script_can_read_it(service: Service) -> None:
    await service.register()
    visitor = browser(service)
    code = await visitor.ask()
    await visitor.was_sent(code)
    answer = await visitor.give(code)
    (set_cookie,) = answer.headers.get_list("set-cookie")
    (morsel,) = SimpleCookie(set_cookie).values()
    assert morsel.key == "__Host-awizo"
    assert len(morsel.value) == 43  # 256 bits
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"].lower(), morsel["path"]) == (
        True,
        True,
        "lax",
        "/",
    )
    assert (morsel["domain"], morsel["max-age"], morsel["expires"]) == ("", "", "")


async def test_what_is_kept_of_the_token_is_a_digest(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    token = visitor.client.cookies["__Host-awizo"]
    async with service.services.database.read() as tx:
        (kept,) = (await tx.execute(select(sessions.c.token_digest))).scalars()
    assert len(kept) == 32
    assert token.encode() not in kept


async def test_no_token_survives_a_sign_in(service: Service) -> None:
    await service.register()
    victim = await signed_in(service)
    planted = victim.client.cookies["__Host-awizo"]
    code = await victim.ask()
    await victim.was_sent(code)
    await victim.give(code)
    assert victim.client.cookies["__Host-awizo"] != planted
    thief = browser(service)
    thief.client.cookies.set("__Host-awizo", planted, domain="awizo.test")
    page = await thief.get("/preferences")
    assert "+48*****200" not in page.text


async def test_a_token_that_was_planted_before_signing_in_opens_nothing(service: Service) -> None:
    await service.register()
    visitor = browser(service)
    visitor.client.cookies.set("__Host-awizo", "A" * 43, domain="awizo.test")
    code = await visitor.ask()
    await visitor.was_sent(code)
    answer = await visitor.give(code)
    assert "__Host-awizo=A" not in answer.headers["set-cookie"]


async def test_ten_looks_eat_no_code_and_the_second_giving_says_gone(service: Service) -> None:
    await service.register()
    visitor = browser(service)
    code = await visitor.ask()
    await visitor.was_sent(code)
    for _ in range(10):
        page = await visitor.get(f"/preferences/sign-in/{code}")
        head = await visitor.client.head(f"/preferences/sign-in/{code}")
        assert page.status_code == head.status_code == 200
    assert (await visitor.give(code)).status_code == 303
    again = await browser(service).give(code)
    assert again.status_code == 410


async def test_a_wrong_code_says_how_many_tries_are_left_until_it_is_gone(service: Service) -> None:
    await service.register()
    visitor = browser(service)
    code = await visitor.ask()
    await visitor.was_sent(code)
    wrong = wrong_for(visitor, code)
    answers = [await visitor.give(code, wrong) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 410]
    assert "Pozostałe próby: 4" in answers[0].text
    assert (await visitor.give(code)).status_code == 410  # also the right one


async def test_of_a_hundred_guesses_at_once_five_are_looked_at_and_one_session_is_opened_at_most(
    service: Service,
) -> None:
    await service.register()
    visitor = browser(service)
    code = await visitor.ask()
    await visitor.was_sent(code)
    right, wrong = visitor.reading(code), wrong_for(visitor, code)
    guesses = [visitor.give(code, wrong if index % 2 else right) for index in range(100)]
    answers = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert set(answers) <= {303, 422, 410, 503}  # too many at once for the pool of connections: 503, and no try is lost
    assert answers.count(303) + answers.count(422) <= 5
    assert answers.count(303) <= 1


async def test_known_and_unknown_contacts_get_the_same_bytes_at_every_step(service: Service) -> None:
    await service.register()
    pages: dict[str, list[tuple[int, str, str]]] = {}
    for contact in (PHONE, STRANGER):
        visitor = browser(service)
        code = await visitor.ask(contact)
        if contact == PHONE:
            await visitor.was_sent(code)
        steps = [await visitor.get(f"/preferences/sign-in/{code}")]
        steps += [await visitor.give(code, wrong_for(visitor, code)) for _ in range(6)]
        pages[contact] = [
            (step.status_code, without_ids(step.text), str({**step.headers, "date": ""})) for step in steps
        ]
    assert pages[PHONE] == pages[STRANGER]


async def test_asking_too_often_is_said_for_unknown_contacts_as_for_known_ones(service: Service) -> None:
    await service.register()
    refused = {}
    for contact in (PHONE, STRANGER):
        visitor = browser(service)
        for _ in range(service.services.code_limits.per_contact):
            await visitor.ask(contact)
        answer = await visitor.post("/preferences/sign-in", {"contact": contact})
        refused[contact] = (answer.status_code, answer.headers["retry-after"], answer.text)
    assert refused[PHONE][0] == 429
    assert refused[PHONE] == refused[STRANGER]


async def statements_of(database: Database, work: Callable[[Tx], Awaitable[object]]) -> list[str]:
    """The statements of one transaction, without their values."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.writer.sync_engine, "before_cursor_execute", note)
    try:
        await database.transact(work)
    finally:
        event.remove(database.writer.sync_engine, "before_cursor_execute", note)
    assert seen
    return seen


async def test_the_database_does_the_same_work_whether_somebody_has_the_contact_or_not(world: World) -> None:
    await world.register()
    done: dict[str, list[str]] = {}
    surroundings: Surroundings = world.surroundings
    for contact in (PHONE, STRANGER):
        asked: list[Asked] = []

        async def ask(tx: Tx, contact: str = contact, asked: list[Asked] = asked) -> None:
            given = await ask_to_sign_in(tx, Channel.SMS, contact, limits=CodeLimits(), surroundings=surroundings)
            assert isinstance(given, Asked)
            asked.append(given)

        done[contact] = await statements_of(world.database, ask)
        await world.database.transact(lambda tx: send_codes(tx, limits=CodeLimits(), surroundings=surroundings))

        async def give(tx: Tx, code: UUID = asked[0].code) -> None:
            given = await sign_in(tx, code, "no code", replacing=None, surroundings=surroundings)
            assert isinstance(given, Wrong)

        done[contact] += await statements_of(world.database, give)
    assert done[PHONE] == done[STRANGER]


ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://awizo.test.evil.example"},
)


@pytest.mark.parametrize("headers", ELSEWHERE, ids=lambda headers: next(iter(headers.values())))
async def test_forms_of_other_sites_are_refused_and_change_nothing(service: Service, headers: dict[str, str]) -> None:
    await service.register()
    visitor = await signed_in(service)
    before = await visitor.person()
    token = form_token(await visitor.get("/preferences/messages"))
    code = uuid4()
    for path in (*PAGES[:-1], "sign-in", "sign-out", f"sign-in/{code}", f"confirm/{code}", f"again/{code}", "whose"):
        answer = await visitor.client.post(f"/preferences/{path}", data={"form": token, "sure": "yes"}, headers=headers)
        assert answer.status_code in {403, 404}, path
    assert await visitor.person() == before


@pytest.mark.parametrize("given", ["", "A" * 43, "of another session"])
async def test_a_form_without_the_sessions_own_token_is_refused(service: Service, given: str) -> None:
    await service.register()
    visitor, other = await signed_in(service), await signed_in(service, EMAIL)
    if given == "of another session":
        given = form_token(await other.get("/preferences/messages"))
    before = await visitor.person()
    for path in ("messages", "quiet", "pause", "wording", "contacts", "contacts/remove", "agree", "data", "erase"):
        answer = await visitor.post(f"/preferences/{path}", {"form": given, "rule": "default", "sure": "yes"})
        assert answer.status_code == 403, path
    assert await visitor.person() == before


async def test_after_fifteen_idle_minutes_the_session_is_over_and_a_page_says_so(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    token = form_token(await visitor.get("/preferences/messages"))
    await later(service, minutes=16)
    answer = await visitor.post("/preferences/messages", {"form": token})
    page = await visitor.get(answer.headers["location"])
    assert "Sesja zakończona" in page.text
    assert "__Host-awizo" not in visitor.client.cookies
    assert len(await visitor.granted()) == 4


async def test_who_goes_on_working_stays_signed_in_for_hours_but_not_for_ever(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    for _ in range(47):
        await later(service, minutes=10)
        assert "+48*****200" in (await visitor.get("/preferences")).text
    await later(service, minutes=10)
    assert "+48*****200" not in (await visitor.get("/preferences")).text


async def test_signing_out_ends_the_session_everywhere(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    token = visitor.client.cookies["__Host-awizo"]
    await visitor.submit("/preferences/sign-out", {}, page="/preferences")
    thief = browser(service)
    thief.client.cookies.set("__Host-awizo", token, domain="awizo.test")
    assert "+48*****200" not in (await thief.get("/preferences")).text


@pytest.mark.parametrize("page", PAGES)
async def test_without_a_session_every_page_leads_to_where_one_signs_in(service: Service, page: str) -> None:
    answer = await browser(service).client.get(f"/preferences/{page}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences")


async def test_who_is_known_to_several_operators_chooses_one_and_changes_only_that(service: Service) -> None:
    await service.register()
    await service.register(operator=OTHER_OPERATOR)
    visitor = await signed_in(service)
    choice = await visitor.get("/preferences")
    values = dict(re.findall(r'name="person" value="([0-9a-f-]{36})">([^<]+)<', choice.text))
    names = {name: value for value, name in values.items()}
    assert set(names) == {"Poczta Polska", "InPost"}
    page = await visitor.submit("/preferences/whose", {"person": names["InPost"]})
    assert "InPost" in page.text
    await visitor.submit("/preferences/messages", {"on": []})
    assert len(await visitor.granted()) == 4  # those of Poczta Polska


async def test_nobody_chooses_a_record_that_the_contact_does_not_open(service: Service) -> None:
    await service.register()
    await service.register(operator=OTHER_OPERATOR)
    stranger = await service.client.put(
        "/v1/recipients/poczta-polska/somebody-else",
        json={"contact_points": [{"channel": "sms", "value": STRANGER, "verified": True}]},
        headers=service.admin,
    )
    assert stranger.status_code == 201
    visitor = await signed_in(service)
    somebody = await visitor.person("somebody-else")
    page = await visitor.submit("/preferences/whose", {"person": str(somebody.id)})
    assert 'name="person"' in page.text


@pytest.mark.parametrize("typed", ["600100200", "600 100 200", "+48 600-100-200", "0048600100200", "(600) 100 200"])
async def test_a_number_may_be_typed_as_people_write_it(service: Service, typed: str) -> None:
    await service.register()
    visitor = browser(service)
    await visitor.was_sent(await visitor.ask(typed))


@pytest.mark.parametrize("typed", ["", "600", "jan@", "+48 22 123 45 67", "a" * 400, "600100200\x00", "٦٠٠١٠٠٢٠٠"])
async def test_what_is_no_contact_is_said_and_not_repeated(service: Service, typed: str) -> None:
    answer = await browser(service).post("/preferences/sign-in", {"contact": typed})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert typed == "" or f'value="{typed}' not in answer.text


@pytest.mark.parametrize("body", [b"\xff=%FF", b"a=" + b"b" * 20_000, b"&".join([b"a=1"] * 100)])
async def test_what_is_no_form_of_ours_is_refused(service: Service, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    answer = await service.client.post("/preferences/sign-in", content=body, headers=headers)
    assert answer.status_code == 400
    plain = await service.client.post("/preferences/sign-in", content=b"{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 400


async def test_a_code_for_signing_in_does_not_count_as_one_given_once_more(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    code = await visitor.ask()
    await visitor.was_sent(code)
    page = await visitor.get(f"/preferences/again/{code}")
    answer = await visitor.post(f"/preferences/again/{code}", {"code": visitor.reading(code), "form": form_token(page)})
    assert answer.status_code == 410


async def test_while_the_log_is_not_to_be_trusted_nothing_is_opened_or_changed(service: Service) -> None:
    await service.register()
    visitor = await signed_in(service)
    service.services.log_watch.found("It is not the log that was signed")
    try:
        answer = await visitor.client.get("/preferences")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        posted = await visitor.post("/preferences/sign-in", {"contact": PHONE})
        assert posted.status_code == 503
    finally:
        service.services.log_watch.fault = None


async def test_the_pages_say_nothing_to_strangers_about_codes_that_never_were(service: Service) -> None:
    visitor = browser(service)
    never = await visitor.get(f"/preferences/sign-in/{uuid4()}")
    asked = await visitor.get(f"/preferences/sign-in/{await visitor.ask(STRANGER)}")
    assert without_ids(never.text) == without_ids(asked.text)
    assert (await visitor.give(uuid4(), WRONG)).status_code == 410
