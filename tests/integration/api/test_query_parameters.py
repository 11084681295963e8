"""A query parameter that a route does not have is refused: a misspelt filter must not find everything."""

import re

import pytest
from fastapi.routing import iter_route_contexts

from app.api.dependencies import scopes_needed
from app.domain.access import Scope
from tests.integration.api.service import Service

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_every_route_that_needs_a_key_refuses_a_parameter_that_it_does_not_have(service: Service) -> None:
    answers = {}
    for route in iter_route_contexts(service.app.routes):
        if scopes_needed(getattr(route, "dependant", None)):
            path = re.sub(r"\{.+?\}", "x", route.path or "")
            for method in route.methods or ():
                answer = await service.client.request(method, f"{path}?canary=48600100200", headers=service.admin)
                answers[f"{method} {route.path}"] = answer
    assert len(answers) > 30
    for asked, answer in answers.items():
        assert answer.status_code == 422, asked
        if answer.request.method != "HEAD":
            assert [each["pointer"] for each in answer.json()["errors"]] == ["/query"], asked
            assert "canary" not in answer.text
            assert "48600100200" not in answer.text


async def test_the_answer_says_which_parameters_there_are(service: Service) -> None:
    answer = await service.get("/v1/notifications", shipments="00759007734123456789")
    [fault] = answer.json()["errors"]
    assert fault["detail"] == (
        "Has a parameter that is not known; known are channel, cursor, from, kind, limit, operator, recipient, "
        "shipment, status, to"
    )


async def test_who_may_not_call_a_route_learns_nothing_of_its_parameters(service: Service) -> None:
    key = await service.key(Scope.EVENTS_WRITE)
    for headers, status in (({}, 401), (key, 403)):
        answer = await service.client.get("/v1/notifications?canary=1", headers=headers)
        assert answer.status_code == status
