"""A log to be watched, honest or forked, and a witness that watches it over real HTTP on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.merkle.checkpoint import Checkpoint
from app.merkle.cosignature import CosignerKey
from app.merkle.note import VKey, sign_note
from app.merkle.plans import consistency_plan, plan_nodes, resolve
from app.merkle.policy import parse_policy
from app.merkle.tree import CompactRange
from app.merkle.witness_request import format_add_checkpoint
from app.witness.server import _server, open_cosigner

WITNESS = "witness.example/w1"


class WatchedLog:
    """Leaves by number; from leaf `fork_at` on, those of a log that tells `story`."""

    def __init__(
        self, origin: str = "log.example/2026h2", *, seed: str = "", story: str = "", fork_at: int = 0
    ) -> None:
        self.origin = origin
        self.private = Ed25519PrivateKey.from_private_bytes(sha256(f"{origin}{seed}".encode()).digest())
        self.vkey = VKey(name=origin, public_key=self.private.public_key().public_bytes_raw())
        self._story = (story, fork_at)

    def forked(self, at: int) -> "WatchedLog":
        """The same log with the same key, telling other leaves from `at` on."""
        twin = WatchedLog(self.origin, story="another", fork_at=at)
        twin.private, twin.vkey = self.private, self.vkey
        return twin

    def text(self, size: int) -> str:
        root = CompactRange().extend(self._leaves(0, size)).root()
        return Checkpoint(origin=self.origin, size=size, root=root).text()

    def sign(self, text: str) -> bytes:
        return sign_note(text, vkey=self.vkey, sign=self.private.sign)

    def note(self, size: int) -> bytes:
        return self.sign(self.text(size))

    def proof(self, old: int, new: int) -> list[bytes]:
        plan = consistency_plan(old, new)
        spans = {node: (node.index << node.level, (node.index + 1) << node.level) for node in plan_nodes(plan)}
        return resolve(plan, {node: CompactRange().extend(self._leaves(*span)).root() for node, span in spans.items()})

    def body(self, old: int, new: int) -> bytes:
        """A request that an honest log would send."""
        return format_add_checkpoint(old_size=old, proof=self.proof(old, new), note=self.note(new))

    def _leaves(self, start: int, end: int) -> list[bytes]:
        story, fork_at = self._story
        return [sha256(b"%s %d" % (story.encode() if n >= fork_at else b"", n)).digest() for n in range(start, end)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchingWitness:
    """A witness that answers at `url`."""

    url: str
    key: CosignerKey
    client: httpx.AsyncClient

    async def add(self, body: bytes) -> httpx.Response:
        return await self.client.post("/add-checkpoint", content=body)

    async def latest(self, origin: str) -> httpx.Response:
        return await self.client.get(f"/{sha256(origin.encode()).hexdigest()}/checkpoint")


def policy_for(*logs: WatchedLog) -> bytes:
    return "".join(f"log {log.vkey}\n" for log in logs).encode() + b"quorum none\n"


@asynccontextmanager
async def watching(
    directory: Path, logs: Iterable[WatchedLog], *, name: str = WITNESS
) -> AsyncIterator[WatchingWitness]:
    """The witness of this directory, until the block ends."""
    cosigner = open_cosigner(directory, name=name, policies=[parse_policy(policy_for(log)) for log in logs])
    server = _server(cosigner)
    server.capture_signals = nullcontext  # the tests' process keeps its own
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=250)) as client:
                yield WatchingWitness(url=url, key=cosigner.key, client=client)
        finally:
            server.should_exit = True
            await serving
