"""Auditors at their page: who gets in, what is found, what is put on record before anything personal is shown."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from app.domain.access import Caller, Scope
from app.evidence.verifier import verify_bundle
from app.storage import api_keys
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage.tables import facts, sessions
from app.usecases.guard_sign_in import WRONG_SECRETS_MAX
from app.usecases.sessions import digest_of
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT, area_cloud_event
from tests.integration.api.browser import Visitor, browser, form_token
from tests.integration.api.scene import Scene, set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, now, open_service, person

# One running service for all: nothing here changes what another test sees, and what is on record is told by its key.
pytestmark = pytest.mark.asyncio(loop_scope="module")

COOKIE = "__Host-awizo-audit"
NO_ID = "01a20056-46a6-7777-b896-71029894000f"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    directory = tmp_path_factory.mktemp("audit")
    async with open_service(f"sqlite+aiosqlite:///{directory / 'awizo.db'}", directory) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(service: Service) -> Scene:
    return await set_scene(service)


@pytest.fixture
def clock(service: Service) -> Iterator[Callable[..., None]]:
    """Lets the clock of what answers requests go ahead; it goes right again afterwards."""
    services, right = service.services, service.services.surroundings

    def ahead(**by: float) -> None:
        before = service.services.surroundings
        moved = replace(before, clock=lambda: before.clock() + timedelta(**by))
        service.app.state.services = replace(service.services, surroundings=moved)
        services.keyring._surroundings = moved

    yield ahead
    service.app.state.services = services
    services.keyring._surroundings = right


async def signed_in(service: Service, token: str | None = None) -> Visitor:
    """An auditor's browser, with a key of OPERATOR if no other is given."""
    visitor = browser(service)
    given = token or await service.token(Scope.PROOFS_READ)
    answer = await visitor.post("/audit/sign-in", {"key": given})
    assert answer.status_code == 303, answer.text
    return visitor


async def signed_in_anew(service: Service) -> tuple[Visitor, str]:
    """An auditor's browser with a key that nobody else has, and the id of that key."""
    key = await service.token(Scope.PROOFS_READ)
    return await signed_in(service, key), key.split("_")[1]


async def session_of(service: Service, visitor: Visitor) -> Any:
    """The row of that browser's session, or None."""
    digest = digest_of(visitor.client.cookies[COOKIE])
    async with service.services.database.read() as tx:
        return (await tx.execute(select(sessions).where(sessions.c.token_digest == digest))).one_or_none()


async def ask(visitor: Visitor, term: str, **fields: str) -> httpx.Response:
    """The answer to the search form, where it leads."""
    return await visitor.submit("/audit/search", {"term": term, **fields}, page="/audit")


async def readings(service: Service, actor: str) -> list[tuple[str, str | None]]:
    """Act and reason of everything that is on record as read by that key, in order."""
    async with service.services.database.read() as tx:
        rows = (
            await tx.execute(select(facts.c.id).where(facts.c.type == "access.read").order_by(facts.c.id))
        ).scalars()
        found = list((await fact_store.by_ids(tx, list(rows))).values())
        keys = await recipient_store.keys_of(tx, {fact.recipient for fact in found if fact.recipient})
    said = []
    for fact in sorted(found, key=lambda each: each.id):
        data = json.loads(fact.document)["data"]
        reason = fact.openings(keys.get(fact.recipient) if fact.recipient else None).get("reason")
        if data["actor"] == actor:
            said.append((data["act"], reason.value.decode() if reason else None))
    return said


async def test_the_cookie_is_for_this_host_alone_and_no_script_can_read_it(service: Service) -> None:
    answer = await browser(service).post("/audit/sign-in", {"key": await service.token(Scope.PROOFS_READ)})
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert (morsel.key, len(morsel.value)) == (COOKIE, 43)
    assert (morsel["secure"], morsel["httponly"], morsel["path"], morsel["domain"]) == (True, True, "/", "")


