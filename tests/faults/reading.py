"""What a deployment's database holds once all has come to rest, read with plain SQL and nothing of the product."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.faults.asking import Asking, Row
from tests.faults.journals import Journals
from tests.second_formats import jcs, sha256

_UUIDS = frozenset(
    "id event_id recipient_id contact_id merged_into notification_id attempt_id lease fact_id".split()  # noqa: SIM905 – a list of words
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A stored fact. `place` is its first index in the log, None when it was not sealed."""

    id: UUID
    type: str
    recipient: UUID | None
    notification: UUID | None
    document: dict[str, Any] = field(repr=False)
    raw: bytes = field(repr=False)
    commitment: bytes = field(repr=False)
    place: tuple[str, int] | None

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.document["data"]
        return data


@dataclass(slots=True, kw_only=True)
class Reading:
    """Rows as they are, by table; ids are UUIDs, bytes are bytes."""

    events: list[Row]
    notifications: dict[UUID, Row]
    attempts: dict[UUID, Row]
    receipts: list[Row]
    consents: list[Row]
    incidents: list[Row]
    stays: list[Row]
    facts: dict[UUID, Fact]
    leaves: list[Row]
    heads: list[Row]
    checkpoints: list[Row]
    pending: int
    journals: Journals
    chains: dict[UUID, list[Fact]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chains: dict[UUID, list[Fact]] = defaultdict(list)
        for fact in self.facts.values():
            if fact.notification is not None:
                chains[fact.notification].append(fact)
        for chain in chains.values():
            chain.sort(key=lambda fact: int(fact.document["n"]))
        self.chains = dict(chains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An invariant that does not hold: its number in dispatch's list, or `reports`, and what shows it."""

    invariant: str
    what: str

    def __str__(self) -> str:
        return f"invariant {self.invariant}: {self.what}"


async def read(asking: Asking, journals: Journals) -> Reading:
    """Read everything; nobody may be writing."""
    leaves = await _table(
        asking, "SELECT shard, leaf_index, fact_id, commitment FROM leaves ORDER BY shard, leaf_index"
    )
    places: dict[UUID, tuple[str, int]] = {}
    for leaf in leaves:
        places.setdefault(leaf["fact_id"], (leaf["shard"], leaf["leaf_index"]))
    facts = await _table(asking, "SELECT id, type, recipient_id, notification_id, document, salt FROM facts")
    (waiting,) = await asking.rows("SELECT COUNT(*) AS number FROM pending_entries")
    return Reading(
        events=await _table(asking, "SELECT * FROM events"),
        notifications={row["id"]: row for row in await _table(asking, "SELECT * FROM notifications")},
        attempts={row["id"]: row for row in await _table(asking, "SELECT * FROM attempts")},
        receipts=await _table(asking, "SELECT * FROM receipts"),
        consents=await _table(asking, "SELECT * FROM consents"),
        incidents=await _table(asking, "SELECT * FROM incidents"),
        stays=await _table(asking, "SELECT id, operator, recipient_id, event_id, waits, facility FROM stays"),
        facts={row["id"]: _fact(row, places) for row in facts},
        leaves=leaves,
        heads=await _table(asking, "SELECT * FROM tree_heads"),
        checkpoints=await _table(asking, "SELECT shard, size, root, note FROM checkpoints ORDER BY shard, size"),
        pending=int(waiting["number"]),
        journals=journals,
    )


def _fact(row: Row, places: dict[UUID, tuple[str, int]]) -> Fact:
    document = json.loads(row["document"])
    commitment = sha256(b"awizo/record/v1\0", row["salt"], jcs(document).encode())
    return Fact(
        id=row["id"],
        type=row["type"],
        recipient=row["recipient_id"],
        notification=row["notification_id"],
        document=document,
        raw=row["document"],
        commitment=commitment,
        place=places.get(row["id"]),
    )


async def _table(asking: Asking, query: str) -> list[Row]:
    return [{name: _value(name, value) for name, value in row.items()} for row in await asking.rows(query)]


def _value(name: str, value: Any) -> Any:
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if name in _UUIDS and value is not None:
        return UUID(str(value))
    return value
