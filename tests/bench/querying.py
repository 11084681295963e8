"""Row of queries: each kind of search in a large database, beside the read of one notification by its id."""

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.api.search_models import cursor_of
from app.domain.retention import first_id_at
from app.storage.tables import notifications
from app.wiring import sealer_of
from tests.bench import query_history
from tests.bench.deployments import Deployment
from tests.bench.load import WrongAnswerError, get, post
from tests.bench.pacing import Connection, connect
from tests.bench.plan import Plan
from tests.bench.processes import awizo
from tests.bench.query_kinds import Kind, body_of, kinds
from tests.bench.report import Beside, Row

_LIMITS = (1, 50)
_MOST = 3.0
_PAIRS = 20
_ITEM = b'"merged_into":'
_FLOOR = "GET of one notification by its id"
_SEARCH = "/v1/notifications/search"


async def querying(deployment: Deployment, plan: Plan) -> list[Row]:
    """Every kind of search, with one item a page and with fifty; the slowest of each stand in the table of all rows."""
    async with deployment.open() as database:
        sealer = sealer_of(deployment.settings, database)
        await sealer.start()
        people = await query_history.fill(database, sealer, notifications_wanted=plan.notifications)
    return await searching(deployment, plan, people=people)


async def searching(deployment: Deployment, plan: Plan, *, people: int) -> list[Row]:
    """The same in a database that is filled already, for so many people."""
    wanted = kinds(people=people, copies=people // query_history.PEOPLE - 1)
    asking = _Asking(deployment=deployment, plan=plan, ids=await _some_ids(deployment))
    with awizo(deployment, role="api") as port:
        rows = [row for kind in wanted for row in await asking.measured(port, kind)]
    _write(plan, deployment, rows)
    return [_slowest(rows, limit) for limit in _LIMITS]


def _slowest(rows: Sequence[Beside], limit: int) -> Beside:
    alike = [row for row in rows if row.what.endswith(_of_limit(limit))]
    return max(alike, key=lambda row: median(row.ratios))


async def _some_ids(deployment: Deployment) -> list[UUID]:
    """Notifications from all over the history; few, because a search that is repeated reads the same rows, too."""
    async with deployment.open() as database, database.read() as tx:
        ids: list[UUID] = []
        for days in range(0, 360, 10):
            since = first_id_at(datetime.now(UTC) - timedelta(days=days + 10))
            query = select(notifications.c.id).where(notifications.c.id > since).order_by(notifications.c.id)
            ids += (await tx.execute(query.limit(1))).scalars()
    return ids


def _of_limit(limit: int) -> str:
    return f"limit {limit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    deployment: Deployment
    plan: Plan
    ids: Sequence[UUID]

    async def measured(self, port: int, kind: Kind) -> list[Beside]:
        """The first page and, where it is deep, one from the middle of the history; each with both limits."""
        cursors = [None, cursor_of(first_id_at(datetime.now(UTC) - timedelta(days=182)))] if kind.deep else [None]
        rows = []
        for cursor, limit in itertools.product(cursors, _LIMITS):
            body = body_of(kind, limit=limit) | ({"cursor": cursor} if cursor else {})
            page = "page in the middle" if cursor else "first page"
            rows.append(await self._beside(port, f"{kind.name}, {page}, {_of_limit(limit)}", body, finds=kind.finds))
        return rows

    async def _beside(self, port: int, what: str, body: dict[str, Any], *, finds: bool | None) -> Beside:
        """One search, one read, and so on: what else the machine does falls on both alike."""
        request = post(
            port, _SEARCH, json.dumps(body).encode(), token=self.deployment.token, content_type="application/json"
        )
        connection, reads = await connect(port), self._reads(port)
        try:
            _, answer = await connection.answer(request)
            found = answer.count(_ITEM)
            if finds is not None and bool(found) != finds:
                raise WrongAnswerError(f"{what}: {found} found")
            ours: list[list[float]] = []
            floor: list[list[float]] = []
            for _ in range(self.plan.rounds):
                ours.append([])
                floor.append([])
                for _ in range(_PAIRS):
                    floor[-1].append(await _milliseconds(connection, next(reads), items=1))
                    ours[-1].append(await _milliseconds(connection, request, items=found))
        finally:
            connection.close()
        row = Beside(what=what, database=self.deployment.name, floor_is=_FLOOR, ours=ours, floor=floor, most=_MOST)
        sys.stderr.write(f"    {_line(row)}\n")
        return row

    def _reads(self, port: int) -> Iterator[bytes]:
        return (
            get(port, f"/v1/notifications/{each}", token=self.deployment.token) for each in itertools.cycle(self.ids)
        )


async def _milliseconds(connection: Connection, request: bytes, *, items: int) -> float:
    sent_at = perf_counter()
    status, answer = await connection.answer(request)
    taken = (perf_counter() - sent_at) * 1000
    if status != HTTPStatus.OK or answer.count(_ITEM) != items:
        raise WrongAnswerError(f"{status}: {answer[:400]!r}")
    return taken


def _write(plan: Plan, deployment: Deployment, rows: Sequence[Beside]) -> None:
    """The whole table, for people and for programs."""
    engine = deployment.name.lower()
    members = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": deployment.name,
        "notifications": plan.notifications,
        "floor": _FLOOR,
        "most": _MOST,
        "rows": [row.as_json() for row in rows],
    }
    out = Path(plan.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"query-{engine}.json").write_text(json.dumps(members, indent=1, ensure_ascii=False) + "\n")
    (out / f"query-{engine}.md").write_text(_page(members, rows))


def _page(members: dict[str, Any], rows: Sequence[Beside]) -> str:
    lines = [
        f"# Searches in {members['notifications']:,} notifications, {members['database']}",
        "",
        f"Written by `make bench ROWS=query`, {members['measured_at'][:10]}. Milliseconds over loopback, p50 / p95;",
        "the ratio of the medians, from least to most over the rounds. Beside each search, in turns, the floor:",
        f"{_FLOOR}. A page of fifty is fifty such notifications in one answer.",
        "",
        "| search | ms | floor, ms | ratio |",
        "|---|---|---|---|",
        *(_line(row) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Beside) -> str:
    shown = row.as_json()
    ours, floor = (f"{shown[name]['p50']:.1f} / {shown[name]['p95']:.1f}" for name in ("ours", "floor"))
    ratio = f"{shown['ratio']:.2f} ({shown['ratio_min']:.2f}–{shown['ratio_max']:.2f})"
    return f"| {row.what} | {ours} | {floor} | {ratio} |"