async def test_what_is_kept_opens_neither_the_session_nor_the_key(service: Service) -> None:
    key = await service.token(Scope.PROOFS_READ)
    visitor = await signed_in(service, key)
    row = await session_of(service, visitor)
    kept = b"".join(value for value in row if isinstance(value, bytes))
    assert visitor.client.cookies[COOKIE].encode() not in kept
    assert key.encode() not in kept
    assert key.rpartition("_")[2].encode() not in kept


async def test_no_session_survives_a_sign_in(service: Service) -> None:
    visitor = await signed_in(service)
    planted = visitor.client.cookies[COOKIE]
    await visitor.post("/audit/sign-in", {"key": await service.token(Scope.PROOFS_READ)})
    assert visitor.client.cookies[COOKIE] != planted
    thief = browser(service)
    thief.client.cookies.set(COOKIE, planted, domain="awizo.test")
    assert (await thief.client.get("/audit")).headers["location"] == "/audit?ended=yes"


@pytest.mark.parametrize("ended", ["revoked", "expired", "idle", "long"])
async def test_a_session_ends_with_its_key_and_when_nobody_uses_it(
    service: Service, clock: Callable[..., None], ended: str
) -> None:
    expires_at = now() + timedelta(minutes=10) if ended == "expired" else None
    key = await service.token(Scope.PROOFS_READ, expires_at=expires_at)
    visitor = await signed_in(service, key)
    before = await session_of(service, visitor)
    if ended == "revoked":
        async with service.services.database.write() as tx:
            assert await api_keys.revoke(tx, key.split("_")[1], now=now())
    if ended == "long":  # somebody was there until a moment ago
        async with service.services.database.write() as tx:
            mine = sessions.c.token_digest == before.token_digest
            await tx.execute(
                update(sessions).where(mine).values(created_at=before.created_at - timedelta(hours=7, minutes=59))
            )
        assert (await visitor.client.get("/audit")).status_code == 200
    clock(minutes={"revoked": 1, "expired": 11, "idle": 16, "long": 2}[ended])
    answer = await visitor.client.get("/audit")
    assert before is not None
    assert (answer.status_code, answer.headers.get("location")) == (303, "/audit?ended=yes")
    assert COOKIE not in visitor.client.cookies


@pytest.mark.parametrize(
    "given", ["", "awz_", "awz_0123456789abcdef_" + "A" * 43, "eyJhbGciOiJub25lIn0.e30.", "\u0000ü"]
)
async def test_credentials_that_do_not_hold_open_nothing_and_are_not_repeated(service: Service, given: str) -> None:
    answer = await browser(service).post("/audit/sign-in", {"key": given})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    assert len(given) < 5 or given not in answer.text


async def test_a_key_that_may_not_read_proofs_is_told_so(service: Service) -> None:
    answer = await browser(service).post("/audit/sign-in", {"key": await service.token(Scope.SHIPMENTS_READ)})
    assert (answer.status_code, "proofs:read" in answer.text) == (422, True)


async def test_a_key_that_was_guessed_at_too_often_opens_no_session_for_an_hour(
    service: Service, clock: Callable[..., None]
) -> None:
    key = await service.token(Scope.PROOFS_READ)
    wrong = f"{key[:20]}_{'A' * 43}"
    visitor = browser(service)
    answers = [await visitor.post("/audit/sign-in", {"key": wrong}) for _ in range(WRONG_SECRETS_MAX + 1)]
    assert [answer.status_code for answer in answers] == [422] * WRONG_SECRETS_MAX + [429]
    assert (await visitor.post("/audit/sign-in", {"key": key})).status_code == 429
    assert (
        await service.client.get("/v1/notifications", headers={"Authorization": f"Bearer {key}"})
    ).status_code == 200
    clock(hours=1)
    assert (await visitor.post("/audit/sign-in", {"key": key})).status_code == 303


