"""A running process: its services, its loops, and the order in which they start and stop."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog

from app.api.exports import export_document
from app.api.intake import Intake
from app.api.key_limits import KeyLimits
from app.api.metrics import Metrics
from app.api.reception import Reception
from app.api.services import Services
from app.domain.calendar import is_day_off, local_day
from app.domain.channel import Channel
from app.domain.duty import Duty
from app.domain.retention import Retention
from app.domain.role import Role
from app.ports import WebhookCaller
from app.settings import Settings, SettingsError
from app.storage.database import Database, durability_faults, failover_risks
from app.storage.schema import require_current_schema, require_idle_timeout, require_same_root
from app.storage.service_lock import ServiceRunningError, sole_service
from app.usecases.check_credentials import Keyring
from app.usecases.deliver_webhooks import WebhookDeliverer
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.export_bundles import Exporter
from app.usecases.follow_unknown import Follower
from app.usecases.issue_statement import StatementIssuer
from app.usecases.log_fault import LogFaultError, LogStuckError
from app.usecases.seal_log import Sealer
from app.usecases.stamp_log import Stamper
from app.usecases.start_attempt import Sender
from app.usecases.watch_duties import DutyWatch, LastFine, last_dispatch, watch_duties
from app.usecases.watch_log import LogWatch, watch_log
from app.usecases.watch_providers import ProviderWatch, watch_providers
from app.wiring import (
    access_tokens,
    document_signer,
    inbound_parsers,
    open_database,
    providers_of,
    real_surroundings,
    receipt_parsers,
    report_parser,
    sealer_of,
    signing_keys,
    timestamper,
    vocabularies,
    webhook_caller,
)
from app.worker import Telling, Worker

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process: what HTTP works with, and the loops beside it (None for role `api`)."""

    services: Services = field(repr=False)
    worker: Worker | None


@asynccontextmanager
async def running(settings: Settings, role: Role = Role.ALL) -> AsyncIterator[Process]:
    """Check the database, start the loops, and on leaving settle what is in flight.

    Raises SettingsError with one sentence when the process must not start.
    """
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        stack.push_async_callback(database.close)
        try:
            stack.enter_context(sole_service(database))
        except ServiceRunningError:
            raise SettingsError("Another awizo serves the database of AWIZO_DATABASE_URL: SQLite has one.") from None
        await _check_database(database, role)
        log_watch, metrics = LogWatch(), Metrics()
        is_day_off(local_day(real_surroundings().clock()))  # loads the year's days off now: no first event waits for it
        sealer = sealer_of(settings, database)
        stack.push_async_callback(sealer.close)
        await _start_log(sealer, log_watch)
        providers = providers_of(settings, database.vault)
        for provider in providers:
            stack.push_async_callback(provider.transport.close)
        caller = webhook_caller()
        stack.push_async_callback(caller.close)
        watch = _watch_of(providers, database)
        await watch.turn()
        _keep_going(stack, watch_providers(watch))
        # After a failover that lost commits nothing may leave, not even before the sealer's next turn sees it.
        sound = database.only_while(sealer.reaches_mark)
        dispatchers = [] if role is Role.API else _dispatchers(settings, sound, providers, watch, metrics)
        _keep_going(stack, watch_duties(_duty_watch(role, sound, sealer, log_watch, dispatchers, watch)))
        worker = None
        if role is Role.API:
            _keep_going(stack, watch_log(database, log_watch, look=sealer.look))
        else:
            webhooks = _webhooks(sound, caller, metrics)
            worker = await _start_worker(stack, settings, sound, sealer, log_watch, dispatchers, webhooks)
        keyring = _keyring(stack, settings, database)
        services = _services(settings, database, log_watch, metrics, worker, watch, keyring, caller)
        stack.push_async_callback(services.statements.close)
        stack.push_async_callback(services.reception.close)
        stack.push_async_callback(services.intake.close)
        _log.info("serving", role=role, providers=[each.transport.name for each in providers])
        yield Process(services=services, worker=worker)


def _services(
    settings: Settings,
    database: Database,
    log_watch: LogWatch,
    metrics: Metrics,
    worker: Worker | None,
    watch: ProviderWatch,
    keyring: Keyring,
    caller: WebhookCaller,
) -> Services:
    surroundings = real_surroundings()
    return Services(
        database=database,
        surroundings=surroundings,
        intake=Intake(
            database,
            surroundings=surroundings,
            vocabularies=vocabularies(settings),
            metrics=metrics,
            on_accepted=worker.hint if worker else _nobody_listens,
        ),
        reception=Reception(database, surroundings=surroundings, metrics=metrics, on_end=watch.count_report),
        keyring=keyring,
        key_limits=KeyLimits(settings.key_limit),
        log_watch=log_watch,
        keys=signing_keys(settings.data_dir),
        receipts=receipt_parsers(settings),
        inbound=inbound_parsers(settings),
        mail_reports=report_parser(),
        webhooks=caller,
        metrics=metrics,
        statements=StatementIssuer(document_signer(settings)),
        operator_verified=settings.operator_verified,
        log_public=settings.log_public,
        witness_policy=settings.witness_policy,
        witness_quorum=settings.witness_quorum,
        public_url=settings.public_url,
        code_limits=settings.code_limits,
        export_document=export_document,
    )


