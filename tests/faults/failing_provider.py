"""`python -m tests.faults.failing_provider`: of two SMS providers one refuses everything for a minute, under load.

A real service on SQLite with `twilio=70,smsapi=30`. Every ten seconds a line tells what was posted, where messages went
and what `/metrics` says of both providers. At the end every message must have left exactly once, the refusing provider
must have had hardly anything while it refused, and its share must have come back.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator

from tests.builders import OPERATOR, cloud_event, rfc3339
from tests.doubles.sms_gateway import Accept, SmsGateway, refusal
from tests.doubles.smsapi_gateway import SmsApiGateway
from tests.integration.api.process import environment, reserved_port, serve

BEFORE_SECONDS, REFUSING_SECONDS, AFTER_SECONDS, LINE_SECONDS = 30, 60, 330, 10
TWILIO_TOKEN = "secret"
EVENTS_A_SECOND, PEOPLE = 30, 40
SHOWN = ("awizo_provider_health", "awizo_provider_rests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Ten seconds: how many events were posted, and how many SMS each provider took."""

    at: int
    posted: int
    twilio: int
    smsapi: int
    metrics: str

    @property
    def share(self) -> float:
        """Twilio's share of what left."""
        return self.twilio / max(1, self.twilio + self.smsapi)


@dataclass(slots=True, kw_only=True)
class Watch:
    """What the two gateways took, line by line."""

    twilio: SmsGateway
    smsapi: SmsApiGateway
    posted: int = 0
    lines: list[Line] = field(default_factory=list)

    def line(self, at: int, metrics: str) -> Line:
        """Close ten seconds."""
        before = [sum(getattr(line, name) for line in self.lines) for name in ("posted", "twilio", "smsapi")]
        taken = (self.posted, len(self.twilio.held), len(self.smsapi.held))
        posted, twilio, smsapi = (now - then for now, then in zip(taken, before, strict=True))
        self.lines.append(Line(at=at, posted=posted, twilio=twilio, smsapi=smsapi, metrics=metrics))
        return self.lines[-1]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def settings(twilio: SmsGateway, smsapi: SmsApiGateway, directory: Path, *, url: str) -> dict[str, str]:
    return {
        "database_url": f"sqlite+aiosqlite:///{directory / 'awizo.db'}",
        "public_url": url,
        "sms_providers": "twilio=70,smsapi=30",
        "twilio_account_sid": "AC0",
        "twilio_auth_token": TWILIO_TOKEN,
        "twilio_from": "+48500500500",
        "twilio_base_url": twilio.base_url,
        "smsapi_token": "secret",
        "smsapi_from": "awizo",
        "smsapi_base_url": smsapi.base_url,
        "log_level": "error",
    }


def new_token(directory: Path, given: dict[str, str]) -> str:
    command = [sys.executable, "-m", "app.cli", "keys", "create", "--name", "all", "--scope", "admin"]
    created = subprocess.run(
        command, cwd=directory, env=environment(directory, given), capture_output=True, text=True, check=True
    )
    return created.stdout.strip()


async def register(client: httpx.AsyncClient) -> None:
    for number in range(PEOPLE):
        record = {
            "quiet_hours": None,
            "contact_points": [
                {"channel": "sms", "value": f"+4860010{number:04d}", "verified": True, "method": "counter"}
            ],
            "consents": [
                {
                    "channel": "sms", "purpose": "delivery", "granted": True, "at": "2026-11-01T10:00:00+01:00",
                    "method": "counter", "text_version": "1",
                }
            ],
        }  # fmt: skip
        (await client.put(f"/v1/recipients/{OPERATOR}/person-{number}", json=record)).raise_for_status()


