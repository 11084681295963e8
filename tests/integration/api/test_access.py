"""Who may call what: every route of the application with every kind of key, on both databases."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import exists, select

from app.domain.access import Scope
from app.domain.notification import Status
from app.main import create_app
from app.storage import api_keys
from app.storage.tables import notifications, stays
from app.usecases.check_credentials import REMEMBERED_SECONDS
from tests.builders import OPERATOR, RECIPIENT, SHIPMENT
from tests.integration.api import support_scene
from tests.integration.api.scene import (
    Request,
    Scene,
    delete_export,
    delete_hold,
    delete_person,
    get,
    get_export,
    get_export_file,
    hand_in_report,
    post_bind,
    post_event,
    post_export,
    post_search,
    post_session,
    put_hold,
    put_person,
    set_scene,
    until,
)
from tests.integration.api.service import OTHER_OPERATOR, Service, bearer, now
from tests.integration.api.webhook_scene import of_webhook, post_webhook, replay_webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A route that needs a key: `good` with a right one, `foreign` with another operator's."""

    scopes: frozenset[Scope]
    good: int
    foreign: int
    request: Callable[[Scene], Awaitable[Request]]


def guarded(
    *scopes: Scope, good: int = 200, foreign: int = 404, request: Callable[[Scene], Awaitable[Request]]
) -> Guarded:
    return Guarded(scopes=frozenset(scopes), good=good, foreign=foreign, request=request)


