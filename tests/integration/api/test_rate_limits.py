"""What keys are told of their limits, and what becomes of one that asks too much."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.access import Scope
from tests.integration.api.service import OPERATOR, Service, bearer, fresh_event, open_service

POLICIES = '"requests";q=6;w=600, "events";q=500;w=50000;awizo-unit="events"'


@pytest.fixture
async def limited(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Service]:
    """Six requests in ten minutes and five hundred events in half a day."""
    file = shutil.copy(migrated_sqlite, tmp_path)
    rate = "requests=6/600,events=500/50000"
    async with open_service(f"sqlite+aiosqlite:///{file}", tmp_path / "data", key_rate=rate) as service:
        yield service


async def test_every_answer_to_a_key_says_what_it_may_still_ask_whatever_the_answer_is(limited: Service) -> None:
    key = await limited.key(Scope.EVENTS_WRITE, operators=(OPERATOR,))
    answers = [
        await limited.client.get("/v1/stats", headers=key),
        await limited.client.get("/v1/events/00000000-0000-0000-0000-000000000000", headers=key),
        await limited.client.get("/v1/events/no-id", headers=key),
        await limited.post({}, key=key),
        await limited.post(fresh_event(), key=key),
    ]
    assert [answer.status_code for answer in answers] == [403, 404, 422, 422, 202]
    left = [answer.headers["ratelimit"] for answer in answers]
    assert left[:3] == ['"requests";r=5;t=100', '"requests";r=4;t=200', '"requests";r=3;t=300']
    assert left[-1] == '"requests";r=1;t=500, "events";r=499;t=100'
    assert answers[0].headers["ratelimit-policy"] == '"requests";q=6;w=600'
    assert answers[-1].headers["ratelimit-policy"] == POLICIES


async def test_a_key_that_asks_too_much_waits_and_others_do_not(limited: Service) -> None:
    greedy, other = [await limited.key(Scope.SHIPMENTS_READ, operators=(OPERATOR,)) for _ in range(2)]
    answers = [await limited.client.get("/v1/notifications", headers=greedy) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "100"
    assert refused.headers["ratelimit"] == '"requests";r=0;t=100'
    assert refused.json() | {"detail": ""} == {
        "type": "urn:awizo:problem:too-many-requests", "title": "Too many requests", "status": 429, "detail": "",
    }  # fmt: skip
    assert (await limited.client.get("/v1/notifications", headers=other)).status_code == 200


async def test_a_batch_counts_its_events_and_is_refused_whole(limited: Service) -> None:
    key = await limited.key(Scope.EVENTS_WRITE, operators=(OPERATOR,))
    first = await limited.post_batch([fresh_event(id=f"a-{n}") for n in range(300)], key=key)
    before = await limited.counts()
    second = await limited.post_batch([fresh_event(id=f"b-{n}") for n in range(300)], key=key)
    assert (first.status_code, second.status_code) == (202, 429)
    assert '"events";r=200;' in second.headers["ratelimit"]
    assert second.headers["retry-after"] == "10000"
    assert await limited.counts() == before
    assert (await limited.post(fresh_event(id="c-1"), key=key)).status_code == 202


async def test_who_has_no_key_learns_of_no_limit_and_has_none(limited: Service) -> None:
    garbage = bearer(f"awz_{'0' * 16}_{'x' * 43}")
    for _ in range(8):
        answers = [
            await limited.client.get("/healthz"),
            await limited.client.get("/log/checkpoint"),
            await limited.client.get("/v1/notifications", headers=garbage),
        ]
        assert [answer.status_code for answer in answers] == [200, answers[1].status_code, 401]
        assert not any("ratelimit" in answer.headers for answer in answers)
