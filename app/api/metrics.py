"""The figures of one process, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.storage import log, timestamps
from app.storage import notifications as outbox
from app.storage.database import Tx

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters are this process's; gauges are the database's at the moment of asking. No label is personal."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "awizo_http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "awizo_http_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self.events = Counter("awizo_events", "Events by answer", ["status"], registry=self.registry)
        self.attempts = Counter(
            "awizo_attempts", "Attempts by outcome", ["provider", "outcome"], registry=self.registry
        )
        self.unfinished = Gauge(
            "awizo_notifications_unfinished", "Notifications that are not final", ["status"], registry=self.registry
        )
        self.pending_entries = Gauge(
            "awizo_log_pending_entries", "Facts that wait to be sealed", registry=self.registry
        )
        self.log_entries = Gauge(
            "awizo_log_published_entries", "Entries under the newest checkpoint", registry=self.registry
        )
        self.stamped_entries = Gauge(
            "awizo_log_stamped_entries", "Entries of the same shard under a time stamp", registry=self.registry
        )


async def refresh_gauges(metrics: Metrics, tx: Tx) -> None:
    """Read the gauges; the queries touch hot indexes only."""
    counts = await outbox.unfinished_counts(tx)
    for status, count in counts.items():
        metrics.unfinished.labels(status).set(count)
    metrics.pending_entries.set(await log.pending_count(tx))
    newest = await log.newest_checkpoint(tx)
    metrics.log_entries.set(newest.size if newest else 0)
    stamp = await timestamps.newest_stamp(tx, newest.shard) if newest else None
    metrics.stamped_entries.set(stamp[0] if stamp else 0)