def _keyring(stack: AsyncExitStack, settings: Settings, database: Database) -> Keyring:
    tokens = access_tokens(settings)
    if tokens is not None:
        stack.push_async_callback(tokens.close)
    return Keyring(database, real_surroundings(), tokens)


def _keep_going(stack: AsyncExitStack, loop: Coroutine[None, None, None]) -> None:
    """Run a loop until the process ends."""
    stack.push_async_callback(_end, asyncio.create_task(loop))


async def _check_database(database: Database, role: Role) -> None:
    if database.is_sqlite and role is not Role.ALL:
        raise SettingsError(f"--role {role} needs PostgreSQL: SQLite serves one process.")
    await require_current_schema(database, migrate_first=database.is_sqlite)
    await require_same_root(database)
    await require_idle_timeout(database)
    if faults := await durability_faults(database):
        raise SettingsError(f"The database may forget what it committed ({', '.join(faults)}); nothing can be signed.")
    if risks := await failover_risks(database):
        _log.warning("failover_may_lose_commits", because=risks)


async def _start_log(sealer: Sealer, log_watch: LogWatch) -> None:
    try:
        await sealer.start()
    except LogFaultError as fault:
        log_watch.found(str(fault))
        _log.error("log_fault", sentence=str(fault))
    except LogStuckError as stuck:  # the worker's turns try again
        log_watch.stuck = str(stuck)
        _log.error("log_stuck", sentence=str(stuck))


def _watch_of(providers: Sequence[Provider], database: Database) -> ProviderWatch:
    transports = [each.transport for each in providers]
    return ProviderWatch(
        database,
        [each.name for each in transports],
        reporting=[each.name for each in transports if each.reports],
        surroundings=real_surroundings(),
    )


def _dispatchers(
    settings: Settings, database: Database, providers: Sequence[Provider], watch: ProviderWatch, metrics: Metrics
) -> list[Dispatcher]:
    """One for each channel that has a provider."""
    sender = Sender(
        public_url=settings.public_url, email_from=settings.email_from, bounce_address=settings.bounce_address
    )
    of_channels = {channel: [each for each in providers if each.transport.channel is channel] for channel in Channel}
    return [
        Dispatcher(
            database,
            own,
            sender=sender,
            watch=watch,
            surroundings=real_surroundings(),
            on_outcome=lambda provider, outcome: metrics.attempts.labels(provider, outcome).inc(),
        )
        for own in of_channels.values()
        if own
    ]


def _webhooks(database: Database, caller: WebhookCaller, metrics: Metrics) -> WebhookDeliverer:
    return WebhookDeliverer(
        database,
        caller=caller,
        surroundings=real_surroundings(),
        on_outcome=lambda outcome: metrics.webhook_calls.labels(outcome).inc(),
    )


def _duty_watch(
    role: Role,
    database: Database,
    sealer: Sealer,
    log_watch: LogWatch,
    dispatchers: Sequence[Dispatcher],
    watch: ProviderWatch,
) -> DutyWatch:
    """What a process of this role owes. Those that dispatch know which channels nobody has a provider for any more."""
    surroundings = real_surroundings()
    duties: dict[Duty, LastFine] = {
        Duty(each.channel): last_dispatch(each, watch, surroundings) for each in dispatchers
    }
    given_up = {Duty(channel) for channel in Channel} - duties.keys()
    if role is not Role.WORKER:
        duties[Duty.ACCEPT] = surroundings.clock  # the transaction that reports it is what shows it
    if role is Role.API:
        given_up = set()
    else:
        duties[Duty.SEAL] = lambda: sealer.turned_at
    return DutyWatch(database, duties, given_up=given_up, log_watch=log_watch, surroundings=surroundings)


async def _start_worker(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    sealer: Sealer,
    log_watch: LogWatch,
    dispatchers: Sequence[Dispatcher],
    webhooks: WebhookDeliverer,
) -> Worker:
    surroundings = real_surroundings()
    stamper = None
    if authority := timestamper(settings):
        stamper = Stamper(database, authority, surroundings=surroundings)
        stack.push_async_callback(stamper.close)
    worker = Worker(
        database,
        sealer=sealer,
        stamper=stamper,
        retention=Retention(months=settings.retention_months, skeleton_years=settings.skeleton_years),
        dispatchers=dispatchers,
        follower=Follower(database, dispatchers, resends=settings.resends, surroundings=surroundings),
        exporter=Exporter(
            database,
            keys=signing_keys(settings.data_dir),
            surroundings=surroundings,
            witnesses=settings.witness_policy,
            quorum=settings.witness_quorum,
        ),
        webhooks=webhooks,
        log_watch=log_watch,
        surroundings=surroundings,
        code_limits=settings.code_limits,
        telling=Telling(people_a_second=settings.incident_rate, digest_seconds=settings.incident_digest_seconds),
    )
    worker.start()
    stack.push_async_callback(worker.stop)
    return worker


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _nobody_listens() -> None:
    """Workers in other processes poll."""
