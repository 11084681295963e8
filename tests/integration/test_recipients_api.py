"""`/v1/recipients/{operator}/{recipient}` over HTTP, on both databases."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.api import problems, recipients
from app.api.exports import export_document
from app.api.intake import Intake
from app.api.keyring import Keyring
from app.api.metrics import Metrics
from app.api.reception import Reception
from app.api.recipients import BODY_BYTES_MAX
from app.api.services import Services
from app.domain.access import Scope
from app.domain.channel import Channel
from app.domain.pumping import CodeLimits
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import recipients as recipient_rows
from app.usecases.create_key import create_key
from app.usecases.watch_log import LogWatch
from app.usecases.withdraw_consent import withdraw_consent
from app.wiring import report_parser
from tests.builders import OPERATOR
from tests.integration.world import KEYS
from tests.vocabularies import BUILT_IN

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PLACE = f"/v1/recipients/{OPERATOR}/customer-4711"
CONTRACT_EXAMPLE: dict[str, Any] = {
    "language": "pl",
    "time_zone": "Europe/Warsaw",
    "post_codes": ["03-729"],
    "contact_points": [
        {"channel": "sms", "value": "+48600100200", "verified": True, "method": "counter"},
        {"channel": "email", "value": "jan@example.com", "verified": False},
    ],
    "consents": [
        {
            "channel": "sms",
            "purpose": "delivery",
            "granted": True,
            "at": "2026-11-01T10:00:00+01:00",
            "method": "counter",
            "text_version": "2026-11",
        }
    ],
    "quiet_hours": {"from": "20:00", "to": "08:00"},
}


@dataclass(frozen=True, slots=True)
class Api:
    """A client of the API, and keys to call it with."""

    client: httpx.AsyncClient
    services: Services

    async def key(self, *scopes: Scope, operator: str = OPERATOR) -> dict[str, str]:
        async with self.services.database.write() as tx:
            token = await create_key(
                tx,
                name="test",
                operators=[operator],
                scopes=scopes,
                expires_at=None,
                surroundings=self.services.surroundings,
            )
        return {"Authorization": f"Bearer {token}"}

    async def put(self, body: object = CONTRACT_EXAMPLE, *, place: str = PLACE, **headers: str) -> httpx.Response:
        key = await self.key(Scope.RECIPIENTS_WRITE)
        return await self.client.put(place, json=body, headers=key | headers)

    async def get(self, scope: Scope = Scope.RECIPIENTS_WRITE) -> httpx.Response:
        return await self.client.get(PLACE, headers=await self.key(scope))

    async def delete(self) -> httpx.Response:
        return await self.client.delete(PLACE, headers=await self.key(Scope.RECIPIENTS_WRITE))


@pytest.fixture
async def api(database: Database, surroundings: Surroundings) -> AsyncIterator[Api]:
    app = FastAPI()
    app.include_router(recipients.router)
    problems.install(app)
    intake = Intake(
        database, surroundings=surroundings, vocabularies=BUILT_IN, metrics=Metrics(), on_accepted=lambda: None
    )
    services = Services(
        database=database,
        surroundings=surroundings,
        intake=intake,
        reception=Reception(database, surroundings=surroundings, metrics=Metrics(), on_end=lambda *_: None),
        keyring=Keyring(database, surroundings),
        log_watch=LogWatch(),
        keys=KEYS,
        receipts={},
        inbound={},
        mail_reports=report_parser(),
        metrics=Metrics(),
        operator_verified=True,
        log_public=True,
        witness_policy="",
        witness_quorum=1,
        public_url="http://awizo.test",
        code_limits=CodeLimits(),
        export_document=export_document,
    )
    app.state.services = services
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://awizo.test") as client:
        yield Api(client, services)
    await intake.close()


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_the_contracts_example_is_registered_and_answered_with_the_record(api: Api) -> None:
    answer = await api.put()
    assert answer.status_code == 201
    assert answer.json() == {
        "operator": OPERATOR,
        "recipient": "customer-4711",
        "language": "pl",
        "time_zone": "Europe/Warsaw",
        "post_codes": ["03-729"],
        "contact_points": [
            {"channel": "sms", "value": "+48600100200", "verified": True, "method": "counter", "state": "active"},
            {
                "channel": "email",
                "value": "jan@example.com",
                "verified": False,
                "method": None,
                "state": "unconfirmed",
            },
        ],
        "consents": [
            {
                "channel": "sms",
                "purpose": "delivery",
                "granted": True,
                "at": "2026-11-01T09:00:00Z",
                "method": "counter",
                "text_version": "2026-11",
                "version": 1,
            }
        ],
        "quiet_hours": {"from": "20:00", "to": "08:00"},
        "ignored": [],
    }


async def test_the_same_put_again_is_200_with_the_same_record(api: Api) -> None:
    first, second = await api.put(), await api.put()
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()


async def test_what_is_read_is_what_was_answered(api: Api) -> None:
    put = await api.put()
    assert (await api.get()).json() == put.json()


async def test_what_was_read_can_be_put_back_without_changing_anything(api: Api) -> None:
    await api.put({"contact_points": CONTRACT_EXAMPLE["contact_points"], "consents": CONTRACT_EXAMPLE["consents"]})
    read = (await api.get()).json()
    copy = {name: read[name] for name in ("language", "time_zone", "post_codes", "quiet_hours") if name in read} | {
        "contact_points": [
            {name: contact[name] for name in ("channel", "value", "verified")} for contact in read["contact_points"]
        ],
        "consents": [
            {name: value for name, value in consent.items() if name != "version"} for consent in read["consents"]
        ],
    }
    assert (await api.put(copy)).json() == read


async def test_quiet_hours_are_left_out_while_the_default_holds_and_null_means_none(api: Api) -> None:
    assert "quiet_hours" not in (await api.put({})).json()
    assert (await api.put({"quiet_hours": None})).json()["quiet_hours"] is None
    assert (await api.put({})).json()["quiet_hours"] is None


async def test_letters_and_phrase_are_left_out_while_they_are_as_by_default_and_null_removes_the_phrase(
    api: Api,
) -> None:
    assert not {"letters", "safety_phrase"} & (await api.put({})).json().keys()
    chosen = (await api.put({"letters": "native", "safety_phrase": " Żółty  kot "})).json()
    assert (chosen["letters"], chosen["safety_phrase"]) == ("native", "Żółty kot")
    assert (await api.put({})).json() == chosen == (await api.get()).json()
    assert not {"letters", "safety_phrase"} & (await api.put({"letters": "plain", "safety_phrase": None})).json().keys()


async def test_a_record_from_before_there_were_letters_and_phrases_is_read_with_the_defaults(api: Api) -> None:
    await api.put()
    async with api.services.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, "customer-4711")
        assert record is not None
        place = b"profile" + record.id.bytes
        old = record.key.seal(b'{"name": "customer-4711", "post_codes": ["03-729"]}', place=place)
        await tx.execute(update(recipient_rows).values(profile=old))
    read = (await api.get()).json()
    assert (read["post_codes"], "letters" in read, "safety_phrase" in read) == (["03-729"], False, False)


async def test_what_was_not_applied_comes_back_with_its_place_and_reason(api: Api) -> None:
    await api.put()
    async with api.services.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, "customer-4711")
        assert record is not None
        await withdraw_consent(
            tx,
            record.id,
            Channel.SMS,
            None,
            method="one_click",
            statement=b"{}",
            surroundings=api.services.surroundings,
        )
    answer = await api.put()
    assert answer.json()["ignored"] == [{"pointer": "/consents/0", "reason": "the_person_decided_later"}]
    assert answer.json()["consents"][0]["granted"] is False


async def test_support_reads_masked_values(api: Api) -> None:
    await api.put(CONTRACT_EXAMPLE | {"safety_phrase": "kot Filemon"})
    answer = await api.get(Scope.SHIPMENTS_READ)
    assert [c["value"] for c in answer.json()["contact_points"]] == ["+48*****200", "j***@example.com"]
    assert answer.json()["safety_phrase"] == "***"


async def test_erasing_is_204_and_then_404(api: Api) -> None:
    await api.put()
    answers = [await api.delete(), await api.delete(), await api.get()]
    assert [answer.status_code for answer in answers] == [204, 404, 404]
    assert answers[0].content == b""


async def test_nobody_is_found_under_a_name_that_nobody_used(api: Api) -> None:
    assert (await api.get()).status_code == 404


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
