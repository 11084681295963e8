"""Access tokens of an issuer in place of API keys: the same doors open to them, and nothing when anything is wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.domain.access import Scope
from app.domain.access_token import ALL_OPERATORS, actor_of
from app.storage import facts as fact_store
from app.storage.tables import facts
from tests.builders import OPERATOR, RECIPIENT, SHIPMENT
from tests.doubles.issuer import Issuer
from tests.integration.api.browser import browser
from tests.integration.api.scene import Request, Scene, put_hold, set_scene
from tests.integration.api.service import BASE_URL, OTHER_OPERATOR, Service, bearer, fresh_event, now, open_service
from tests.integration.api.test_access import GUARDED, REPORTS
from tests.tokens import SUBJECT, Key, claims, header, key, token

# Who calls is decided before anything is read of a database, and the keys are tried on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ALL_SCOPES = [scope for scope in Scope if scope is not Scope.ADMIN]
NEW = key("key-2", "EdDSA")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer(key("key-1")) as running:
        yield running


@pytest.fixture
async def service(database_url: str, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Service]:
    async with open_service(database_url, tmp_path / "data", oidc_issuer=issuer.identifier) as opened:
        yield opened


@pytest.fixture
async def scene(service: Service) -> Scene:
    scene = await set_scene(service)
    assert (await (await put_hold(scene)).send(service.client, service.admin)).status_code == 200
    return scene


# which routes open


async def test_a_token_opens_exactly_what_its_scopes_and_operators_say(scene: Scene, issuer: Issuer) -> None:
    """Every route with tokens of every role. Without the claim a token names no operator; `*` is for administrators."""
    service = scene.service
    answered: dict[object, int] = {}
    expected: dict[object, int] = {}

    async def send(request: Request, presented: str, *role: object, status: int) -> None:
        answered[role] = (await request.send(service.client, bearer(presented))).status_code
        expected[role] = status

    forged = bad_tokens(issuer)["signed by somebody else"]
    requests = {route: await row.request(scene) for route, row in GUARDED.items()}
    for route, row in GUARDED.items():
        others = [scope for scope in ALL_SCOPES if scope not in row.scopes]
        await send(requests[route], forged, route, "forged", status=401)
        await send(requests[route], issuer.token(*others, operators=[OPERATOR]), route, "other scopes", status=403)
        await send(requests[route], issuer.token(operators=[OPERATOR]), route, "no scope", status=403)
        if route != REPORTS:
            for operators in ([OTHER_OPERATOR], [], None, [ALL_OPERATORS]):
                presented = issuer.token(*ALL_SCOPES, operators=operators)
                await send(requests[route], presented, route, str(operators), status=row.foreign)
            of_nobody = issuer.token("admin", operators=None)
            await send(requests[route], of_nobody, route, "admin of nobody", status=row.foreign)
    for route, row in GUARDED.items():
        for scope in row.scopes:
            presented = issuer.token(scope, operators=[OPERATOR])
            await send(await row.request(scene), presented, route, scope, status=row.good)
    assert answered == expected


async def test_a_list_has_only_what_is_of_operators_that_the_token_names(scene: Scene, issuer: Issuer) -> None:
    listed = {}
    for scope, operators in (
        *(("proofs:read", operators) for operators in ([OPERATOR], [OTHER_OPERATOR], None, [ALL_OPERATORS])),
        *(("admin", operators) for operators in ([OPERATOR], [OTHER_OPERATOR], None, [ALL_OPERATORS])),
    ):
        headers = bearer(issuer.token(scope, operators=operators))
        answer = await scene.service.client.get("/v1/notifications", headers=headers)
        search = await scene.service.client.post("/v1/notifications/search", json={}, headers=headers)
        listed[scope, str(operators)] = len(answer.json()["items"]), len(search.json()["items"])
    seeing = {("proofs:read", f"['{OPERATOR}']"), ("admin", f"['{OPERATOR}']"), ("admin", "['*']")}
    assert listed == {role: (3, 3) if role in seeing else (0, 0) for role in listed}


# what is worth nothing


def bad_tokens(issuer: Issuer) -> dict[str, str]:
    """Tokens of which everything would be in order but for one thing."""
    signer = issuer.keys[0]
    good = claims("admin", now=now(), operators=[ALL_OPERATORS], iss=issuer.identifier)
    stranger = Key(name=signer.name, algorithm=signer.algorithm, private=key("stranger").private)
    head, body, signature = token(signer, good).split(".")
    lately = int((now() - timedelta(minutes=2)).timestamp())
    return {
        "signed by somebody else": token(stranger, good),
        "unknown key": token(key("unknown"), good),
        "no signature": f"{head}.{body}.",
        "no algorithm": token(signer, good, header(signer, alg="none")),
        "HMAC": token(signer, good, header(signer, alg="HS256")),
        "an ID token": token(signer, good, header(signer, typ="JWT")),
        "its own key": token(signer, good, header(signer, jwk=signer.jwk())),
        "another issuer": token(signer, {**good, "iss": issuer.identifier + "/"}),
        "another audience": token(signer, {**good, "aud": "https://elsewhere.example"}),
        "expired": token(signer, {**good, "iat": lately, "exp": lately + 60}),
        "not yet": token(signer, {**good, "nbf": lately + 3600, "exp": lately + 7200}),
        "too long": token(signer, {**good, "exp": lately + 90_000}),
        "two keys in one": f"{head}.{body}.{signature}, {head}.{body}.{signature}",
        "said twice": token(signer, json.dumps(good).encode()[:-1] + b', "sub": "another"}'),
        "no object": token(signer, b"[]"),
        "large": token(signer, {**good, "padding": "x" * 9000}),
    }


async def test_a_token_with_anything_wrong_is_answered_like_a_bad_key(service: Service, issuer: Issuer) -> None:
    client = service.client
    bad_key = await client.get("/v1/notifications", headers=bearer(f"awz_{'0' * 16}_{'A' * 43}"))
    for name, presented in bad_tokens(issuer).items():
        answer = await client.get("/v1/notifications", headers=bearer(presented))
        assert (name, answer.status_code) == (name, 401)
        assert (answer.content, dict(answer.headers)) == (bad_key.content, dict(bad_key.headers))
    assert bad_key.headers["www-authenticate"] == "Bearer"


async def test_a_token_counts_in_the_header_only(service: Service, issuer: Issuer) -> None:
    presented = issuer.token("admin", operators=[ALL_OPERATORS])
    assert (await service.client.get("/v1/notifications", headers=bearer(presented))).status_code == 200
    for answer in (
        await service.client.get("/v1/notifications", params={"access_token": presented}),
        await service.client.get("/v1/notifications", headers={"Cookie": f"access_token={presented}"}),
        await service.client.get("/v1/notifications", headers={"Authorization": f"DPoP {presented}"}),
        await service.client.post("/v1/notifications/search", data={"access_token": presented}),
    ):
        assert answer.status_code == 401


async def test_without_an_issuer_no_token_counts(database_url: str, tmp_path: Path, issuer: Issuer) -> None:
    async with open_service(database_url, tmp_path / "data") as service:
        presented = issuer.token("admin", operators=[ALL_OPERATORS])
        assert (await service.client.get("/v1/notifications", headers=bearer(presented))).status_code == 401
    assert issuer.asked == []


async def test_the_audience_can_be_set(database_url: str, tmp_path: Path, issuer: Issuer) -> None:
    settings = {"oidc_issuer": issuer.identifier, "oidc_audience": "awizo-api"}
    async with open_service(database_url, tmp_path / "data", **settings) as service:
        for audience, status in (("awizo-api", 200), (BASE_URL, 401)):
            presented = issuer.token("proofs:read", operators=[OPERATOR], aud=audience)
            assert (await service.client.get("/v1/notifications", headers=bearer(presented))).status_code == status


# what is kept of it


async def actors(service: Service) -> set[str]:
    """Who read, by the facts of it."""
    async with service.services.database.read() as tx:
        ids = list((await tx.execute(select(facts.c.id).where(facts.c.type == "access.read"))).scalars())
        return {json.loads(each.document)["data"]["actor"] for each in (await fact_store.by_ids(tx, ids)).values()}


async def test_facts_name_who_acted_by_a_hash_that_is_the_same_from_token_to_token(
    service: Service, issuer: Issuer
) -> None:
    await service.register()
    for number in range(2):
        headers = bearer(issuer.token("proofs:read", operators=[OPERATOR], jti=f"token-{number}"))
        wanted = {"operator": OPERATOR, "recipient": RECIPIENT, "reason": "a complaint"}
        answer = await service.client.post("/v1/notifications/search", json=wanted, headers=headers)
        assert answer.status_code == 200
    assert await actors(service) == {actor_of(issuer.identifier, SUBJECT)}


# the issuer's keys


async def test_keys_of_the_issuer_can_change_without_a_gap(
    service: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.usecases.issuer_keys.SPACING", timedelta(0))

    async def status(presented: str) -> int:
        return (await service.client.get("/v1/notifications", headers=bearer(presented))).status_code

    before = issuer.token("proofs:read", operators=[OPERATOR])
    assert await status(before) == 200
    issuer.keys = (NEW, *issuer.keys)
    assert await status(issuer.token("proofs:read", operators=[OPERATOR])) == 200
    assert await status(before) == 200
    issuer.keys = (NEW,)
    monkeypatch.setattr("app.usecases.issuer_keys.FRESH", timedelta(0))
    assert await status(before) == 401
    assert await status(issuer.token("proofs:read", operators=[OPERATOR])) == 200


async def test_a_thousand_tokens_with_unknown_keys_fetch_little(service: Service, issuer: Issuer) -> None:
    given = claims("admin", now=now(), operators=[ALL_OPERATORS], iss=issuer.identifier)
    signer = key("key-1")
    presented = [token(signer, given, header(signer, kid=f"unknown-{number}")) for number in range(1000)]
    assert await asyncio.gather(*map(service.services.keyring.caller, presented)) == [None] * 1000
    assert len(issuer.asked) == 2  # its metadata and its keys, once
    good = bearer(issuer.token("proofs:read", operators=[OPERATOR]))
    assert (await service.client.get("/v1/notifications", headers=good)).status_code == 200
    assert len(issuer.asked) == 2


async def test_an_issuer_that_is_away_at_the_start_keeps_nothing_else_from_working(
    database_url: str, tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.usecases.issuer_keys.SPACING", timedelta(0))
    issuer.is_away = True
    async with open_service(database_url, tmp_path / "data", oidc_issuer=issuer.identifier) as service:
        headers = bearer(issuer.token("proofs:read", operators=[OPERATOR]))
        assert (await service.client.get("/v1/notifications", headers=headers)).status_code == 401
        assert (await service.get("/v1/notifications")).status_code == 200
        assert (await service.client.get("/readyz")).status_code == 200
        issuer.is_away = False
        assert (await service.client.get("/v1/notifications", headers=headers)).status_code == 200


async def test_an_issuer_that_goes_away_leaves_its_last_keys(
    service: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(issuer.token("proofs:read", operators=[OPERATOR]))
    assert (await service.client.get("/v1/notifications", headers=headers)).status_code == 200
    for name in ("SPACING", "FRESH"):
        monkeypatch.setattr(f"app.usecases.issuer_keys.{name}", timedelta(0))
    issuer.is_away = True
    assert (await service.client.get("/v1/notifications", headers=headers)).status_code == 200
    assert len(issuer.asked) > 2
    assert (await service.client.get("/readyz")).status_code == 200
    monkeypatch.setattr("app.usecases.issuer_keys.KEPT", timedelta(0))
    assert (await service.client.get("/v1/notifications", headers=headers)).status_code == 401


# the page of auditors


async def test_a_token_opens_an_auditors_session_that_ends_with_it(
    service: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = browser(service)
    signed = await visitor.post("/audit/sign-in", {"key": issuer.token("proofs:read", operators=[OPERATOR])})
    assert (signed.status_code, signed.headers["location"]) == (303, "/audit")
    assert actor_of(issuer.identifier, SUBJECT) in (await visitor.get("/audit")).text
    monkeypatch.setattr("app.domain.access_token.LEEWAY", timedelta(minutes=-6))  # as it is six minutes later
    assert actor_of(issuer.identifier, SUBJECT) not in (await visitor.get("/audit")).text


async def test_a_token_for_no_operator_finds_nothing_on_the_page_of_auditors(service: Service, issuer: Issuer) -> None:
    await service.register()
    await service.post(fresh_event())
    pages = {}
    for name, operators in {"own": [OPERATOR], "none": None}.items():
        visitor = browser(service)
        await visitor.post("/audit/sign-in", {"key": issuer.token("proofs:read", operators=operators)})
        pages[name] = await visitor.submit("/audit/search", {"term": SHIPMENT}, page="/audit")
    assert pages["own"].url.path.startswith("/audit/story/")
    assert pages["own"].status_code == 200
    assert pages["none"].url.path == "/audit/search"
    assert pages["none"].status_code < 500


async def test_a_bad_token_opens_no_auditors_session(service: Service, issuer: Issuer) -> None:
    for presented in bad_tokens(issuer).values():
        answer = await browser(service).post("/audit/sign-in", {"key": presented})
        assert answer.status_code == 422
        assert "set-cookie" not in answer.headers
