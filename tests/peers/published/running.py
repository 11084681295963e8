"""A service as it runs in the world – its own process, its own database, providers beside it – seen over HTTP alone."""

import json
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.builders import OPERATOR, RECIPIENT, SHIPMENT
from tests.integration.api.process import environment, free_port, serve
from tests.integration.api.service import BATCH, bearer, fresh_event, person

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
SETTLED = {("sms", "delivered"), ("email", "sent"), ("sms", "suppressed"), ("email", "suppressed")}
WAIT_SECONDS = 60.0
STRANGERS = 600
ROUNDS = 4
CLOSED = "-closed.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a running service gave out, as files below `directory`.

    `log/` holds `checkpoint`, `vkey` and the tiles under the paths at which they are served, `bundles/` the proof
    bundles of several notifications, `packs/` the same as court packs. Those that show nothing are all proven against
    that checkpoint, the others against older ones. Their facts name older checkpoints, and an older one is stamped.
    """

    directory: Path
    origin: str
    size: int

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def vkeys(self) -> Path:
        return self.log / "vkey"

    @property
    def checkpoint(self) -> Path:
        return self.log / "checkpoint"

    @property
    def log_key(self) -> bytes:
        """The 32 bytes of the key that signs checkpoints."""
        return b64decode(self.vkeys.read_text().split()[0].split("+", 2)[2])[1:]

    @property
    def bundles(self) -> list[Path]:
        return sorted((self.directory / "bundles").iterdir())

    @property
    def closed_bundles(self) -> list[Path]:
        """The bundles that show no field."""
        return [bundle for bundle in self.bundles if bundle.name.endswith(CLOSED)]

    @property
    def packs(self) -> list[Path]:
        return sorted((self.directory / "packs").iterdir())


@contextmanager
def sandbox(directory: Path) -> Iterator[Mapping[str, str]]:
    """`awizo sandbox` as a process; gives the settings with which a service sends through it."""
    port, smtp_port = free_port(), free_port()
    arguments = ["sandbox", "--port", str(port), "--smtp-port", str(smtp_port)]
    with (directory / "sandbox.log").open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=directory,
            env=environment(directory, {}),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/inbox.json"), "the sandbox to answer")
        yield {
            "sms_providers": "twilio",
            "twilio_account_sid": "AC" + "5a" * 16,
            "twilio_auth_token": "sandbox",
            "twilio_from": "Awizo",
            "twilio_base_url": f"http://127.0.0.1:{port}",
            "email_providers": "smtp",
            "email_from": "awizo@awizo.example",
            "smtp_url": f"smtp://127.0.0.1:{smtp_port}",
        }
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@dataclass(slots=True, kw_only=True)
class Client:
    """Somebody who may do everything, over HTTP; and at the machine itself, with `awizo` as a command."""

    http: httpx.Client
    directory: Path
    settings: Mapping[str, str] = field(repr=False)
    notifications: dict[str, str] = field(default_factory=dict)

    def register(self, name: str, *, agreed: bool = True) -> None:
        answer = self.http.put(f"/v1/recipients/{OPERATOR}/{name}", json=person(agreed=agreed))
        assert answer.status_code == 201, answer.text

    def post(self, name: str, number: int) -> None:
        """A paper notice; its notifications are remembered by recipient, number and channel."""
        answer = self.http.post("/v1/events", content=json.dumps(notice(name, number)), headers=STRUCTURED)
        assert answer.status_code == 202, answer.text
        for told in answer.json()["notifications"]:
            self.notifications[f"{name}-{number}-{told['channel']}"] = told["id"]

    def post_strangers(self, count: int, start: int) -> None:
        """As many events about people whom nobody registered: each is one fact."""
        events = [notice("nobody", start + number) for number in range(count)]
        answer = self.http.post("/v1/events", content=json.dumps(events), headers=BATCH)
        assert answer.status_code == 202, answer.text

    def is_settled(self) -> bool:
        """Whether every message has left or was suppressed, every report is in, and all facts are published."""
        views = [self.http.get(f"/v1/notifications/{each}").json() for each in self.notifications.values()]
        return all(
            view["facts"]["total"] == view["facts"]["published"] and (view["channel"], view["status"]) in SETTLED
            for view in views
        )

    def bundle(self, notification: str, **parameters: str) -> bytes:
        answer = self.http.get(f"/v1/notifications/{notification}/proof", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.content

    def court_pack(self, notification: str) -> bytes:
        answer = self.http.get(f"/v1/notifications/{notification}/proof", headers={"Accept": "application/zip"})
        assert answer.status_code == 200, answer.text
        return answer.content

    def awizo(self, *arguments: str) -> str:
        """What a command beside the running service prints."""
        return command(self.directory, self.settings, *arguments)

    def fetch(self, path: str) -> bytes:
        """Something public: without the key."""
        answer = httpx.get(f"{self.http.base_url}{path}")
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.content


def notice(name: str, number: int) -> dict[str, Any]:
    return fresh_event(id=f"{name}-{number}", data={"recipient": name, "shipment": f"{SHIPMENT}-{name}-{number}"})


@contextmanager
def running(directory: Path, **settings: str) -> Iterator[Client]:
    """A service that has told several people of several notices, in a log of some hundred entries."""
    port = free_port()
    with sandbox(directory) as providers:
        own = {**providers, "public_url": f"http://127.0.0.1:{port}", **settings}
        with serve(directory, port=port, **own) as server:
            token = command(directory, own, "keys", "create", "--name", "peers", "--scope", "admin")
            with httpx.Client(base_url=server.url, headers=bearer(token), timeout=30) as http:
                client = Client(http=http, directory=directory, settings=own)
                live_through(client)
                yield client


def command(directory: Path, settings: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=directory,
        env=environment(directory, settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def live_through(client: Client) -> None:
    """Let the log grow between the facts of each notification, so that they name checkpoints of many sizes."""
    client.register(RECIPIENT)
    client.register("never-agreed", agreed=False)
    for number in range(ROUNDS):
        client.post(RECIPIENT, number)
        client.post_strangers(STRANGERS // ROUNDS, start=number * STRANGERS)
        wait_until(client.is_settled, "messages to leave and their facts to be published")
    client.post("never-agreed", 0)
    wait_until(client.is_settled, "the last facts to be published")


def publish(client: Client, directory: Path) -> Published:
    """Fetch the bundles, and the log, which stands still once everything is settled, into `directory`.

    What shows fields comes first: that somebody read them is put on record.
    """
    for name, notification in client.notifications.items():
        write(directory / "bundles" / f"{name}.json", client.bundle(notification))
        write(directory / "packs" / f"{name}.zip", client.court_pack(notification))
    wait_until(lambda: not is_growing(client), "the log to stand still")
    checkpoint = client.fetch("/log/checkpoint")
    origin, size = checkpoint.decode().split("\n")[:2]
    shard = origin.rpartition("/")[2]
    write(directory / "log" / "checkpoint", checkpoint)
    write(directory / "log" / "vkey", client.fetch("/log/vkey"))
    for path in tile_paths(int(size)):
        write(directory / "log" / path, client.fetch(f"/log/{shard}/{path}"))
    for name, notification in client.notifications.items():
        data = client.bundle(notification, open="none")
        assert checkpoint.decode() in json.loads(data)["facts"][0]["proof"], "the log grew meanwhile"
        write(directory / "bundles" / f"{name}{CLOSED}", data)
    return Published(directory=directory, origin=origin, size=int(size))


def is_growing(client: Client) -> bool:
    before = client.fetch("/log/checkpoint")
    time.sleep(0.5)
    return client.fetch("/log/checkpoint") != before


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def tile_paths(size: int) -> Sequence[str]:
    """Every tile and entry bundle of a tree of that size, below 256,000 entries, as c2sp.org/tlog-tiles names them."""
    paths = []
    for level, above in (("0", 0), ("1", 8), ("2", 16), ("entries", 0)):
        hashes = size >> above
        for index in range((hashes + 255) // 256):
            width = min(256, hashes - index * 256)
            paths.append(f"tile/{level}/{index:03d}" + ("" if width == 256 else f".p/{width}"))
    return paths
