"""The way of receipts into the database: those that arrive together share a commit."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from app.api.metrics import Metrics
from app.domain.receipt import Receipt
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.record_receipt import Recorded, record_receipts
from app.usecases.share_commits import SharedCommits

_log = structlog.get_logger(__name__)


class Reception:
    """Records receipts. `on_end` is told of each new report on how an attempt ended: its provider and its start."""

    def __init__(
        self,
        database: Database,
        *,
        surroundings: Surroundings,
        metrics: Metrics,
        on_end: Callable[[str, datetime], None],
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._metrics = metrics
        self._on_end = on_end
        self._shared = SharedCommits(self._record_all)

    async def record(self, receipt: Receipt) -> Recorded:
        """What became of the receipt, once it is committed. Raises OverloadedError when too many wait."""
        return await self._shared.submit(receipt)

    async def _record_all(self, receipts: Sequence[Receipt]) -> list[Recorded]:
        recorded = await self._database.transact(
            lambda tx: record_receipts(tx, receipts, surroundings=self._surroundings)
        )
        for receipt, each in zip(receipts, recorded, strict=True):
            self._metrics.receipts.labels(each.provider, receipt.status, each.fate).inc()
            if each.attempt_started_at is None:
                _log.warning("receipt_of_no_attempt", provider=each.provider)
            elif each.is_new and each.ends:
                self._on_end(each.provider, each.attempt_started_at)
        return recorded

    async def close(self) -> None:
        """Wait for what was taken in."""
        await self._shared.close()
