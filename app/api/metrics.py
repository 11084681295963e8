"""The figures of one process, in a registry of its own."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.storage import downtimes, log, providers, quarantine, timestamps
from app.storage import figures as figure_store
from app.storage import notifications as outbox
from app.storage import webhooks as webhook_store
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
        self.receipts = Counter(
            "awizo_receipts",
            "Reports of providers by what became of them",
            ["provider", "status", "fate"],
            registry=self.registry,
        )
        self.provider_health = Gauge(
            "awizo_provider_health", "Tenths of its weight that a provider has", ["provider"], registry=self.registry
        )
        self.provider_rests = Gauge(
            "awizo_provider_rests", "1 while nothing is given to a provider", ["provider"], registry=self.registry
        )
        self.provider_recent = Gauge(
            "awizo_provider_recent_attempts",
            "Attempts of all processes that started in the last minute, by outcome, and reports on them",
            ["provider", "outcome"],
            registry=self.registry,
        )
        self.inbound_sms = Counter(
            "awizo_inbound_sms",
            "SMS that people sent to our numbers, by what they ask for, or repeated",
            ["asked"],
            registry=self.registry,
        )
        self.statements = Counter(
            "awizo_statements", "What people said about notices, by what it was", ["kind"], registry=self.registry
        )
        self.webhook_calls = Counter(
            "awizo_webhook_calls", "Calls of other systems' endpoints by outcome", ["outcome"], registry=self.registry
        )
        self._gauge_the_database()

    def _gauge_the_database(self) -> None:
        self.unfinished = Gauge(
            "awizo_notifications_unfinished", "Notifications that are not final", ["status"], registry=self.registry
        )
        self.quarantined = Gauge(
            "awizo_events_quarantined",
            "Events kept aside because nobody could interpret them; 10000 is that or more",
            registry=self.registry,
        )
        self.pending_entries = Gauge(
            "awizo_log_pending_entries", "Facts that wait to be sealed", registry=self.registry
        )
        self.log_entries = Gauge(
            "awizo_log_published_entries", "Entries under the newest checkpoint", registry=self.registry
        )
        self.duty_fine = Gauge(
            "awizo_duty_fine_seconds",
            "For how long nobody has been known to do a duty; up to ten while all is well",
            ["duty"],
            registry=self.registry,
        )
        self.figures_behind = Gauge(
            "awizo_figures_behind_entries", "Published entries that figures do not count yet", registry=self.registry
        )
        self.webhooks = Gauge(
            "awizo_webhooks",
            "Endpoints of other systems: enabled, disabled, and failing ones, to which nothing gets through",
            ["state"],
            registry=self.registry,
        )
        self.webhook_waiting = Gauge(
            "awizo_webhook_waiting_events", "Events of which endpoints must still be told", registry=self.registry
        )
        self.stamped_entries = Gauge(
            "awizo_log_stamped_entries", "Entries of the same shard under a time stamp", registry=self.registry
        )


async def refresh_gauges(metrics: Metrics, tx: Tx, *, now: datetime) -> None:
    """Read the gauges; the queries touch hot indexes only."""
    await _refresh_providers(metrics, tx, now=now)
    metrics.duty_fine.clear()
    for duty, fine_at in (await downtimes.fine_moments(tx)).items():
        metrics.duty_fine.labels(duty).set(max(0.0, (now - fine_at).total_seconds()))
    counts = await outbox.unfinished_counts(tx)
    for status, count in counts.items():
        metrics.unfinished.labels(status).set(count)
    metrics.quarantined.set((await quarantine.count(tx)).there)
    metrics.pending_entries.set(await log.pending_count(tx))
    metrics.figures_behind.set(await figure_store.behind(tx))
    await _refresh_webhooks(metrics, tx)
    newest = await log.newest_checkpoint(tx)
    metrics.log_entries.set(newest.size if newest else 0)
    stamp = await timestamps.newest_stamp(tx, newest.shard) if newest else None
    metrics.stamped_entries.set(stamp[0] if stamp else 0)


async def _refresh_webhooks(metrics: Metrics, tx: Tx) -> None:
    by_state, failing, waiting = await webhook_store.counts(tx)
    for state in webhook_store.WebhookState:
        metrics.webhooks.labels(state).set(by_state.get(state, 0))
    metrics.webhooks.labels("failing").set(failing)
    metrics.webhook_waiting.set(waiting)


async def _refresh_providers(metrics: Metrics, tx: Tx, *, now: datetime) -> None:
    recent = await providers.figures(tx, now - timedelta(minutes=1), now)
    for name, state in (await providers.states(tx)).items():
        metrics.provider_health.labels(name).set(state.health)
        metrics.provider_rests.labels(name).set(state.rests(now))
        figures = providers.total(recent.get(name, ()), now - timedelta(minutes=1), now)
        for outcome in ("accepted", "refused", "not_sent", "unknown", "reported"):
            metrics.provider_recent.labels(name, outcome).set(getattr(figures, outcome))
