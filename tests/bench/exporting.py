"""Row of exports: the proofs of thousands of notifications in one file; memory and progress of its writer."""

import asyncio
import http.client
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from app.storage.database import Database
from app.wiring import sealer_of
from tests.bench.deployments import Deployment
from tests.bench.happening import happening
from tests.bench.load import HOST
from tests.bench.plan import Plan
from tests.bench.processes import Running, awizo_process
from tests.bench.report import Row, Weight
from tests.bench.traffic import person
from tests.builders import OPERATOR, event

_TOGETHER = 100
_LOOK_SECONDS = 0.25
_WITHIN_SECONDS = 1_800.0
_DOWNLOAD_BYTES = 64 * 1024
_MEBIBYTE = 1024 * 1024
_GROWS_MOST = 8 * _MEBIBYTE
_MOST = 400 * _MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at one moment of an export: how far it was, and how much memory its writer had resident."""

    seconds: float
    listed: int
    written: int
    resident: int


async def exporting(deployment: Deployment, plan: Plan) -> list[Row]:
    """How much memory the writer has in the last third of an export, and at most."""
    async with deployment.open() as database:
        await _let_happen(database, deployment, proofs=plan.proofs)
    with ExitStack() as stack:
        api = stack.enter_context(awizo_process(deployment, role=deployment.api_role))
        writer = api
        if not deployment.is_sqlite:
            writer = stack.enter_context(awizo_process(deployment, role="worker"))
        asking = _Asking(port=api.port, token=deployment.token)
        # Without the reminders, which the worker begins to plan at once.
        wanted = {"operator": OPERATOR, "kind": "notice_left", "reason": "a measured export"}
        export = asking.ask("POST", "/v1/audit/exports", wanted)["export"]
        looks = await _watched(asking, f"/v1/audit/exports/{export}", writer)
        downloaded = list(asking.download(f"/v1/audit/exports/{export}/file", api))
    _check(looks, downloaded, proofs=plan.proofs)
    _write(plan, deployment, looks, downloaded)
    return rows_of(deployment.name, plan.proofs, looks)


def rows_of(database: str, proofs: int, looks: Sequence[Look]) -> list[Row]:
    """What the writer's memory comes to in the last third, against a little more than in the first; and at most."""
    first, last = _thirds(looks)
    what = f"export of {proofs:,} proofs: its writer's memory"
    in_first = f"{what} in the last third ({first / _MEBIBYTE:,.0f} MiB in the first)"
    return [
        Weight(what=in_first, database=database, bytes=last, most=first + _GROWS_MOST),
        Weight(what=f"{what}, at most", database=database, bytes=max(_memory(looks)), most=_MOST),
    ]


async def _let_happen(database: Database, deployment: Deployment, *, proofs: int) -> None:
    """As many notifications, each sent, accepted and – the SMS – reported on, their facts published."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    async with happening(database) as happen:
        for first in range(0, proofs // 2, _TOGETHER):
            names = ((n, f"00{n:018d}") for n in range(first, min(first + _TOGETHER, proofs // 2)))
            await happen.accept(
                [
                    event(at=at, id=name, data={"shipment": name, "recipient": person(n % deployment.recipients)})
                    for n, name in names
                ]
            )
            await happen.send()
        await happen.deliver()
    sealer = sealer_of(deployment.settings, database)
    await sealer.start()
    while await sealer.turn():
        pass


async def _watched(asking: "_Asking", export: str, writer: Running) -> list[Look]:
    """Looks at it until it is done."""
    looks, started = [], perf_counter()
    async with asyncio.timeout(_WITHIN_SECONDS):
        while True:
            shown = asking.ask("GET", export)
            looks.append(
                Look(
                    seconds=perf_counter() - started,
                    listed=shown["notifications"],
                    written=shown["written"],
                    resident=resident(writer.pid),
                )
            )
            if shown["state"] not in {"queued", "running"}:
                return looks
            await asyncio.sleep(_LOOK_SECONDS)


def resident(pid: int) -> int:
    """How many bytes of a process are in memory (VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    port: int
    token: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON of an answer."""
        connection, answer = self._sent(method, path, body)
        try:
            said: dict[str, Any] = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{answer.status}: {said}")
        return said

    def download(self, path: str, server: Running) -> Iterator[tuple[bytes, int]]:
        """A file piece by piece, and how many bytes of its server are in memory after each."""
        connection, answer = self._sent("GET", path, None)
        try:
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {answer.read(400)!r}")
            while piece := answer.read(_DOWNLOAD_BYTES):
                yield piece, resident(server.pid)
        finally:
            connection.close()

    def _sent(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=120)
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        return connection, connection.getresponse()


def _check(looks: Sequence[Look], downloaded: Sequence[tuple[bytes, int]], *, proofs: int) -> None:
    """It wrote all of them, its progress never fell, and the file holds them."""
    for name in ("listed", "written"):
        seen = [getattr(look, name) for look in looks]
        if seen != sorted(seen) or seen[-1] != proofs:
            raise RuntimeError(f"{name}: {seen}")
    with zipfile.ZipFile(io.BytesIO(b"".join(piece for piece, _ in downloaded))) as file:
        bundles = [name for name in file.namelist() if name.startswith("bundles/")]
        if len(bundles) != proofs or file.testzip() is not None:
            raise RuntimeError(f"the file has {len(bundles)} bundles")


def _memory(looks: Sequence[Look]) -> list[float]:
    return [float(look.resident) for look in looks]


def _thirds(looks: Sequence[Look]) -> tuple[float, float]:
    """The median of the resident memory in the first and in the last third of the writing."""
    memory = _memory([each for each in looks if each.written])
    third = max(1, len(memory) // 3)
    return median(memory[:third]), median(memory[-third:])


def _write(plan: Plan, deployment: Deployment, looks: Sequence[Look], downloaded: Sequence[tuple[bytes, int]]) -> None:
    """All that was seen, for programs."""
    first, last = _thirds(looks)
    served = [size for _, size in downloaded]
    members = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": deployment.name,
        "proofs": plan.proofs,
        "seconds": round(looks[-1].seconds, 1),
        "file_bytes": sum(len(piece) for piece, _ in downloaded),
        "writer_resident": {"first_third": int(first), "last_third": int(last)},
        "server_resident_while_downloading": {"first": served[0], "most": max(served), "last": served[-1]},
        "looks": [[round(look.seconds, 1), look.listed, look.written, look.resident] for look in looks],
    }
    plan.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(members, ensure_ascii=False) + "\n"
    (plan.out / f"export-{deployment.name.lower()}.json").write_text(text)
