"""What is sent next: the longest waiting – and where more waits than can leave, by turns among those who wait.

Each notification is in a lane, by its operator and its source. While not everything that is due can be taken, the
operators that have something due share the places equally, and so do the sources of each: whose backlog is long waits
for it alone. No state is kept but the rows themselves, so that it holds after a restart and for any number of workers;
a look goes from lane to lane along an index, never through a backlog.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, zip_longest
from uuid import UUID

from sqlalchemy import BigInteger, TextClause, Uuid, bindparam, column, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.channel import Channel
from app.domain.notification import Notification
from app.domain.turns import shares
from app.storage.database import Tx
from app.storage.lanes import SOURCE_BITS
from app.storage.notifications import notification_of
from app.storage.sql import Lookup, locked
from app.storage.tables import DUE_ROWS, WAITING_ROWS, notifications
from app.storage.types import Instant

# So many lanes of an operator are looked into in one claim; where there are more, others of them in the next.
LANES_MAX = 256

_BY_ID = Lookup(select(notifications), notifications.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many notifications of one channel may be taken at `now`; `chance` in [0, 1) says whose turn is first."""

    channel: Channel
    now: datetime
    limit: int
    chance: float


async def due_to_send(tx: Tx, room: Room) -> list[Notification]:
    """As many waiting notifications whose time has come as there is room for, locked, as they are to be sent.

    Those that another worker holds are left out.
    """
    due = await _longest_waiting(tx, room)
    if len(due) < room.limit:
        return due
    turns = shares(await _lanes_in_turn(tx, room), places=room.limit, chance=room.chance)
    if len(turns) < 2 <= room.limit:
        return due
    taken = await _by_turns(tx, room, turns)
    chosen = {n.id for n in taken}
    return [*taken, *(n for n in due if n.id not in chosen)][: room.limit]


async def count_due(tx: Tx, *, channel: Channel, now: datetime, limit: int) -> int:
    """How many notifications of one channel wait and are due, counted up to `limit`."""
    due = (
        select(notifications.c.id)
        .where(WAITING_ROWS, notifications.c.channel == channel, notifications.c.due_at <= now)
        .limit(limit)
        .subquery()
    )
    return int((await tx.execute(select(func.count()).select_from(due))).scalar_one())


async def _longest_waiting(tx: Tx, room: Room) -> list[Notification]:
    query = (
        select(notifications)
        .where(WAITING_ROWS, notifications.c.channel == room.channel, notifications.c.due_at <= room.now)
        .order_by(notifications.c.due_at)
        .limit(room.limit)
    )
    return [notification_of(row) for row in await tx.execute(locked(tx, query, skip=True))]


# Goes from operator to operator, then within each from lane to lane, each step one look into ix_notifications_turns;
# `begin` is where among the lanes of an operator.
_ROWS = f"FROM notifications WHERE {DUE_ROWS.text} AND channel = :channel AND lane"
LANES = text(f"""
    WITH RECURSIVE operators(lane) AS (
        SELECT (SELECT lane {_ROWS} >= 0 ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane {_ROWS} >= ((operators.lane >> {SOURCE_BITS}) + 1) << {SOURCE_BITS} ORDER BY lane LIMIT 1)
        FROM operators WHERE operators.lane IS NOT NULL
    ), lanes(lane, above, step) AS (
        SELECT (SELECT lane {_ROWS} >= ((operators.lane >> {SOURCE_BITS}) << {SOURCE_BITS}) + :begin
                    AND lane < ((operators.lane >> {SOURCE_BITS}) + 1) << {SOURCE_BITS} ORDER BY lane LIMIT 1),
            ((operators.lane >> {SOURCE_BITS}) + 1) << {SOURCE_BITS}, 1
        FROM operators WHERE operators.lane IS NOT NULL
        UNION ALL
        SELECT (SELECT lane {_ROWS} > lanes.lane AND lane < lanes.above ORDER BY lane LIMIT 1), lanes.above, step + 1
        FROM lanes WHERE lanes.lane IS NOT NULL AND step < :most
    )
    SELECT lanes.lane, step, (SELECT due_at {_ROWS} = lanes.lane ORDER BY due_at LIMIT 1) <= :now AS is_due
    FROM lanes WHERE lanes.lane IS NOT NULL
""").bindparams(bindparam("now", type_=Instant), bindparam("begin", type_=BigInteger))  # noqa: S608 – our own words

# So many of each lane as its share is. A lane that another worker is at gives what comes after.
_OF_A_LANE = f"SELECT id {_ROWS} = turn.value AND due_at <= :now ORDER BY due_at LIMIT :share"
_TAKE_POSTGRES = text(f"""
    SELECT turn.value AS lane, taken.id FROM unnest(:lanes) AS turn(value)
    CROSS JOIN LATERAL ({_OF_A_LANE} FOR NO KEY UPDATE SKIP LOCKED) AS taken
""").bindparams(bindparam("lanes", type_=ARRAY(BigInteger)), bindparam("now", type_=Instant))  # noqa: S608 – our own words
_TAKE_SQLITE = text(f"""
    SELECT turn.value AS lane, taken.id FROM json_each(:lanes) AS turn
    CROSS JOIN notifications AS taken WHERE taken.id IN ({_OF_A_LANE}) ORDER BY taken.due_at
""").bindparams(bindparam("now", type_=Instant))  # noqa: S608 – our own words


async def _lanes_in_turn(tx: Tx, room: Room) -> list[list[int]]:
    """The lanes of each operator in which something is due."""
    found = await _lanes(tx, room, begin=0)
    if any(step == LANES_MAX for _, step, _ in found):
        found += await _lanes(tx, room, begin=int(room.chance * (1 << SOURCE_BITS)))
    due = sorted({lane for lane, _, is_due in found if is_due})
    return [list(lanes) for _, lanes in groupby(due, key=lambda lane: lane >> SOURCE_BITS)]


async def _lanes(tx: Tx, room: Room, *, begin: int) -> list[tuple[int, int, bool]]:
    """Lanes in which something waits, with the step at which each was come by, and whether something in it is due."""
    asked = {"channel": room.channel.value, "now": room.now, "begin": begin, "most": LANES_MAX}
    return [(row.lane, row.step, bool(row.is_due)) for row in await tx.execute(LANES, asked)]


def take_of(tx: Tx) -> TextClause:
    """The statement that takes `share` of each of some lanes, and locks them where the database can."""
    return _TAKE_POSTGRES if tx.is_postgres else _TAKE_SQLITE


async def _by_turns(tx: Tx, room: Room, turns: Mapping[int, int]) -> list[Notification]:
    """So many of each lane, the first of each before the second of any."""
    of_lanes: dict[int, list[UUID]] = {lane: [] for lane in turns}
    take = take_of(tx).columns(column("lane", BigInteger), column("id", Uuid))
    for share in set(turns.values()):
        lanes = [lane for lane, own in turns.items() if own == share]
        listed = lanes if tx.is_postgres else json.dumps(lanes)
        asked = {"channel": room.channel.value, "now": room.now, "share": share, "lanes": listed}
        for row in await tx.execute(take, asked):
            of_lanes[row.lane].append(row.id)
    order = [id_ for turn in zip_longest(*of_lanes.values()) for id_ in turn if id_ is not None]
    rows = {row.id: notification_of(row) for row in await _BY_ID.rows(tx, order)}
    return [rows[id_] for id_ in order]
