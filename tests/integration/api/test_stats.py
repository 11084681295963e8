"""`GET /v1/stats`: an operator's own figures, and nobody else's."""

from datetime import UTC, date, datetime
from typing import Any

from app.api.stats_example import STATS_EXAMPLE
from app.domain.access import Scope
from app.domain.calendar import local_day
from app.domain.figures import Figure, Measure
from app.storage import figures as figure_store
from tests.builders import FACILITY, OPERATOR
from tests.integration.api.scene import set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service

DAY = date(2026, 11, 23)
PERIOD = {"operator": OPERATOR, "from": "2026-11-23", "to": "2026-11-24"}


async def add(service: Service, *figures: Figure, count: int = 1) -> None:
    await service.services.database.transact(lambda tx: figure_store.add(tx, dict.fromkeys(figures, count)))


def lag(facility: str, courier: str, bucket: str = "300", *, operator: str = OPERATOR) -> Figure:
    return Figure(operator, DAY, Measure.NOTICE_LAG, facility, courier, bucket=bucket)


async def stats(service: Service, **parameters: Any) -> dict[str, Any]:
    answer = await service.get("/v1/stats", **(PERIOD | parameters))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_happened_is_counted_and_named_with_its_checkpoint(service: Service) -> None:
    scene = await set_scene(service)

    async def answered() -> bool:
        figures = (await service.get("/v1/stats", operator=OPERATOR)).json()["figures"]
        today: dict[str, Any] = figures[-1]
        return bool(today["notices"]["count"] and today["outcomes"].get("email", {}).get("sent"))

    await until(answered)
    answer = (await service.get("/v1/stats", operator=OPERATOR)).json()
    assert answer.keys() == STATS_EXAMPLE.keys()
    today = answer["figures"][-1]
    assert today.keys() == STATS_EXAMPLE["figures"][0].keys()
    assert (today["day"], len(answer["figures"])) == (local_day(datetime.now(UTC)).isoformat(), 30)
    assert today["events"] == {"notice_left": 1}
    assert today["outcomes"]["sms"].keys() == STATS_EXAMPLE["figures"][0]["outcomes"]["sms"].keys()
    assert {channel: counts["sent"] for channel, counts in today["outcomes"].items()} == {"sms": 1, "email": 1}
    checkpoint = (await service.get("/log/checkpoint")).text.split("\n")
    assert answer["checkpoint"]["origin"] == checkpoint[0]
    assert 0 < answer["checkpoint"]["size"] <= int(checkpoint[1])
    by_place = (await service.get("/v1/stats", operator=OPERATOR, by="facility")).json()["figures"]
    assert [(each["facility"], each["notices"]["count"]) for each in by_place] == [(FACILITY["id"], 1)]
    assert scene.event


async def test_days_without_anything_are_there_too(service: Service) -> None:
    answer = await stats(service, operator="nobody-yet")
    nothing = {"notices": {"count": 0, "median_lag_seconds": None, "lag": []}, "anomalies": {}}
    empty = nothing | {"events": {}, "outcomes": {}}
    assert answer["figures"] == [{"day": day} | empty for day in ("2026-11-23", "2026-11-24")]


async def test_couriers_and_places_are_those_of_the_operator_alone(service: Service) -> None:
    await add(service, lag("UP-1", "K-1"), lag("L-1", "D-1", operator=OTHER_OPERATOR))
    assert [each["courier"] for each in (await stats(service, by="courier"))["figures"]] == ["K-1"]
    assert [each["facility"] for each in (await stats(service, by="facility"))["figures"]] == ["UP-1"]
    key = await service.key(Scope.SHIPMENTS_READ)
    asked = {"operator": OTHER_OPERATOR, "by": "courier"}
    answer = await service.client.get("/v1/stats", params=asked, headers=key)
    assert answer.status_code == 404
    assert "D-1" not in answer.text


async def test_places_come_page_by_page_each_once(service: Service) -> None:
    names = ["", *(f"UP-{number}" for number in range(5))]
    await add(service, *(lag(name, courier) for name in names for courier in ("K-1", "K-2")))
    found: list[str | None] = []
    cursor: dict[str, str] = {}
    while True:
        page = await stats(service, by="facility", limit=2, **cursor)
        assert len(page["figures"]) == 2
        found += [each["facility"] for each in page["figures"]]
        assert {each["notices"]["count"] for each in page["figures"]} == {2}
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == [None, *names[1:]]


async def test_days_come_page_by_page_too(service: Service) -> None:
    first = await stats(service, limit=1)
    assert [each["day"] for each in first["figures"]] == ["2026-11-23"]
    second = await stats(service, limit=1, cursor=first["next"])
    assert ([each["day"] for each in second["figures"]], second["next"]) == (["2026-11-24"], None)


async def test_a_period_that_is_none_is_refused_and_said_where(service: Service) -> None:
    for parameters, pointer in (
        ({"from": "2026-11-25"}, "/query/to"),
        ({"from": "2025-11-24"}, None),
        ({"from": "2025-11-23"}, "/query/from"),
        ({"from": "yesterday"}, "/query/from"),
        ({"from": "1700000000"}, "/query/from"),
        ({"by": "weather"}, "/query/by"),
        ({"cursor": "%%%"}, "/query/cursor"),
        ({"cursor": "AAAA"}, "/query/cursor"),
        ({"limit": 0}, "/query/limit"),
        ({"operator": "not a name"}, "/query/operator"),
    ):
        answer = await service.get("/v1/stats", **(PERIOD | parameters))
        pointers = {fault["pointer"] for fault in answer.json().get("errors", [])}
        assert (answer.status_code, pointers) == ((422, {pointer}) if pointer else (200, set())), parameters
