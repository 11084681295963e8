"""A receiver that nobody here wrote: npm's standardwebhooks accepts what a running service sends, and no forgery."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.webhook_http import WebhookHttp
from tests.builders import OPERATOR
from tests.doubles.tls import LoopbackTls, loopback_tls
from tests.integration.api.process import reserved_port
from tests.integration.api.scene import set_scene
from tests.integration.api.service import open_service

pytestmark = [pytest.mark.peers, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / ".venv" / "peers-npm"
PROGRAM = Path(__file__).parent / "npm" / "receive_webhooks.mjs"


@asynccontextmanager
async def receiving(directory: Path, port: int, secret: str) -> AsyncIterator[Callable[[], Awaitable[dict[str, Any]]]]:
    """A Node process that holds that secret; gives what it says of the next call."""
    copied = PACKAGES / PROGRAM.name  # beside node_modules, where Node looks for what it imports
    shutil.copyfile(PROGRAM, copied)
    process = await asyncio.create_subprocess_exec(
        "node", str(copied), str(directory / "loopback.pem"), str(port), secret, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = process.stdout

    async def following() -> dict[str, Any]:
        line: dict[str, Any] = json.loads(await asyncio.wait_for(lines.readline(), 60))
        return line

    try:
        assert await lines.readline() == b"listening\n"
        yield following
    finally:
        process.terminate()
        await process.wait()


def caller(tls: LoopbackTls, port: int) -> WebhookHttp:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    return WebhookHttp(resolve=resolve, is_allowed=lambda _: True, ports=[port], authorities=tls.client)


async def test_npms_standardwebhooks_accepts_every_event_and_no_forgery(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = loopback_tls(tmp_path)
    with reserved_port() as port:
        monkeypatch.setattr("app.process.webhook_caller", lambda: caller(tls, port))
        async with open_service(database_url, tmp_path / "data") as service:
            wanted = {"operator": OPERATOR, "url": f"https://hooks.awizo.test:{port}/awizo"}
            made = (await service.client.post("/v1/webhooks", json=wanted, headers=service.admin)).json()
            async with receiving(tmp_path, port, made["secret"]) as following:
                scene = await set_scene(service)
                lines = [await following() for _ in range(6)]  # four consents, two messages
                told = {line["id"]: line["event"] for line in lines}
                assert [line["forgeries"] for line in lines] == [0] * len(told)
                sent = [event["data"] for event in told.values() if event["type"] == "notification.sent"]
                assert {data["notification"] for data in sent} == {scene.sms, scene.email}
                place = f"/v1/webhooks/{made['id']}"
                assert (await service.client.post(f"{place}/secret", headers=service.admin)).status_code == 200
                await service.client.post(f"{place}/test", headers=service.admin)
                tried = await following()  # it still holds the secret before
                assert (tried["event"]["type"], tried["forgeries"]) == ("webhook.test", 0)