_PERSON = "/v1/recipients/{operator}/{recipient}"
_COMPLAINTS = "/v1/shipments/{operator}/{shipment}/complaints"
# A report on somebody else's message is answered alike and kept apart (test_mail_callback): what it says may be true.
REPORTS = ("POST", "/v1/callbacks/email/dsn")
GUARDED = {
    ("POST", "/v1/events"): guarded(Scope.EVENTS_WRITE, good=202, foreign=403, request=post_event),
    ("GET", "/v1/events/{event}"): guarded(Scope.EVENTS_WRITE, request=get(lambda scene: f"/v1/events/{scene.event}")),
    ("PUT", _PERSON): guarded(Scope.RECIPIENTS_WRITE, foreign=403, request=put_person),
    ("GET", _PERSON): guarded(
        Scope.RECIPIENTS_WRITE,
        Scope.SHIPMENTS_READ,
        foreign=403,
        request=get(lambda _: f"/v1/recipients/{OPERATOR}/{RECIPIENT}"),
    ),
    ("DELETE", _PERSON): guarded(Scope.RECIPIENTS_WRITE, good=204, foreign=403, request=delete_person),
    ("POST", f"{_PERSON}/bind"): guarded(Scope.RECIPIENTS_WRITE, good=201, foreign=403, request=post_bind),
    ("POST", f"{_PERSON}/session"): guarded(Scope.RECIPIENTS_WRITE, good=201, foreign=403, request=post_session),
    ("PUT", f"{_PERSON}/hold"): guarded(Scope.SUPPORT_WRITE, foreign=403, request=put_hold),
    ("GET", f"{_PERSON}/hold"): guarded(
        Scope.SUPPORT_WRITE, foreign=403, request=get(lambda _: f"/v1/recipients/{OPERATOR}/{RECIPIENT}/hold")
    ),
    ("DELETE", f"{_PERSON}/hold"): guarded(Scope.SUPPORT_WRITE, good=204, foreign=403, request=delete_hold),
    ("GET", f"{_PERSON}/export"): guarded(
        Scope.RECIPIENTS_WRITE, foreign=403, request=get(lambda _: f"/v1/recipients/{OPERATOR}/{RECIPIENT}/export")
    ),
    ("GET", f"{_PERSON}/consents"): guarded(
        Scope.RECIPIENTS_WRITE, foreign=403, request=get(lambda _: f"/v1/recipients/{OPERATOR}/{RECIPIENT}/consents")
    ),
    ("GET", "/v1/shipments/{operator}/{shipment}"): guarded(
        Scope.SHIPMENTS_READ, request=get(lambda _: f"/v1/shipments/{OPERATOR}/{SHIPMENT}")
    ),
    ("GET", "/v1/shipments/{operator}/{shipment}/statement"): guarded(
        Scope.PROOFS_READ, request=get(lambda _: f"/v1/shipments/{OPERATOR}/{SHIPMENT}/statement")
    ),
    ("GET", "/v1/stats"): guarded(Scope.SHIPMENTS_READ, request=get(lambda _: f"/v1/stats?operator={OPERATOR}")),
    ("GET", "/v1/notifications"): guarded(
        Scope.SHIPMENTS_READ, Scope.PROOFS_READ, foreign=200, request=get(lambda _: "/v1/notifications")
    ),
    ("GET", "/v1/notifications/{id}"): guarded(
        Scope.SHIPMENTS_READ, Scope.PROOFS_READ, request=get(lambda scene: f"/v1/notifications/{scene.sms}")
    ),
    ("GET", "/v1/notifications/{id}/proof"): guarded(
        Scope.PROOFS_READ, request=get(lambda scene: f"/v1/notifications/{scene.sms}/proof")
    ),
    ("POST", "/v1/notifications/search"): guarded(
        Scope.SHIPMENTS_READ, Scope.PROOFS_READ, foreign=403, request=post_search
    ),
    ("POST", "/v1/audit/exports"): guarded(Scope.PROOFS_READ, good=202, foreign=403, request=post_export),
    ("GET", "/v1/audit/exports/{export}"): guarded(Scope.PROOFS_READ, request=get_export),
    ("GET", "/v1/audit/exports/{export}/file"): guarded(Scope.PROOFS_READ, request=get_export_file),
    ("DELETE", "/v1/audit/exports/{export}"): guarded(Scope.PROOFS_READ, good=204, request=delete_export),
    ("POST", "/v1/webhooks"): guarded(Scope.WEBHOOKS_WRITE, good=201, foreign=403, request=post_webhook),
    ("GET", "/v1/webhooks"): guarded(
        Scope.WEBHOOKS_WRITE, foreign=403, request=get(lambda _: f"/v1/webhooks?operator={OPERATOR}")
    ),
    ("GET", "/v1/webhooks/events"): guarded(
        Scope.WEBHOOKS_WRITE, foreign=403, request=get(lambda _: f"/v1/webhooks/events?operator={OPERATOR}")
    ),
    ("GET", "/v1/webhooks/{id}"): guarded(Scope.WEBHOOKS_WRITE, request=of_webhook("GET")),
    ("DELETE", "/v1/webhooks/{id}"): guarded(Scope.WEBHOOKS_WRITE, good=204, request=of_webhook("DELETE")),
    ("POST", "/v1/webhooks/{id}/secret"): guarded(Scope.WEBHOOKS_WRITE, request=of_webhook("POST", "/secret")),
    ("POST", "/v1/webhooks/{id}/test"): guarded(Scope.WEBHOOKS_WRITE, good=202, request=of_webhook("POST", "/test")),
    ("POST", "/v1/webhooks/{id}/enable"): guarded(
        Scope.WEBHOOKS_WRITE, request=of_webhook("POST", "/enable", {"from": "stopped"})
    ),
    ("POST", "/v1/webhooks/{id}/replay"): guarded(Scope.WEBHOOKS_WRITE, request=replay_webhook),
    ("POST", "/v1/notifications/release"): guarded(Scope.SUPPORT_WRITE, foreign=200, request=support_scene.release),
    ("POST", "/v1/notifications/{id}/resend"): guarded(Scope.SUPPORT_WRITE, request=support_scene.resend),
    ("POST", f"{_PERSON}/contacts/correct"): guarded(Scope.SUPPORT_WRITE, request=support_scene.correct),
    ("POST", _COMPLAINTS): guarded(Scope.SUPPORT_WRITE, request=support_scene.attach),
    ("POST", f"{_COMPLAINTS}/{{reference}}/answered"): guarded(Scope.SUPPORT_WRITE, request=support_scene.answer),
    ("GET", "/v1/complaints"): guarded(
        Scope.SUPPORT_WRITE, Scope.SHIPMENTS_READ, request=get(lambda _: f"/v1/complaints?operator={OPERATOR}")
    ),
    REPORTS: guarded(Scope.RECEIPTS_WRITE, good=204, foreign=204, request=hand_in_report),
}
# Routes whose authority is not a key: public ones (the log, unless AWIZO_LOG_PUBLIC says no: see test_published_log),
# a person's session (see test_preferences_sessions), a link's token, a provider's signature.
_BOTH = (
    *(
        "/sign-in/{code:uuid}",
        "/again",
        "/again/{code:uuid}",
        "/whose",
        "/messages",
        "/agree",
        "/quiet",
        "/pause",
        "/wording",
    ),
    *("/contacts", "/code"),
    *("/confirm/{code:uuid}", "/data", "/erase", "/link/{token}", "/join", "/bind-code", "/{rest:path}"),
)
_PAGES = ("", *_BOTH, "/sent", "/sent/{notification:uuid}/proof")
_FORMS = (*_BOTH, "/sign-in", "/sign-out", "/contacts/return", "/contacts/remove")
_AUDIT = ("", "/search", "/story/{record:uuid}", "/proof/{notification:uuid}", "/{rest:path}")
_AUDIT_FORMS = ("/sign-in", "/sign-out", "/search", "/story/{record:uuid}", "/proof", "/{rest:path}")
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/openapi.yaml"),
    ("GET", "/v1/consent-texts"),
    *(
        (method, f"/log{shard}/{what}")
        for method in ("GET", "HEAD")
        for shard in ("", "/{shard}")
        for what in ("checkpoint", "vkey", "opening.json", "tile/{tile:path}")
    ),
    ("GET", "/status"),
    ("HEAD", "/status"),
    ("GET", "/verify"),
    ("HEAD", "/verify"),
    ("GET", "/static/{name}"),
    ("HEAD", "/static/{name}"),
    *((method, f"/preferences{page}") for method in ("GET", "HEAD") for page in _PAGES),
    *(("POST", f"/preferences{form}") for form in _FORMS),
    # An auditor's page is opened by a key, in a form of its own: see test_audit_page.
    *((method, f"/audit{page}") for method in ("GET", "HEAD") for page in _AUDIT),
    *(("POST", f"/audit{form}") for form in _AUDIT_FORMS),
    ("GET", "/u/{token}"),
    ("HEAD", "/u/{token}"),
    ("POST", "/u/{token}"),
    *((method, f"/n/{{token}}{file}") for method in ("GET", "HEAD") for file in ("", "/calendar.ics")),
    ("POST", "/n/{token}"),
    ("POST", "/v1/callbacks/twilio/status"),
    ("POST", "/v1/callbacks/twilio/inbound"),
    ("GET", "/v1/callbacks/smsapi/status"),
    ("POST", "/v1/callbacks/smsapi/status"),
    ("GET", "/v1/callbacks/gateway/status"),
    ("POST", "/v1/callbacks/gateway/status"),
}


