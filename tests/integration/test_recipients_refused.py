"""`/v1/recipients/{operator}/{recipient}` over HTTP, on both databases: what it refuses, and to whom."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from app.api.recipients import BODY_BYTES_MAX
from app.domain.access import Scope
from app.ports import Surroundings
from app.storage.database import Database
from tests.builders import OPERATOR
from tests.integration.recipients_service import CONTRACT_EXAMPLE, PLACE, Api, recipients_api


@pytest.fixture
async def api(database: Database, surroundings: Surroundings) -> AsyncIterator[Api]:
    async with recipients_api(database, surroundings) as opened:
        yield opened


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_every_fault_of_a_body_is_listed_at_its_place(api: Api) -> None:
    body = {
        "language": "de",
        "time_zone": "Europe/Nowhere",
        "post_codes": ["03-729", "?"],
        "contact_points": [
            {"channel": "sms", "value": "+48221234567"},
            {"channel": "sms", "value": "600100200"},
            {"channel": "email", "value": "jan@"},
            {"channel": "fax", "value": "1"},
            {"channel": "sms", "value": "+48600100200", "verified": "yes"},
        ],
        "consents": [
            {"channel": "sms", "purpose": "service", "granted": True, "at": "2026-11-01", "method": "a b"},
            {"channel": "sms", "purpose": "delivery", "granted": True, "at": "2026-11-23T11:30:00Z", "method": "x"},
            {},
        ],
        "quiet_hours": {"from": "8:00", "to": "24:00"},
    }
    assert pointers(await api.put(body)) == [
        "/language",
        "/time_zone",
        "/post_codes/1",
        "/contact_points/0/value",
        "/contact_points/1/value",
        "/contact_points/2/value",
        "/contact_points/3/channel",
        "/contact_points/4/verified",
        "/consents/0/purpose",
        "/consents/0/at",
        "/consents/0/method",
        "/consents/1/at",
        "/consents/2/channel",
        "/consents/2/purpose",
        "/consents/2/granted",
        "/consents/2/at",
        "/consents/2/method",
        "/quiet_hours/from",
        "/quiet_hours/to",
    ]


async def test_what_is_said_twice_in_one_body_is_refused(api: Api) -> None:
    contact = {"channel": "email", "value": "jan@EXAMPLE.com"}
    consent = CONTRACT_EXAMPLE["consents"][0]
    body = {
        "post_codes": ["03-729", "03-729"],
        "contact_points": [contact, contact | {"value": "jan@example.com", "verified": True}],
        "consents": [
            consent,
            consent | {"at": "2026-11-01T09:00:00Z", "granted": False},
            consent | {"channel": "email"},
        ],
    }
    assert pointers(await api.put(body)) == ["/post_codes/1", "/contact_points/1", "/consents/1"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({"unknown": 1}, ""),
        ({"contact_points": [{"channel": "sms", "value": "+48600100200"}] * 21}, "/contact_points"),
        ({"consents": CONTRACT_EXAMPLE["consents"] * 61}, "/consents"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"contact_points": [{"channel": "email", "value": "żółw@example.com"}]}, "/contact_points/0/value"),
        ({"contact_points": [{"channel": "email", "value": '"a b"@example.com'}]}, "/contact_points/0/value"),
        ({"contact_points": [{"channel": "email", "value": "a@example.com\r\nBcc: b"}]}, "/contact_points/0/value"),
        ({"contact_points": [{"channel": "email", "value": "a@[127.0.0.1]"}]}, "/contact_points/0/value"),
        ({"quiet_hours": {"from": "20:00", "to": "20:00"}}, "/quiet_hours"),
        ({"contact_points": None}, "/contact_points"),
        ({"letters": "emoji"}, "/letters"),
        ({"safety_phrase": ""}, "/safety_phrase"),
        ({"safety_phrase": "482913"}, "/safety_phrase"),
        ({"safety_phrase": "www.example.com"}, "/safety_phrase"),
        ({"safety_phrase": 5}, "/safety_phrase"),
    ],
)
async def test_a_body_outside_of_the_model_is_refused_at_its_place(api: Api, body: object, pointer: str) -> None:
    assert pointers(await api.put(body)) == [pointer]


async def test_international_domains_are_kept_in_ascii_and_the_local_part_as_written(api: Api) -> None:
    answer = await api.put({"contact_points": [{"channel": "email", "value": "Jan@ŻÓŁW.pl"}]})
    assert answer.json()["contact_points"][0]["value"] == "Jan@xn--w-uga1v8h.pl"


async def test_a_refusal_never_repeats_what_was_sent(api: Api) -> None:
    canary = "+48221234567"
    body = {"contact_points": [{"channel": "sms", "value": canary}], canary: canary, "language": canary}
    assert canary not in (await api.put(body)).text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"language": "pl", "language": "en"}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * BODY_BYTES_MAX + b"{}", "application/json", 413),
    ],
)
async def test_a_body_that_is_not_strict_json_is_refused_before_it_is_read(
    api: Api, content: bytes, media_type: str, status: int
) -> None:
    key = await api.key(Scope.RECIPIENTS_WRITE)
    answer = await api.client.put(PLACE, content=content, headers=key | {"Content-Type": media_type})
    assert answer.status_code == status


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 129, "a%0A", "%00", "ż"])
async def test_a_name_that_is_none_is_refused(api: Api, name: str) -> None:
    assert pointers(await api.put(place=f"/v1/recipients/{OPERATOR}/{name}")) == ["/path/recipient"]


CALLS: list[Callable[[Api, dict[str, str], str], Any]] = [
    lambda api, key, place: api.client.put(place, json={}, headers=key),
    lambda api, key, place: api.client.get(place, headers=key),
    lambda api, key, place: api.client.delete(place, headers=key),
]


@pytest.mark.parametrize("call", CALLS, ids=["put", "get", "delete"])
async def test_another_operators_people_are_out_of_reach(api: Api, call: Callable[..., Any]) -> None:
    await api.put()
    key = await api.key(Scope.RECIPIENTS_WRITE, operator="inpost")
    answers = [await call(api, key, place) for place in (PLACE, f"/v1/recipients/{OPERATOR}/unheard-of")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("call", CALLS, ids=["put", "get", "delete"])
async def test_a_call_without_a_key_is_401_and_with_another_scope_403(api: Api, call: Callable[..., Any]) -> None:
    key = await api.key(Scope.EVENTS_WRITE)
    assert [(await call(api, each, PLACE)).status_code for each in ({}, key)] == [401, 403]


@pytest.mark.parametrize("call", [CALLS[0], CALLS[2]], ids=["put", "delete"])
async def test_support_reads_but_changes_nothing(api: Api, call: Callable[..., Any]) -> None:
    await api.put()
    assert (await call(api, await api.key(Scope.SHIPMENTS_READ), PLACE)).status_code == 403


@pytest.mark.parametrize("call", [CALLS[0], CALLS[2]], ids=["put", "delete"])
async def test_nothing_is_changed_while_the_log_cannot_be_trusted(api: Api, call: Callable[..., Any]) -> None:
    await api.put()
    api.services.log_watch.found("the database is behind the mark")
    key = await api.key(Scope.RECIPIENTS_WRITE)
    assert (await call(api, key, PLACE)).status_code == 503