def batches() -> Iterator[list[dict[str, object]]]:
    number = 0
    while True:
        now = datetime.now(UTC)
        batch = []
        for _ in range(EVENTS_A_SECOND // 2):
            number += 1
            pickup = {"until": (now + timedelta(days=10)).date().isoformat()}
            data = {"recipient": f"person-{number % PEOPLE}", "shipment": f"item-{number}", "pickup": pickup}
            notice = {"ordinal": 1, "left_at": rfc3339(now), "place": "letterbox"}
            batch.append(cloud_event(id=f"e-{number}", at=now, time=rfc3339(now), data={**data, "notice": notice}))
        yield batch


async def load(client: httpx.AsyncClient, watch: Watch) -> None:
    """Half a second's events each half second, until cancelled."""
    for batch in batches():
        answer = await client.post(
            "/v1/events", json=batch, headers={"Content-Type": "application/cloudevents-batch+json"}
        )
        answer.raise_for_status()
        planned = [row for result in answer.json()["results"] for row in result["notifications"]]
        watch.posted += sum(row["channel"] == "sms" and row["status"] == "queued" for row in planned)
        await asyncio.sleep(0.5)


async def report(client: httpx.AsyncClient, watch: Watch) -> None:
    """Tell awizo, as the providers do, that each message they took was delivered; until cancelled."""
    told = {"twilio": 0, "smsapi": 0}
    while True:
        for sms in watch.twilio.held[told["twilio"] :]:
            told["twilio"] += 1
            url, form = sms.form["StatusCallback"], {"MessageSid": sms.sid, "MessageStatus": "delivered"}
            signature = RequestValidator(TWILIO_TOKEN).compute_signature(url, form)
            await client.post(url, data=form, headers={"X-Twilio-Signature": signature})
        for sms in watch.smsapi.held[told["smsapi"] :]:
            told["smsapi"] += 1
            said = {"MsgId": sms.sid, "status": "404", "status_name": "DELIVERED", "idx": sms.form["idx"]}
            await client.get(f"{sms.form['notify_url']}&{urlencode(said)}")
        await asyncio.sleep(0.1)


async def shown(client: httpx.AsyncClient) -> str:
    lines = (await client.get("/metrics")).text.splitlines()
    return "  ".join(line.removeprefix("awizo_provider_") for line in lines if line.startswith(SHOWN))


async def watch_it(url: str, token: str, watch: Watch) -> None:
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30.0, trust_env=False
    ) as client:
        await register(client)
        tasks = [asyncio.create_task(load(client, watch)), asyncio.create_task(report(client, watch))]
        for at in range(LINE_SECONDS, BEFORE_SECONDS + REFUSING_SECONDS + AFTER_SECONDS + 1, LINE_SECONDS):
            await asyncio.sleep(LINE_SECONDS)
            refuses = BEFORE_SECONDS <= at < BEFORE_SECONDS + REFUSING_SECONDS
            line = watch.line(at, await shown(client))
            say(
                f"{at:4} s  posted {line.posted:4}  twilio {line.twilio:4}  smsapi {line.smsapi:4}  {line.metrics}"
                + ("  twilio refuses" if refuses else "")
            )
            watch.twilio.behave = lambda _number, refuses=refuses: refusal(429, 20429) if refuses else Accept()
        tasks[0].cancel()
        async with asyncio.timeout(120):
            while len(watch.twilio.held) + len(watch.smsapi.held) < watch.posted:  # noqa: ASYNC110 – journals ring no bell
                await asyncio.sleep(0.2)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def verdict(watch: Watch) -> Sequence[str]:
    """What is not as it must be."""
    bodies = Counter(
        (sms.form.get("To") or sms.form["to"].removeprefix("+"), sms.form.get("Body") or sms.form["message"])
        for sms in [*watch.twilio.held, *watch.smsapi.held]
    )
    first = [line for line in watch.lines if line.at <= BEFORE_SECONDS]
    refusing = [
        line for line in watch.lines if BEFORE_SECONDS + LINE_SECONDS < line.at <= BEFORE_SECONDS + REFUSING_SECONDS
    ]
    last = watch.lines[-3:]
    mean = {name: sum(line.share for line in lines) / len(lines) for name, lines in (("first", first), ("last", last))}
    checks = {
        "a message was lost or sent twice": sum(bodies.values()) == watch.posted and max(bodies.values()) == 1,
        "the refusing provider took messages": sum(line.twilio for line in refusing) == 0,
        "the other one did not take over": all(line.smsapi > 0 for line in refusing),
        "the share did not come back": abs(mean["first"] - mean["last"]) < 0.1,
    }
    return [what for what, holds in checks.items() if not holds]


async def main() -> int:
    async with SmsGateway() as twilio, SmsApiGateway() as smsapi:
        watch = Watch(twilio=twilio, smsapi=smsapi)
        with tempfile.TemporaryDirectory(prefix="awizo-provider-") as name, reserved_port() as port:
            directory = Path(name)
            given = settings(twilio, smsapi, directory, url=f"http://127.0.0.1:{port}")
            with serve(directory, port=port, **given) as service:
                token = await asyncio.to_thread(new_token, directory, given)
                await watch_it(service.url, token, watch)
        wrong = verdict(watch)
        say(f"{watch.posted} messages, {len(twilio.held)} through twilio, {len(smsapi.held)} through smsapi")
        say("\n".join(wrong) if wrong else "nothing lost, nothing twice, the share went and came back")
        return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
