"""`GET /v1/shipments/{operator}/{shipment}/statement`: whom it answers, what it opens, and what is put on record."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from app.domain.access import Scope
from app.evidence.verifier import Named, Verdict, parse_vkeys, verify_shipment
from app.usecases.log_fault import LogFaultError
from tests.builders import OPERATOR, RECIPIENT, SHIPMENT
from tests.integration.api.scene import set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service
from tests.integration.api.test_search import posted, readings
from tests.second_shipment import verify_statement

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

REASON = "complaint 17/2026"


def path(shipment: str = SHIPMENT, operator: str = OPERATOR) -> str:
    return f"/v1/shipments/{operator}/{shipment}/statement"


async def test_the_statement_verifies_under_the_published_keys_and_its_reader_is_on_record(service: Service) -> None:
    await set_scene(service)
    vkeys = (await service.client.get("/log/vkey")).text
    answer = await service.client.get(path(), headers=service.admin | {"Awizo-Reason": quote(REASON)})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = (OPERATOR, SHIPMENT)
    report = verify_shipment(answer.content, vkeys=parse_vkeys(vkeys), told=Named(*told))
    assert report.verdict is Verdict.VERIFIED
    assert verify_statement(answer.content, vkeys.splitlines(), told).accepted
    assert RECIPIENT in answer.text
    ((data, reason, name),) = await readings(service)
    assert (data["act"], reason, name) == ("shipment_statement", REASON, RECIPIENT)


async def test_everybody_whom_the_events_name_gets_a_record_of_their_own(service: Service) -> None:
    for name in (RECIPIENT, "somebody-else"):
        await service.register(name)
        await posted(service, name)
    answer = await service.client.get(path(), headers=service.admin | {"Awizo-Reason": quote(REASON)})
    assert answer.status_code == 200
    assert sorted(name for _, _, name in await readings(service)) == [RECIPIENT, "somebody-else"]


async def test_a_statement_that_opens_nothing_leaves_no_record_and_names_nobody(service: Service) -> None:
    await set_scene(service)
    answer = await service.get(path(), open="none")
    assert answer.status_code == 200
    assert not [name for name in (SHIPMENT, RECIPIENT) if name in answer.text]
    assert await readings(service) == []


async def test_that_there_is_no_event_is_stated_too_and_that_somebody_asked_is_on_record(service: Service) -> None:
    await set_scene(service)
    answer = await service.client.get(path("never-named"), headers=service.admin | {"Awizo-Reason": quote(REASON)})
    stated = answer.json()
    assert (stated["events"], stated["notifications"], stated["pending"]) == ([], [], 0)
    assert stated["statement"].startswith("awizo-shipment-statement/v1\n")
    ((data, reason, name),) = await readings(service)
    assert (data["act"], reason, name) == ("shipment_statement", REASON, "")


async def test_a_foreign_operator_is_404_whether_or_not_anybody_named_the_shipment(service: Service) -> None:
    await set_scene(service)
    stranger = await service.key(Scope.PROOFS_READ, operators=(OTHER_OPERATOR,))
    answers = [
        await service.client.get(path(shipment, operator), headers=stranger)
        for shipment in (SHIPMENT, "never-named")
        for operator in (OPERATOR, "no-such-operator")
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
    own = await service.client.get(path(SHIPMENT, OTHER_OPERATOR), headers=stranger)
    assert own.json()["events"] == []


@pytest.mark.parametrize("query", ["opne=none", "open=none&open=shipment", "open=phone", "open=shipment,"])
async def test_a_query_that_is_not_understood_opens_nothing(service: Service, query: str) -> None:
    answer = await service.client.get(f"{path()}?{query}", headers=service.admin)
    assert answer.status_code == 422


async def test_nothing_is_opened_while_the_log_needs_its_operator(service: Service) -> None:
    service.services.log_watch.fault = LogFaultError("The log is gone from the database")
    assert (await service.get(path())).status_code == 503
    assert (await service.get(path(), open="none")).status_code == 200


async def test_what_happens_meanwhile_comes_into_the_next_statement(service: Service) -> None:
    shipment = str(uuid4())
    await posted(service, shipment=shipment)

    async def is_listed() -> bool:
        return len((await service.get(path(shipment), open="none")).json()["events"]) == 1

    await until(is_listed)