def routes() -> Iterator[tuple[tuple[str, str], frozenset[Scope]]]:
    """Every method and path of the application, with the scopes that its dependencies ask for."""
    for context in iter_route_contexts(create_app().routes):
        for method in context.methods or ():
            yield (method, context.path or ""), frozenset(_scopes(getattr(context, "dependant", None)))


def _scopes(dependant: Any) -> Iterator[Scope]:
    if dependant is not None:
        yield from getattr(dependant.call, "scopes", ())
        for each in dependant.dependencies:
            yield from _scopes(each)


def test_every_route_is_listed_here_with_the_scopes_that_it_asks_for() -> None:
    listed = {route: row.scopes for route, row in GUARDED.items()} | dict.fromkeys(OPEN, frozenset())
    assert dict(routes()) == listed


def test_no_route_is_listed_as_open_and_guarded() -> None:
    assert not OPEN & GUARDED.keys()


@pytest.fixture
async def scene(service: Service) -> Scene:
    scene = await set_scene(service)
    answer = await (await put_hold(scene)).send(service.client, service.admin)
    assert answer.status_code == 200
    return scene


async def bad_keys(service: Service) -> dict[str, dict[str, str]]:
    """Headers that must be as good as none, all made of keys that would otherwise do."""
    live = await service.token(Scope.ADMIN, operators=())
    expired = await service.token(Scope.ADMIN, operators=(), expires_at=now() - timedelta(seconds=1))
    revoked = await service.token(Scope.ADMIN, operators=())
    async with service.services.database.write() as tx:
        assert await api_keys.revoke(tx, revoked.split("_")[1], now=now())
    _, key_id, secret = live.split("_", 2)
    headers = {
        "empty": "",
        "scheme only": "Bearer",
        "scheme and space": "Bearer ",
        "garbage": "Bearer garbage",
        "no scheme": live,
        "another scheme": f"Basic {live}",
        "a key's id alone": f"Bearer awz_{key_id}",
        "wrong secret": f"Bearer awz_{key_id}_{'A' * 43}",
        "secret of another": f"Bearer awz_{key_id}_{revoked.split('_', 2)[2]}",
        "unknown id": f"Bearer awz_{'0' * 16}_{secret}",
        "id in upper case": f"Bearer awz_{'A' * 16}_{secret}",
        "something after it": f"Bearer {live}A",
        "twice": f"Bearer {live}, Bearer {live}",
        "NUL": f"Bearer awz_{key_id}_{secret[:-1]}\0",
        "very long": "Bearer " + "a" * 60_000,
        "a JWT without algorithm": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        "expired": f"Bearer {expired}",
        "revoked": f"Bearer {revoked}",
    }
    return {"none": {}} | {name: {"Authorization": value} for name, value in headers.items()}


async def test_without_a_live_key_every_guarded_route_is_401_and_looks_the_same(scene: Scene) -> None:
    wrong = []
    for name, key in (await bad_keys(scene.service)).items():
        for route, row in GUARDED.items():
            answer = await (await row.request(scene)).send(scene.service.client, key)
            if answer.status_code != 401 or answer.headers["www-authenticate"] != "Bearer":
                wrong.append((name, route, answer.status_code))
            assert answer.json()["detail"] == "A valid API key or access token is needed"
    assert wrong == []


