"""Whoever gets a code by SMS types in number and code, signed in or not; the answer tells nobody who is known."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.one_time_code import TRIES_MAX
from app.domain.pumping import CodeLimits
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.integration.api.browser import Visitor, browser
from tests.integration.api.service import OTHER_OPERATOR, Service, open_service, person

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW, UNKNOWN = "+48600100333", "+48600100444"
PAGE = "/preferences/code"


async def put(service: Service, operator: str = OPERATOR) -> None:
    """An operator adds a number that nobody has confirmed."""
    contact = {"channel": "sms", "value": NEW, "verified": False}
    path = f"/v1/recipients/{operator}/{RECIPIENT}"
    body = person() | {"contact_points": [*person()["contact_points"], contact]}
    assert (await service.client.put(path, json=body, headers=service.admin)).status_code == 201


async def codes(service: Service) -> list[UUID]:
    """The ids of the codes that were sent, the newest first."""
    listed = (await service.get("/v1/notifications", kind="confirmation")).json()["items"]
    return [UUID(each["id"]) for each in listed]


async def type_in(visitor: Visitor, contact: str, code: str) -> httpx.Response:
    return await visitor.post(PAGE, {"contact": contact, "code": code})


async def state(service: Service, operator: str = OPERATOR) -> str:
    record: dict[str, Any] = (await service.get(f"/v1/recipients/{operator}/{RECIPIENT}")).json()
    (found,) = [each["state"] for each in record["contact_points"] if each["value"] == NEW]
    return str(found)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_number_and_code_confirm_without_a_session(service: Service) -> None:
    await put(service)
    visitor = browser(service)
    (code,) = await codes(service)
    assert PAGE in (await visitor.get("/preferences")).text
    for _ in range(10):
        assert (await visitor.get(PAGE)).status_code == 200
    assert await state(service) == "unconfirmed"
    answer = await type_in(visitor, "600 100 333", visitor.reading(code))
    assert answer.status_code == 200
    assert "+48*****333" in answer.text
    assert await state(service) == "active"
    again = await type_in(visitor, NEW, visitor.reading(code))
    assert again.status_code == 422  # it works once


async def test_each_of_two_operators_codes_confirms_its_own_record(service: Service) -> None:
    await put(service)
    await put(service, OTHER_OPERATOR)
    visitor = browser(service)
    _, older = await codes(service)
    assert (await type_in(visitor, NEW, visitor.reading(older))).status_code == 200
    assert (await state(service), await state(service, OTHER_OPERATOR)) == ("active", "unconfirmed")


async def test_a_wrong_code_is_answered_alike_whoever_has_the_number(service: Service) -> None:
    await put(service)
    visitor = browser(service)
    (code,) = await codes(service)
    wrong = another(visitor.reading(code))
    answers = [await type_in(visitor, contact, wrong) for contact in (NEW, PHONE, UNKNOWN)]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.content for answer in answers}) == 1


async def test_after_five_tries_an_hour_even_the_right_code_is_refused(service: Service) -> None:
    await put(service)
    visitor = browser(service)
    (code,) = await codes(service)
    right = visitor.reading(code)
    for contact in (NEW, UNKNOWN):
        tried = [await type_in(visitor, contact, another(right)) for _ in range(CodeLimits().per_contact)]
        assert {answer.status_code for answer in tried} == {422}
        assert (await type_in(visitor, contact, right)).status_code == 429
    assert await state(service) == "unconfirmed"


async def test_of_several_codes_that_wait_none_can_be_guessed_at_more_often_than_one_alone(
    database_url: str, tmp_path: Path
) -> None:
    async with open_service(database_url, tmp_path / "data", code_rates="contact=50,prefix=300,day=5000") as service:
        for operator in (OPERATOR, OTHER_OPERATOR):
            await put(service, operator)
        visitor = browser(service)
        right = [visitor.reading(code) for code in await codes(service)]
        wrong = next(each for each in map("{:06}".format, range(3)) if each not in right)
        for _ in range(TRIES_MAX):
            assert (await type_in(visitor, NEW, wrong)).status_code == 422
        for code in right:
            assert (await type_in(visitor, NEW, code)).status_code == 422
        assert [await state(service, operator) for operator in (OPERATOR, OTHER_OPERATOR)] == ["unconfirmed"] * 2


async def test_what_is_no_contact_is_said_to_be_none(service: Service) -> None:
    answer = await type_in(browser(service), "nobody", "123456")
    assert answer.status_code == 422
    assert 'id="contact-mistake"' in answer.text
