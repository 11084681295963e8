"""`awizo quarantine`: what people and scripts are told of events that nobody knew, beside a running service."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.vocabulary_table import COLUMNS
from app.process import Process
from tests.builders import OPERATOR, RECIPIENT, cloud_event
from tests.integration.command import Awizo, Ended
from tests.integration.test_sealing_process import Deployment, _signed_ahead, deployment, prepare, settled

__all__ = ["deployment"]

TABLE = f"{','.join(COLUMNS)}\nNEW,,pl.awizo.delivery.ready_for_pickup.v1,pickup_days=7,,normal,\n"
P_A, READY = "pl.awizo.delivery.notice_left.v1", "pl.awizo.delivery.ready_for_pickup.v1"


@dataclass(slots=True, kw_only=True)
class Desk:
    """Somebody who posts codes to a deployment and types commands beside it."""

    awizo: Awizo
    deployment: Deployment
    process: Process
    client: httpx.AsyncClient
    tables: Path

    async def post(self, code: str = "NEW", *, shipment: str = "item", **changes: Any) -> dict[str, Any]:
        data = {"shipment": shipment, "raw": {"vocabulary": "Local", "code": code}, **changes.pop("data", {})}
        named = {"id": f"{code}-{shipment}", "type": "pl.awizo.tracking.v1", "data": data} | changes
        at = self.deployment.happened_at
        answer = await self.client.post(
            "/v1/events",
            content=json.dumps(cloud_event("tracking", at=at, **named)).encode(),
            headers={"Content-Type": "application/cloudevents+json", **self._key},
        )
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def view(self, event: str) -> dict[str, Any]:
        return dict((await self.client.get(f"/v1/events/{event}", headers=self._key)).json())

    async def run(self, *arguments: str) -> Ended:
        settings = self.deployment.settings
        return await asyncio.to_thread(
            self.awizo,
            "quarantine",
            *arguments,
            database_url=settings.database_url.get_secret_value(),
            data_dir=str(settings.data_dir),
            public_url=settings.public_url,
            vocabulary_dir=str(self.tables),
        )

    def learn(self) -> None:
        """From now on the command knows the code NEW; the service, which read its tables before, does not."""
        (self.tables / "local.csv").write_text(TABLE)

    @property
    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.deployment.token}"}


@asynccontextmanager
async def open_desk(awizo: Awizo, deployment: Deployment) -> AsyncIterator[Desk]:
    tables = deployment.settings.data_dir.parent / "tables"
    tables.mkdir()
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        yield Desk(awizo=awizo, deployment=deployment, process=process, client=client, tables=tables)


@pytest.fixture
async def desk(awizo: Awizo, deployment: Deployment) -> AsyncIterator[Desk]:
    async with open_desk(awizo, deployment) as opened:
        yield opened


async def test_an_empty_quarantine_is_said_to_be_so(desk: Desk) -> None:
    listed = await desk.run("list")
    assert (listed.code, listed.out, listed.err) == (0, "Nothing is in quarantine.\n", "")
    narrowed = await desk.run("list", "--operator", OPERATOR)
    assert (narrowed.code, narrowed.out) == (0, "Nothing of that is in quarantine.\n")
    as_json = await desk.run("list", "--json")
    assert (as_json.code, json.loads(as_json.out)) == (0, [])
    replayed = await desk.run("replay", "--all")
    assert (replayed.code, replayed.err) == (0, "")
    assert replayed.out == "Replayed: 0 (messages to send: 0, not sent: 0); left in quarantine: 0.\n"


async def test_the_list_names_what_and_why_and_nobody(desk: Desk) -> None:
    first = (await desk.post(shipment="secret-shipment"))["event"]
    second = (await desk.post("x", shipment="b", type="pl.awizo.delivery.teleported.v1"))["event"]
    listed = await desk.run("list")
    assert (listed.code, listed.err) == (0, "")
    newest, oldest = (line.split("  ") for line in listed.out.splitlines())
    assert newest[:1] + newest[2:] == [second, OPERATOR, "pl.awizo.delivery.teleported.v1", "-", "unknown_type"]
    assert oldest[:1] + oldest[2:] == [first, OPERATOR, "pl.awizo.tracking.v1", "local:NEW", "unknown_vocabulary"]
    received_at = datetime.fromisoformat((await desk.view(first))["received_at"])
    assert datetime.fromisoformat(oldest[1]) == received_at.replace(microsecond=0)
    for personal in (RECIPIENT, "secret-shipment"):
        assert personal not in listed.out + (await desk.run("list", "--json")).out


async def test_the_list_goes_on_where_a_page_ends(desk: Desk) -> None:
    ids = [(await desk.post(shipment=f"item-{number}"))["event"] for number in range(3)]
    page = await desk.run("list", "--limit", "2")
    *lines, more = page.out.splitlines()
    assert [line.split()[0] for line in lines] == ids[:0:-1]
    assert more == f"There is more: --before {ids[1]}"
    rest = await desk.run("list", "--limit", "2", "--before", ids[1], "--json")
    (last,) = json.loads(rest.out)
    received_at = datetime.fromisoformat(last.pop("received_at"))
    assert received_at == datetime.fromisoformat((await desk.view(ids[0]))["received_at"])
    assert last == {
        "id": ids[0],
        "operator": OPERATOR,
        "type": "pl.awizo.tracking.v1",
        "code": "local:NEW",
        "why": "unknown_vocabulary",
        "erased": False,
    }


async def test_the_list_can_be_narrowed(desk: Desk) -> None:
    own = (await desk.post())["event"]
    foreign = (await desk.post(shipment="b", data={"operator": "inpost"}))["event"]
    today = datetime.now(UTC).date()

    async def ids(*narrowed: str) -> list[str]:
        return [each["id"] for each in json.loads((await desk.run("list", "--json", *narrowed)).out)]

    assert await ids("--operator", "inpost") == [foreign]
    assert await ids("--since", str(today - timedelta(days=1))) == [foreign, own]
    assert await ids("--since", str(today + timedelta(days=2))) == []


async def test_what_a_producer_wrote_moves_no_cursor_of_a_terminal(desk: Desk) -> None:
    await desk.post("\x1b[2J\nfake", id="a")
    listed = await desk.run("list")
    assert len(listed.out.splitlines()) == 1
    assert "\x1b" not in listed.out


async def test_a_code_that_was_learned_is_replayed_beside_the_service(desk: Desk) -> None:
    known, unknown = await desk.post(), await desk.post("OTHER", shipment="b")
    assert known["status"] == "quarantined"
    desk.learn()
    rehearsed = await desk.run("replay", "--all", "--dry-run")
    assert rehearsed.code == 1
    assert rehearsed.out.splitlines() == [
        f"{known['event']}  {READY}",
        f"NO  {unknown['event']}  unknown_code",
        "Would be replayed: 1 (messages to send: 1, not sent: 1); left in quarantine: 1.",
    ]
    assert (await desk.view(known["event"]))["status"] == "quarantined"
    replayed = await desk.run("replay", "--all")
    assert (replayed.code, replayed.err) == (1, "")
    assert replayed.out == rehearsed.out.replace("Would be replayed", "Replayed")
    view = await desk.view(known["event"])
    assert (view["status"], view["mapped_type"]) == ("accepted", READY)
    assert {(n["channel"], n["status"]) for n in view["notifications"]} == {
        ("sms", "queued"),
        ("email", "suppressed"),
    }
    assert (await desk.view(unknown["event"]))["status"] == "quarantined"
    again = await desk.post()
    assert (again["event"], again["status"], again["mapped_type"]) == (known["event"], "duplicate", READY)
    await settled(desk.process)
    assert desk.process.services.log_watch.fault is None
    assert "awizo_events_quarantined 1.0" in (await desk.client.get("/metrics")).text


async def test_named_events_are_replayed_and_may_be_named_again(desk: Desk) -> None:
    known = (await desk.post())["event"]
    desk.learn()
    first, again = await desk.run("replay", known), await desk.run("replay", known)
    assert (first.code, again.code) == (0, 0)
    assert again.out.splitlines() == [
        f"{known}  accepted before",
        "Replayed: 0 (messages to send: 0, not sent: 0); left in quarantine: 0; accepted before: 1.",
    ]
    nothing = "00000000-0000-7000-8000-000000000000"
    missing = await desk.run("replay", nothing)
    assert (missing.code, missing.out.splitlines()[0]) == (1, f"NO  {nothing}  no_such_event")


async def test_one_code_can_be_replayed_alone(desk: Desk) -> None:
    wanted, other = (await desk.post())["event"], (await desk.post("OTHER", shipment="b"))["event"]
    desk.learn()
    done = await desk.run("replay", "--all", "--code", " LOCAL: NEW")
    assert (done.code, done.out.splitlines()[0]) == (0, f"{wanted}  {READY}")
    assert other not in done.out


async def test_what_was_erased_is_listed_as_such_and_does_not_fail_a_replay_of_all(desk: Desk) -> None:
    erased = (await desk.post(data={"recipient": "stranger"}))["event"]
    key = {"Authorization": f"Bearer {desk.deployment.token}"}
    gone = await desk.client.delete(f"/v1/recipients/{OPERATOR}/stranger", headers=key)
    assert gone.status_code == 204
    desk.learn()
    listed = await desk.run("list")
    assert listed.out.splitlines()[0].endswith("  unknown_vocabulary, erased")
    everything = await desk.run("replay", "--all")
    assert everything.code == 0
    assert everything.out.endswith("; left in quarantine: 0; erased, nothing to replay: 1.\n")
    named = await desk.run("replay", erased)
    assert (named.code, named.out.splitlines()[0]) == (1, f"NO  {erased}  erased")


async def test_nothing_is_replayed_over_a_database_that_is_not_the_one_that_was_signed(
    awizo: Awizo, deployment: Deployment
) -> None:
    async with open_desk(awizo, deployment) as desk:
        known = (await desk.post())["event"]
        await settled(desk.process)
    desk.learn()
    mark = deployment.settings.mark_path
    genuine = mark.read_bytes()
    mark.write_bytes(_signed_ahead(deployment, int(genuine.split(b"\n")[1]) + 100))
    refused = await desk.run("replay", known)
    assert refused.code == 1
    assert refused.sentence.endswith("nothing is signed, sent or accepted until `awizo log recover` was run")
    mark.write_bytes(genuine)
    assert (await desk.run("replay", known)).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay"],
        ["replay", "no-id"],
        ["replay", "00000000-0000-7000-8000-000000000000", "--all"],
        ["replay", "00000000-0000-7000-8000-000000000000", "--code", "a:b"],
        ["replay", "--all", "--code", "P_A"],
        ["replay", "--all", "--code", ":P_A"],
        ["list", "--since", "yesterday"],
        ["list", "--limit", "0"],
        ["list", "--before", "no-id"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_told_apart(awizo: Awizo, arguments: list[str]) -> None:
    ended = awizo("quarantine", *arguments)
    assert (ended.code, ended.out) == (2, "")
