"""A time stamping authority beside a running service: `openssl ts -reply` behind a small HTTP server."""

import asyncio
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from tests.doubles.tsa import Relay, TsaServer, new_authority

CONFIGURATION = """\
[tsa]
default_tsa = here
[here]
serial = serial
signer_cert = leaf.pem
signer_key = key.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
tsa_name = yes
ess_cert_id_alg = sha256
"""


@contextmanager
def authority(directory: Path) -> Iterator[dict[str, str]]:
    """Run it; gives the settings with which a service asks it. Its certificate is `root.pem` in `directory`."""
    made = new_authority(begin=datetime.now(UTC) - timedelta(days=1))
    files = {"root.pem": made.root_pem, "leaf.pem": made.leaf_pem, "key.pem": made.key_pem, "serial": b"01\n"}
    for name, content in {**files, "tsa.cnf": CONFIGURATION.encode()}.items():
        (directory / name).write_bytes(content)

    def respond(query: bytes) -> bytes:
        (directory / "query").write_bytes(query)
        arguments = ["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "answer"]
        subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, check=True)
        return (directory / "answer").read_bytes()

    server = TsaServer(made)
    server.behave = lambda: Relay(respond=respond)
    with _serving(server) as url:
        yield {"tsa_url": url, "tsa_ca_file": str(directory / "root.pem")}


@contextmanager
def _serving(server: TsaServer) -> Iterator[str]:
    """Serve in an event loop of its own, so that tests that know none can use it."""
    url: Future[str] = Future()
    stopped = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with server:
            url.set_result(server.url)
            await stopped.wait()

    thread = Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield url.result(timeout=10)
    finally:
        loops[0].call_soon_threadsafe(stopped.set)
        thread.join(timeout=10)