async def test_a_key_with_one_scope_opens_exactly_the_routes_that_name_it(scene: Scene) -> None:
    answered, expected = {}, {}
    for scope in set(Scope) - {Scope.ADMIN}:
        key = await scene.service.key(scope)
        for route, row in GUARDED.items():
            answer = await (await row.request(scene)).send(scene.service.client, key)
            answered[scope, route] = answer.status_code
            expected[scope, route] = row.good if scope in row.scopes else 403
    assert answered == expected


async def test_an_admin_of_all_operators_may_do_everything(scene: Scene) -> None:
    answers = {
        route: await (await row.request(scene)).send(scene.service.client, scene.service.admin)
        for route, row in GUARDED.items()
    }
    assert {route: each.status_code for route, each in answers.items()} == {
        route: row.good for route, row in GUARDED.items()
    }
    # Where there is no body, none is announced (RFC 9110 section 15.3.5).
    assert [
        route for route, each in answers.items() if each.status_code == 204 and "content-type" in each.headers
    ] == []


async def nothing_is_due(service: Service) -> bool:
    """Whether all that was set off has been planned and sent."""
    due = stays.c.review_at <= service.services.surroundings.clock()
    under_way = notifications.c.status.in_((Status.QUEUED, Status.SENDING))
    async with service.services.database.read() as tx:
        return not any([(await tx.execute(select(exists().where(each)))).scalar_one() for each in (due, under_way)])


@pytest.mark.parametrize("scopes", [[Scope.ADMIN], [scope for scope in Scope if scope is not Scope.ADMIN]])
async def test_another_operators_key_reaches_nothing_whatever_its_scopes(scene: Scene, scopes: list[Scope]) -> None:
    key = await scene.service.key(*scopes, operators=(OTHER_OPERATOR,))
    requests = {
        route: await row.request(scene) for route, row in GUARDED.items() if route[0] != "DELETE" and route != REPORTS
    }
    await until(partial(nothing_is_due, scene.service))
    before = await scene.service.counts()
    answered = {
        route: (await request.send(scene.service.client, key)).status_code for route, request in requests.items()
    }
    assert answered == {route: GUARDED[route].foreign for route in answered}
    assert await scene.service.counts() == before
    erase = await delete_person(scene)
    assert (await erase.send(scene.service.client, key)).status_code == 403
    assert (await scene.service.get(erase.path)).status_code == 200


async def test_an_id_of_one_kind_is_nothing_on_the_routes_of_another(scene: Scene) -> None:
    paths = [
        f"/v1/events/{scene.sms}",
        f"/v1/notifications/{scene.event}",
        f"/v1/notifications/{scene.event}/proof",
    ]
    assert [(await scene.service.get(path)).status_code for path in paths] == [404] * 3


async def test_a_list_holds_only_what_belongs_to_the_keys_operators(scene: Scene) -> None:
    service = scene.service
    other = await service.key(Scope.SHIPMENTS_READ, operators=(OTHER_OPERATOR,))
    both = await service.key(Scope.SHIPMENTS_READ, operators=(OPERATOR, OTHER_OPERATOR))
    listed = {
        name: (await service.client.get("/v1/notifications", headers=key)).json()["items"]
        for name, key in {"other": other, "both": both, "all": service.admin}.items()
    }
    assert listed["other"] == []
    assert [item["id"] for item in listed["both"]] == [scene.reminder, scene.email, scene.sms]
    assert listed["all"] == listed["both"]


@pytest.mark.parametrize("named", ["recipient", "shipment"])
async def test_another_operators_names_find_nothing_under_ones_own_operator(scene: Scene, named: str) -> None:
    key = await scene.service.key(Scope.SHIPMENTS_READ, operators=(OTHER_OPERATOR,))
    (item,) = (await scene.service.get("/v1/notifications", channel="sms")).json()["items"]
    name = item["shipments"][0] if named == "shipment" else item["recipient"]
    found = await scene.service.client.get(
        "/v1/notifications", params={"operator": OTHER_OPERATOR, named: name}, headers=key
    )
    refused = await scene.service.client.get(
        "/v1/notifications", params={"operator": OPERATOR, named: name}, headers=key
    )
    assert found.json() == {"items": [], "next": None}
    assert refused.status_code == 403


async def test_a_revoked_key_stops_working_within_two_seconds(service: Service) -> None:
    token = await service.token(Scope.PROOFS_READ)
    assert (await service.client.get("/v1/notifications", headers=bearer(token))).status_code == 200
    async with service.services.database.write() as tx:
        assert await api_keys.revoke(tx, token.split("_")[1], now=now())

    async def refused() -> bool:
        return (await service.client.get("/v1/notifications", headers=bearer(token))).status_code == 401

    await until(refused, seconds=REMEMBERED_SECONDS + 1)
