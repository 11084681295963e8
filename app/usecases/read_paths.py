"""The inclusion and consistency paths of one bundle: all are planned first, then each tile is read once."""

from collections import defaultdict
from collections.abc import Mapping

from app.merkle.plans import Node, Plan, plan_nodes, resolve
from app.storage import log
from app.storage.database import Tx

WantedPath = tuple[str, Plan]
"""A path in the tree of one shard."""


class Paths:
    """Paths to be read together. `want` them all, `read` once, then look up each."""

    def __init__(self) -> None:
        self._wanted: dict[str, list[Plan]] = defaultdict(list)
        self._sizes: dict[str, int] = defaultdict(int)
        self._nodes: dict[str, Mapping[Node, bytes]] = {}

    def want(self, shard: str, plan: Plan, *, size: int) -> WantedPath:
        """Ask for a path in the tree of `size` leaves."""
        self._wanted[shard].append(plan)
        self._sizes[shard] = max(self._sizes[shard], size)
        return shard, plan

    async def read(self, tx: Tx) -> None:
        """Read the hashes of all that was asked for."""
        for shard, plans in self._wanted.items():
            self._nodes[shard] = await log.node_hashes(tx, shard, self._sizes[shard], plan_nodes(*plans))

    def __getitem__(self, wanted: WantedPath) -> tuple[bytes, ...]:
        """The hashes of a path that was asked for and read."""
        shard, plan = wanted
        return tuple(resolve(plan, self._nodes[shard]))
