"""Whose id it is decides: what belongs to another operator is to a caller as if it were not there."""

import re
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.domain.access import Scope
from tests.builders import OPERATOR
from tests.integration.api.scene import Request, Scene, put_hold, set_scene
from tests.integration.api.service import OTHER_OPERATOR, Service
from tests.integration.api.test_access import GUARDED

_PARAMETER = re.compile(r"\{(\w+)\}")
NAMING = {route: row for route, row in GUARDED.items() if set(_PARAMETER.findall(route[1])) - {"operator"}}


@pytest.fixture
async def scene(service: Service) -> Scene:
    scene = await set_scene(service)
    assert (await (await put_hold(scene)).send(service.client, service.admin)).status_code == 200
    return scene


def of_nothing(request: Request, template: str) -> Request:
    """The same request with ids and names that nothing has; the operator stays."""
    pattern = _PARAMETER.sub(lambda found: f"(?P<{found[1]}>[^/?]+)", template)
    path, mark, query = request.path.partition("?")
    found = re.fullmatch(pattern, path)
    assert found is not None, (template, request.path)
    given = {name: value if name == "operator" else missing(value) for name, value in found.groupdict().items()}
    return replace(request, path=template.format(**given) + mark + query)


def missing(value: str) -> str:
    try:
        UUID(value)
    except ValueError:
        return "nobody-has-this-name"
    return str(uuid4())


def test_a_request_about_nothing_differs_in_its_ids_alone() -> None:
    request = Request(method="GET", path=f"/v1/shipments/{OPERATOR}/00-1/complaints?open=yes")
    changed = of_nothing(request, "/v1/shipments/{operator}/{shipment}/complaints")
    assert changed.path == f"/v1/shipments/{OPERATOR}/nobody-has-this-name/complaints?open=yes"
    assert len(NAMING) > 15


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_foreign_record_answers_byte_for_byte_like_one_that_does_not_exist(scene: Scene) -> None:
    """On every route whose path names a record, with every scope but an administrator's."""
    key = await scene.service.key(*(set(Scope) - {Scope.ADMIN}), operators=(OTHER_OPERATOR,))
    alike, statuses = {}, {}
    for route, row in NAMING.items():
        present = await row.request(scene)
        answers = [await each.send(scene.service.client, key) for each in (present, of_nothing(present, route[1]))]
        seen = [
            (answer.status_code, {**answer.headers, "ratelimit": None}, answer.content) for answer in answers
        ]  # how much a key may still ask differs from one question to the next
        alike[route] = seen[0] == seen[1]
        statuses[route] = seen[0][0]
    assert alike == dict.fromkeys(NAMING, True)
    assert statuses == {route: row.foreign for route, row in NAMING.items()}