async def test_an_access_token_opens_a_session_that_ends_with_the_token(service: Service) -> None:
    token = "e30." + "x" * 6_000 + ".e30"
    known: dict[str, Caller] = {
        token: Caller(key_id="oidc:0123", scopes=frozenset({Scope.PROOFS_READ}), operators=frozenset({OPERATOR}))
    }

    async def caller(credentials: str) -> Caller | None:
        return known.get(credentials)

    keyring = service.services.keyring
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyring, "caller", caller)
        visitor = await signed_in(service, token)
        assert "oidc:0123" in (await visitor.get("/audit")).text
        known[token] = replace(known[token], scopes=frozenset({Scope.SHIPMENTS_READ}))
        assert (await visitor.client.get("/audit")).headers["location"] == "/audit?ended=yes"


async def test_other_sites_can_post_no_form(service: Service) -> None:
    visitor = await signed_in(service)
    token = form_token(await visitor.get("/audit"))
    for path in ("/audit/sign-in", "/audit/sign-out", "/audit/search", f"/audit/story/{NO_ID}", "/audit/proof"):
        fields = {"form": token, "term": SHIPMENT, "key": "awz_", "reason": "x"}
        elsewhere = await visitor.post(path, fields, **{"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.status_code == 403, path
        if path != "/audit/sign-in":
            assert (await visitor.post(path, {**fields, "form": "A" * 43})).status_code == 403, path


async def test_without_a_session_every_page_leads_to_signing_in(service: Service) -> None:
    visitor = browser(service)
    for path in (f"/audit/story/{NO_ID}", f"/audit/proof/{NO_ID}"):
        assert (await visitor.client.get(path)).headers["location"] == "/audit", path
    for path in ("/audit/search", f"/audit/story/{NO_ID}", "/audit/proof"):
        assert (await visitor.post(path, {"term": SHIPMENT})).headers["location"] == "/audit", path


async def test_a_persons_session_is_no_auditors_and_the_other_way_round(service: Service) -> None:
    visitor = await signed_in(service)
    token = visitor.client.cookies[COOKIE]
    other = browser(service)
    other.client.cookies.set("__Host-awizo", token, domain="awizo.test")
    assert "ended=yes" in (await other.client.get("/preferences/messages")).headers["location"]
    person = browser(service)
    person.client.cookies.set(COOKIE, "A" * 43, domain="awizo.test")
    assert (await person.client.get("/audit")).headers["location"] == "/audit?ended=yes"


async def test_signing_out_ends_the_session(service: Service) -> None:
    visitor = await signed_in(service)
    kept = visitor.client.cookies[COOKIE]
    answer = await visitor.submit("/audit/sign-out", {}, page="/audit")
    assert answer.status_code == 200
    visitor.client.cookies.set(COOKIE, kept, domain="awizo.test")
    assert (await visitor.client.get("/audit")).status_code == 303


def terms(scene: Scene, leaf: str) -> Mapping[str, str]:
    grouped = " ".join(SHIPMENT[at : at + 4] for at in range(0, len(SHIPMENT), 4))
    return {
        "shipment": SHIPMENT,
        "grouped": f" {grouped} ",
        "message": scene.sms,
        "event": scene.event.upper(),
        "leaf": leaf,
    }


async def test_every_name_of_an_item_leads_to_its_story_and_none_is_put_on_record(scene: Scene) -> None:
    service = scene.service
    visitor, key = await signed_in_anew(service)
    async with service.services.database.read() as tx:
        rows = (await tx.execute(select(facts.c.leaf).where(facts.c.type == "attempt.started"))).scalars()
        leaf = next(iter(rows)).hex()
    for name, term in terms(scene, leaf).items():
        page = await ask(visitor, term)
        assert page.status_code == 200, name
        assert "0075 9007 7341 2345 6789" in page.text, name
        assert SHIPMENT not in str(page.url), name
    assert await readings(service, key) == []


@pytest.mark.parametrize("term", [RECIPIENT, PHONE, "600 100 200", EMAIL])
async def test_whoever_asks_after_a_person_says_why_and_is_on_record_before_the_answer(scene: Scene, term: str) -> None:
    service = scene.service
    visitor, key = await signed_in_anew(service)
    unsaid = await ask(visitor, term)
    assert unsaid.status_code == 422
    assert await readings(service, key) == []
    page = await ask(visitor, term, reason="skarga 17")
    assert page.status_code == 200
    assert {scene.sms, scene.email} & set(re.findall(r"/audit/story/([0-9a-f-]{36})", page.text))
    assert await readings(service, key) == [("search", "skarga 17")]


async def test_without_a_reason_nobody_learns_whether_there_is_such_a_person(scene: Scene) -> None:
    visitor = await signed_in(scene.service)

    async def said(term: str) -> str:
        return re.sub(r'name="form" value="[^"]*"', "", (await ask(visitor, term)).text).replace(term, "")

    assert await said(RECIPIENT) == await said("customer-0000")


async def test_a_story_shows_every_fact_with_both_times_and_nothing_that_is_sealed(scene: Scene) -> None:
    visitor, key = await signed_in_anew(scene.service)
    page = await visitor.get(f"/audit/story/{scene.sms}")
    kinds = re.findall(r'data-type="([a-z_.]+)"', page.text)
    assert kinds.count("notification.planned") == kinds.count("attempt.accepted") == 2
    assert {"event.accepted", "consent.granted", "notification.held"} <= set(kinds)
    assert page.text.count('class="claimed" r="0.42em"') == kinds.count("event.accepted") + kinds.count(
        "consent.granted"
    )
    for secret in (PHONE, EMAIL, RECIPIENT, "Jan"):
        assert secret not in page.text
    assert await readings(scene.service, key) == []


async def test_fields_are_opened_with_a_reason_that_is_sealed_first(scene: Scene) -> None:
    service = scene.service
    visitor, key = await signed_in_anew(service)
    path = f"/audit/story/{scene.sms}"
    assert (await visitor.submit(path, {"reason": " "})).status_code == 422
    assert (await visitor.submit(path, {"reason": "x" * 1001})).status_code == 422
    assert await readings(service, key) == []
    page = await visitor.submit(path, {"reason": "sąd <rejonowy>"})
    assert page.status_code == 200
    assert f'data-field="contact">{PHONE}<' in page.text
    assert f'data-field="recipient">{RECIPIENT}<' in page.text
    assert "sąd &lt;rejonowy&gt;" in page.text
    assert await readings(service, key) == [("proof", "sąd <rejonowy>")]


class Typist:
    """Stands in for who draws and signs statements, which takes seconds: notes the language."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    async def issue(self, bundle: bytes, language: str) -> bytes:
        assert verify_bundle(bundle).exit_code == 3
        self.languages.append(language)
        return b"%PDF-1.7"


@pytest.fixture
def typist(service: Service) -> Iterator[Typist]:
    services, typist = service.services, Typist()
    service.app.state.services = replace(services, statements=typist)
    yield typist
    service.app.state.services = services


async def test_files_are_closed_without_a_reason_and_open_and_on_record_with_one(scene: Scene, typist: Typist) -> None:
    service = scene.service
    visitor, key = await signed_in_anew(service)
    closed = await visitor.submit(
        "/audit/proof", {"notification": scene.sms, "kind": "bundle"}, page=f"/audit/story/{scene.sms}"
    )
    assert closed.headers["content-disposition"] == f'attachment; filename="awizo-{scene.sms}.json"'
    assert verify_bundle(closed.content).exit_code == 3
    assert PHONE.encode() not in closed.content
    assert await readings(service, key) == []
    fields = {"notification": scene.sms, "kind": "bundle", "reason": "skarga"}
    opened = await visitor.submit("/audit/proof", fields, page=f"/audit/story/{scene.sms}")
    assert PHONE.encode() in opened.content
    packed = await visitor.submit("/audit/proof", {**fields, "kind": "pack"}, page=f"/audit/story/{scene.sms}")
    with ZipFile(BytesIO(packed.content)) as archive:
        assert {"bundle.json", "verify.sh", "statement.pdf"} <= set(archive.namelist())
    printed = await visitor.submit("/audit/proof", {**fields, "kind": "statement"}, page=f"/audit/story/{scene.sms}")
    assert (printed.content[:5], printed.headers["content-type"]) == (b"%PDF-", "application/pdf")
    assert typist.languages == ["pl", "pl"]
    assert await readings(service, key) == [("proof", "skarga")] * 3
    too_long = await visitor.submit("/audit/proof", {**fields, "reason": "x" * 1001}, page=f"/audit/story/{scene.sms}")
    assert too_long.status_code == 422


async def test_what_is_another_operators_looks_like_what_does_not_exist(scene: Scene) -> None:
    service = scene.service
    key = await service.token(Scope.PROOFS_READ, operators=[OTHER_OPERATOR])
    visitor = await signed_in(service, key)
    missing = (await visitor.get(f"/audit/story/{NO_ID}")).text.replace(NO_ID, "ID")
    for record in (scene.sms, scene.event):
        page = await visitor.get(f"/audit/story/{record}")
        assert (page.status_code, page.text.replace(record, "ID")) == (404, missing)
    assert (await visitor.get(f"/audit/proof/{scene.sms}")).status_code == 404
    form = form_token(await visitor.get("/audit"))
    fields = {"form": form, "notification": scene.sms, "kind": "bundle", "reason": "x", "term": scene.sms}
    for path in ("/audit/proof", f"/audit/story/{scene.sms}", "/audit/search"):
        assert (await visitor.post(path, fields)).status_code == 404, path
    chosen = await ask(visitor, SHIPMENT, operator=OPERATOR)
    assert "0075 9007 7341 2345 6789" not in chosen.text
    assert await readings(service, key.split("_")[1]) == []


async def test_a_key_of_several_operators_says_whose_name_it_is(scene: Scene) -> None:
    service = scene.service
    visitor = await signed_in(service, await service.token(Scope.PROOFS_READ, operators=[OPERATOR, OTHER_OPERATOR]))
    assert (await ask(visitor, SHIPMENT)).status_code == 422
    assert (await ask(visitor, SHIPMENT, operator="dhl")).status_code == 422
    assert (await ask(visitor, SHIPMENT, operator=OTHER_OPERATOR, reason="x")).status_code == 404
    assert (await ask(visitor, SHIPMENT, operator=OPERATOR)).status_code == 200
    assert (await ask(visitor, scene.sms)).status_code == 200


async def test_what_was_not_sent_is_shown_with_its_reason(service: Service) -> None:
    await service.register("customer-without-consent", agreed=False)
    event = fresh_event(id="unsent", data={"recipient": "customer-without-consent", "shipment": "UNSENT-1"})
    told = (await service.post(event)).json()["notifications"]

    async def published() -> bool:
        views = [(await service.get(f"/v1/notifications/{each['id']}")).json() for each in told]
        return all(view["facts"]["published"] == view["facts"]["total"] for view in views)

    await until(published)
    page = await ask(await signed_in(service), "UNSENT-1")
    assert page.text.count('data-type="notification.suppressed"') == 2
    assert page.text.count("Nie wysłano: nie było zgody") == 2
    assert page.text.count('class="mark problem"') == 2


async def test_an_item_of_which_nobody_was_told_has_a_story_too(service: Service) -> None:
    event = fresh_event(id="untold", data={"recipient": "nobody-knows-them", "shipment": "UNTOLD-1"})
    assert (await service.post(event)).json()["notifications"] == []
    page = await ask(await signed_in(service), "UNTOLD-1")
    assert page.status_code == 200
    assert page.text.count('data-type="event.accepted"') == 1


async def test_of_somebody_who_was_erased_the_story_is_told_without_what_was_sealed(service: Service) -> None:
    await service.register("customer-to-forget")
    event = fresh_event(id="forgotten", data={"recipient": "customer-to-forget", "shipment": "FORGOTTEN-1"})
    told = (await service.post(event)).json()["notifications"]
    visitor, key = await signed_in_anew(service)
    path = f"/audit/story/{told[0]['id']}"

    async def published() -> bool:
        return 'data-type="attempt.accepted"' in (await visitor.get(path)).text

    await until(published)
    answer = await service.client.delete(f"/v1/recipients/{OPERATOR}/customer-to-forget", headers=service.admin)
    assert answer.status_code == 204
    assert (await ask(visitor, "FORGOTTEN-1")).status_code == 422
    page = await visitor.submit(path, {"reason": "skarga"})
    assert page.status_code == 200
    assert 'data-type="attempt.accepted"' in page.text
    assert 'data-field="' not in page.text
    assert "FORGOTTEN-1" not in page.text
    assert await readings(service, key) == [("proof", "skarga")]


async def test_a_damaged_message_is_told_of_and_hides_no_other(scene: Scene) -> None:
    service = scene.service
    visitor = await signed_in(service)
    async with service.services.database.write() as tx:
        damaged = (facts.c.notification_id == UUID(scene.email)) & (facts.c.n == 0)
        (kept,) = (await tx.execute(select(facts.c.sealed).where(damaged))).scalars()
        await tx.execute(update(facts).where(damaged).values(sealed=bytes(60)))
    try:
        page = await visitor.get(f"/audit/story/{scene.sms}")
        assert page.text.count("jest uszkodzone") == 1
        assert page.text.count('data-type="attempt.started"') == 1
        assert (await visitor.get(f"/audit/proof/{scene.email}")).status_code == 409
    finally:
        async with service.services.database.write() as tx:
            await tx.execute(update(facts).where(damaged).values(sealed=kept))


async def test_while_the_log_needs_its_operator_nothing_personal_is_read(scene: Scene) -> None:
    service = scene.service
    visitor, key = await signed_in_anew(service)
    service.services.log_watch.fault = "the log is stuck"
    try:
        assert (await visitor.submit(f"/audit/story/{scene.sms}", {"reason": "x"})).status_code == 503
        assert (await ask(visitor, PHONE, reason="x")).status_code == 503
        assert (await visitor.get(f"/audit/story/{scene.sms}")).status_code == 200
    finally:
        service.services.log_watch.fault = None
    assert await readings(service, key) == []


async def test_the_page_is_small_and_runs_nothing_but_its_own_script(scene: Scene) -> None:
    visitor = await signed_in(scene.service)
    page = await visitor.get(f"/audit/story/{scene.sms}")
    begins = page.text.index('<script type="module">')
    style = [await visitor.get(href) for href in re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)]
    assert len(style) == 2
    assert begins + sum(len(each.content) for each in style) < 60_000
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["script-src"].startswith("'sha256-")
    assert (policy["default-src"], policy["connect-src"]) == ("'none'", "'self'")
    assert "unsafe" not in str(policy)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_an_event_about_an_area_leads_to_what_was_told_of_it(service: Service) -> None:
    visitor = await signed_in(service)
    for name in ("neighbour-1", "neighbour-2"):
        body = person() | {"post_codes": ["99-999"]}
        body["consents"] = [
            each | {"purpose": "incident"} for each in body["consents"] if each["purpose"] == "delivery"
        ]
        answer = await service.client.put(f"/v1/recipients/{OPERATOR}/{name}", json=body, headers=service.admin)
        assert answer.status_code == 201
    data = {"scope": {"post_codes": ["99-999"]}, "incident": "I-99"}
    incident = area_cloud_event("service_disruption", at=now() - timedelta(minutes=1), data=data)
    event = (await service.post(incident)).json()["event"]

    async def told() -> bool:
        kinds = re.findall(r'data-type="(notification\.[a-z]+)"', (await visitor.get(f"/audit/story/{event}")).text)
        return len([kind for kind in kinds if kind != "notification.closed"]) == 4

    await until(told)
    page = await visitor.get(f"/audit/story/{event}")
    assert "Bez numeru" in page.text
    assert page.text.count('data-type="event.accepted"') == 1
