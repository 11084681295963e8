"""What auditors find at their page, and what is put on record before anything personal is shown."""

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from app.domain.access import Scope
from app.evidence.verifier import verify_bundle
from app.rendering.statement_pdf.account import UnsoundBundleError
from app.storage.database import Tx
from app.storage.tables import facts
from app.usecases.read_story import Story, read_story
from app.web.audit import story as stories
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT, area_cloud_event
from tests.integration.api.auditors import NO_ID, ask, one_service, readings, signed_in, signed_in_anew
from tests.integration.api.browser import form_token
from tests.integration.api.scene import Scene, set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, now, person

# One running service for all: nothing here changes what another test sees, and what is on record is told by its key.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with one_service(tmp_path_factory.mktemp("audit")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(service: Service) -> Scene:
    return await set_scene(service)


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


async def test_whoever_comes_into_a_story_while_it_is_being_opened_is_put_on_record_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, key = await signed_in_anew(scene.service)

    async def of_nobody_at_first(tx: Tx, *given: Any, opened: Collection[str] | None, **proving: Any) -> Story:
        found = await read_story(tx, *given, opened=opened, **proving)
        return found if opened is None else replace(found, told=(), loose=())

    monkeypatch.setattr(stories, "read_story", of_nobody_at_first)
    page = await visitor.submit(f"/audit/story/{scene.sms}", {"reason": "sąd"})
    assert f'data-field="contact">{PHONE}<' in page.text
    assert await readings(scene.service, key) == [("proof", "sąd")] * 2


class Typist:
    """Stands in for who draws and signs statements, which takes seconds: notes the language."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    async def issue(self, bundle: bytes, language: str) -> bytes:
        assert verify_bundle(bundle).exit_code == 3
        self.languages.append(language)
        return b"%PDF-1.7"


class Refusing:
    """Stands in for it when the bundle is not sound."""

    async def issue(self, bundle: bytes, language: str) -> bytes:
        raise UnsoundBundleError("fact 0 is not in the log")


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


@pytest.mark.parametrize("kind", ["statement", "pack"])
async def test_no_paper_is_made_of_a_proof_that_does_not_hold(scene: Scene, kind: str) -> None:
    visitor = await signed_in(scene.service)
    services = scene.service.services
    scene.service.app.state.services = replace(services, statements=Refusing())
    try:
        fields = {"notification": scene.sms, "kind": kind}
        refused = await visitor.submit("/audit/proof", fields, page=f"/audit/story/{scene.sms}")
    finally:
        scene.service.app.state.services = services
    assert refused.status_code == 409
    assert "jest uszkodzone" in refused.text


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


@pytest.mark.parametrize("query", ["", "?lang=uk"])
async def test_the_page_names_proofs_and_keys_that_its_script_can_load(scene: Scene, query: str) -> None:
    visitor = await signed_in(scene.service)
    page = await visitor.get(f"/audit/story/{scene.sms}{query}")
    named = re.findall(r'data-(?:sources|keys)="([^"]*)"', page.text)
    addresses = [address for part in named for address in part.split()]
    assert len(addresses) == 5
    assert {(await visitor.client.get(address)).status_code for address in addresses} == {200}
