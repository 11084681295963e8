"""Auditors at their page: who gets in, and until when."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from app.domain.access import Caller, Scope
from app.storage import api_keys
from app.storage.tables import quotas, sessions
from app.usecases.guard_sign_in import WRONG_SECRETS_MAX
from tests.builders import OPERATOR, SHIPMENT
from tests.integration.api.auditors import COOKIE, NO_ID, one_service, session_of, signed_in
from tests.integration.api.browser import browser, form_token
from tests.integration.api.service import Service, now

# One running service for all: nothing here changes what another test sees, and what is on record is told by its key.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with one_service(tmp_path_factory.mktemp("audit")) as opened:
        yield opened


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
    right = await visitor.post("/audit/sign-in", {"key": key})
    assert (right.status_code, right.headers["retry-after"]) == (429, "3600")
    assert (
        await service.client.get("/v1/notifications", headers={"Authorization": f"Bearer {key}"})
    ).status_code == 200
    clock(hours=1)
    assert (await visitor.post("/audit/sign-in", {"key": key})).status_code == 303


async def test_keys_that_nobody_has_leave_nothing_in_the_database_however_many_are_tried(service: Service) -> None:
    async def counted() -> int:
        async with service.services.database.read() as tx:
            rows: int = (await tx.execute(select(func.count()).select_from(quotas))).scalar_one()
        return rows

    before, visitor = await counted(), browser(service)
    for number in range(WRONG_SECRETS_MAX + 5):
        answer = await visitor.post("/audit/sign-in", {"key": f"awz_{number:016x}_{'A' * 43}"})
        assert answer.status_code == 422
    assert await counted() == before


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


@pytest.mark.parametrize("path", ["nowhere", "story/01a20056", "proof/x", "sign-in", "sign-out", "proof", "story/"])
async def test_an_address_that_leads_nowhere_is_a_page_for_people(service: Service, path: str) -> None:
    visitor = await signed_in(service)
    answer = await visitor.client.get(f"/audit/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


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
