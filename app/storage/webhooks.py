"""Endpoints of other systems, how far each has been told, and what is still to be sent to them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update

from app.domain.webhook import Place, WebhookType
from app.storage.database import Tx
from app.storage.sql import insert_ignoring, locked, one_of
from app.storage.tables import webhook_deliveries, webhooks

_ENDPOINT = webhooks.c
_DELIVERY = webhook_deliveries.c


class WebhookState(StrEnum):
    """Whether an endpoint is told of anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class WebhookLeaseLostError(Exception):
    """Somebody else tells this endpoint now, or it was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """What only the key of the endpoint opens: where it is, what for, and what calls are signed with."""

    url: str = field(repr=False)
    description: str = field(repr=False)
    secret: str = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)

    def signing(self, now: datetime, previous_until: datetime | None) -> list[str]:
        """The secrets that sign at `now`, the newest first."""
        if self.previous_secret is None or previous_until is None or now >= previous_until:
            return [self.secret]
        return [self.secret, self.previous_secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTest:
    """A test event: when it was asked for, and once it was sent why it failed, if it did."""

    id: UUID
    asked_at: datetime
    ended_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One endpoint. `events`: of which types it is told; `place`: how far of the log it was looked at for it."""

    id: UUID
    operator: str
    state: WebhookState
    why: str | None
    events: frozenset[WebhookType]
    target: WebhookTarget
    previous_until: datetime | None
    created_at: datetime
    place: Place
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    failing_since: datetime | None
    test: WebhookTest | None
    lease: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An entry of the log that an endpoint must still be told of, and how often that was tried in vain."""

    shard: str
    index: int
    tries: int
    first_at: datetime | None


async def add(tx: Tx, webhook: Webhook) -> None:
    """Write a new endpoint."""
    key, wrapped = tx.vault.new_key(webhook.id.bytes)
    row = {
        "id": webhook.id,
        "operator": webhook.operator,
        "state": webhook.state,
        "events": None if webhook.events == frozenset(WebhookType) else " ".join(sorted(webhook.events)),
        "wrapped_key": wrapped,
        "sealed": key.seal(_packed(webhook.target), place=_sealed_place(webhook.id)),
        "created_at": webhook.created_at,
        "shard": webhook.place.shard,
        "position": webhook.place.index,
        "lease_until": webhook.created_at,
    }
    await tx.execute(insert(webhooks).values(row))


async def count_of(tx: Tx, operator: str, *, limit: int) -> int:
    """How many endpoints that operator has, counted up to `limit`."""
    some = select(_ENDPOINT.id).where(_ENDPOINT.operator == operator).limit(limit).subquery()
    return int((await tx.execute(select(func.count()).select_from(some))).scalar_one())


async def of_operators(tx: Tx, operators: Iterable[str] | None, *, limit: int) -> list[Webhook]:
    """Up to `limit` endpoints of these operators (None: of all), the oldest first."""
    query = select(webhooks).order_by(_ENDPOINT.id).limit(limit)
    if operators is not None:
        query = query.where(one_of(tx, _ENDPOINT.operator, operators))
    return [_webhook(tx, row) for row in await tx.execute(query)]


async def find(tx: Tx, webhook: UUID, *, lock: bool = False) -> Webhook | None:
    """One endpoint."""
    query = select(webhooks).where(_ENDPOINT.id == webhook)
    row = (await tx.execute(locked(tx, query) if lock else query)).one_or_none()
    return _webhook(tx, row) if row else None


async def remove(tx: Tx, webhook: UUID) -> None:
    """Delete an endpoint with all that it was still to be told of."""
    await tx.execute(delete(webhooks).where(_ENDPOINT.id == webhook))
    await tx.execute(delete(webhook_deliveries).where(_DELIVERY.webhook_id == webhook))


async def save(tx: Tx, webhook: UUID, **values: Any) -> None:
    """Write these columns of an endpoint."""
    await tx.execute(update(webhooks).where(_ENDPOINT.id == webhook).values(values))


async def move(tx: Tx, webhook: UUID, place: Place) -> None:
    """Go on from that place of the log."""
    await save(tx, webhook, shard=place.shard, position=place.index)


async def save_target(tx: Tx, webhook: UUID, target: WebhookTarget, *, previous_until: datetime) -> None:
    """Write other secrets of an endpoint, whose row is locked."""
    wrapped = (await tx.execute(select(_ENDPOINT.wrapped_key).where(_ENDPOINT.id == webhook))).scalar_one()
    key = tx.vault.unwrap(wrapped, webhook.bytes)
    sealed = key.seal(_packed(target), place=_sealed_place(webhook))
    await save(tx, webhook, sealed=sealed, previous_until=previous_until)


async def waiting(tx: Tx, newest: Place, *, now: datetime, pending_max: int, limit: int) -> list[UUID]:
    """Endpoints whom there may be something to tell, and nobody does; who waits longest comes first.

    `newest` is the end of the published log. Where `pending_max` deliveries wait already, no more of it is read.
    """
    mine = _DELIVERY.webhook_id == _ENDPOINT.id
    pending = select(func.count()).select_from(webhook_deliveries).where(mine).scalar_subquery()
    behind = (_ENDPOINT.shard != newest.shard) | (_ENDPOINT.position < newest.index)
    to_tell = exists().where(mine, _DELIVERY.due_at <= now) | (behind & (pending < pending_max))
    to_test = _ENDPOINT.test_id.is_not(None) & _ENDPOINT.test_ended_at.is_(None)
    query = (
        select(_ENDPOINT.id)
        .where(_free(now), to_test | ((_ENDPOINT.state == WebhookState.ENABLED) & to_tell))
        .order_by(_ENDPOINT.lease_until)
        .limit(limit)
    )
    return list((await tx.execute(query)).scalars())


async def claim(tx: Tx, candidates: Sequence[UUID], *, lease: UUID, now: datetime, length: timedelta) -> list[Webhook]:
    """Those of the candidates that are still free, ours for that long."""
    query = select(webhooks).where(one_of(tx, _ENDPOINT.id, candidates), _free(now))
    rows = list(await tx.execute(locked(tx, query, skip=True)))
    mine = one_of(tx, _ENDPOINT.id, [row.id for row in rows])
    if rows:
        await tx.execute(update(webhooks).where(mine).values(lease=lease, lease_until=now + length))
    return [_webhook(tx, row, lease=lease) for row in rows]


def _free(now: datetime) -> ColumnElement[bool]:
    return _ENDPOINT.lease_until <= now


async def hold(tx: Tx, webhook: UUID, lease: UUID, *, until: datetime) -> Webhook:
    """Lock an endpoint that is ours, and keep it until then. Raises WebhookLeaseLostError when it is not ours."""
    found = await find(tx, webhook, lock=True)
    if found is None or found.lease != lease:
        raise WebhookLeaseLostError
    await save(tx, webhook, lease_until=until)
    return found


async def let_go(tx: Tx, webhook: UUID, lease: UUID, *, now: datetime) -> None:
    """Anybody may tell the endpoint now."""
    mine = (_ENDPOINT.id == webhook) & (_ENDPOINT.lease == lease)
    await tx.execute(update(webhooks).where(mine).values(lease=None, lease_until=now))


async def add_deliveries(tx: Tx, webhook: UUID, places: Iterable[tuple[str, int]], *, now: datetime) -> None:
    """The endpoint must be told of these entries, unless it must already."""
    rows = [{"webhook_id": webhook, "shard": shard, "leaf_index": index, "due_at": now} for shard, index in places]
    if rows:
        await tx.execute(insert_ignoring(tx, webhook_deliveries, "webhook_id", "shard", "leaf_index"), rows)


async def due(tx: Tx, webhook: UUID, *, now: datetime, limit: int) -> list[Delivery]:
    """What the endpoint must be told of now, the longest due first."""
    query = select(webhook_deliveries).where(_DELIVERY.webhook_id == webhook, _DELIVERY.due_at <= now)
    query = query.order_by(_DELIVERY.due_at, _DELIVERY.shard, _DELIVERY.leaf_index).limit(limit)
    return [
        Delivery(shard=row.shard, index=row.leaf_index, tries=row.tries, first_at=row.first_at)
        for row in await tx.execute(query)
    ]


async def count_pending(tx: Tx, webhooks_: Iterable[UUID]) -> dict[UUID, int]:
    """How much these endpoints must still be told of; absent where it is nothing."""
    query = select(_DELIVERY.webhook_id, func.count().label("many")).group_by(_DELIVERY.webhook_id)
    return {
        row.webhook_id: row.many for row in await tx.execute(query.where(one_of(tx, _DELIVERY.webhook_id, webhooks_)))
    }


async def done(tx: Tx, webhook: UUID, delivery: Delivery) -> None:
    """The endpoint need not be told of that any more."""
    await tx.execute(delete(webhook_deliveries).where(_is(webhook, delivery)))


async def put_off(
    tx: Tx, webhook: UUID, delivery: Delivery, *, tries: int, first_at: datetime, due_at: datetime
) -> None:
    """The endpoint is to be told of that again."""
    values = {"tries": tries, "first_at": first_at, "due_at": due_at}
    await tx.execute(update(webhook_deliveries).where(_is(webhook, delivery)).values(values))


def _is(webhook: UUID, delivery: Delivery) -> ColumnElement[bool]:
    same = (_DELIVERY.shard == delivery.shard) & (_DELIVERY.leaf_index == delivery.index)
    return (_DELIVERY.webhook_id == webhook) & same


async def begin_again(tx: Tx, webhook: UUID, *, now: datetime) -> None:
    """All that the endpoint must still be told of is due now, as if it had never been tried."""
    values = {"tries": 0, "first_at": None, "due_at": now}
    await tx.execute(update(webhook_deliveries).where(_DELIVERY.webhook_id == webhook).values(values))


async def forget_deliveries(tx: Tx, webhook: UUID) -> None:
    """The endpoint is told of nothing that waits."""
    await tx.execute(delete(webhook_deliveries).where(_DELIVERY.webhook_id == webhook))


async def counts(tx: Tx) -> tuple[dict[str, int], int, int]:
    """How many endpoints there are by state, how many of them get nothing that is sent, and how much waits in all."""
    by_state = select(_ENDPOINT.state, func.count().label("many"), func.count(_ENDPOINT.failing_since).label("failing"))
    rows = list(await tx.execute(by_state.group_by(_ENDPOINT.state)))
    pending = (await tx.execute(select(func.count()).select_from(webhook_deliveries))).scalar_one() if rows else 0
    return {row.state: row.many for row in rows}, sum(row.failing for row in rows), int(pending)


def _webhook(tx: Tx, row: Any, **changed: Any) -> Webhook:
    key = tx.vault.unwrap(row.wrapped_key, row.id.bytes)
    told_of = WebhookType if row.events is None else map(WebhookType, row.events.split())
    test = None
    if row.test_id is not None:
        test = WebhookTest(
            id=row.test_id, asked_at=row.test_asked_at, ended_at=row.test_ended_at, failure=row.test_failure
        )
    return Webhook(
        id=row.id,
        operator=row.operator,
        state=WebhookState(row.state),
        why=row.why,
        events=frozenset(told_of),
        target=WebhookTarget(**json.loads(key.open(row.sealed, place=_sealed_place(row.id)))),
        previous_until=row.previous_until,
        created_at=row.created_at,
        place=Place(shard=row.shard, index=row.position),
        last_success_at=row.last_success_at,
        last_failure_at=row.last_failure_at,
        last_failure=row.last_failure,
        failing_since=row.failing_since,
        test=test,
        lease=changed.get("lease", row.lease),
    )


def _packed(target: WebhookTarget) -> bytes:
    return json.dumps(
        {
            "url": target.url,
            "description": target.description,
            "secret": target.secret,
            "previous_secret": target.previous_secret,
        }
    ).encode()


def _sealed_place(webhook: UUID) -> bytes:
    return b"webhook" + webhook.bytes
