"""Builds a process from its settings. The only importer of adapters."""

import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from uuid_utils.compat import uuid7

from adapters.ed25519_signer import Ed25519Signer, load_or_create_key
from adapters.mark_file import MarkFile
from adapters.smtp_email import SmtpEmail, SmtpRelay
from adapters.twilio_sms import TwilioReceipts, TwilioSms
from app.api.intake import Intake
from app.api.keyring import Keyring
from app.api.metrics import Metrics
from app.api.services import Services
from app.evidence.statement import KEY_SUFFIX
from app.ports import ReceiptParser, Signer, Surroundings, Transport
from app.settings import Settings, SettingsError
from app.storage.database import Database, durability_faults
from app.storage.schema import require_current_schema
from app.storage.vault import Vault
from app.usecases.claim_notifications import Sender
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.seal_log import LogFaultError, Sealer
from app.usecases.watch_log import LogWatch
from app.worker import Worker

Role = Literal["all", "api", "worker"]


def _now() -> datetime:
    """Milliseconds are what facts can hold; nothing here is finer."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def real_surroundings() -> Surroundings:
    """The system's clock, UUIDv7s, randomness."""
    return Surroundings(clock=_now, new_id=uuid7, entropy=secrets.token_bytes, jitter=random.random)


def signers(data_dir: Path) -> Callable[[str], Signer]:
    """Signers by key name: names of statements get the statements' key, all others the log's."""
    log_seed = load_or_create_key(data_dir / "keys" / "log.key")
    statements_seed = load_or_create_key(data_dir / "keys" / "statements.key")

    @lru_cache(maxsize=64)
    def signer_for(name: str) -> Signer:
        return Ed25519Signer(name, statements_seed if name.endswith(KEY_SUFFIX) else log_seed)

    return signer_for


def open_database(settings: Settings) -> Database:
    """The database with the vault that reads people's values in it."""
    vault = Vault(load_or_create_key(settings.data_dir / "keys" / "root.key"))
    return Database(settings.database_url.get_secret_value(), vault, pool_size=settings.pool_size)


def mark_of(settings: Settings) -> MarkFile:
    """Where the last signed checkpoint is remembered."""
    return MarkFile(settings.mark_path)


def sealer_of(settings: Settings, database: Database) -> Sealer:
    """The sealer of this deployment's log."""
    return Sealer(
        database,
        origin_base=settings.origin_base,
        signer_for=signers(settings.data_dir),
        mark=mark_of(settings),
        surroundings=real_surroundings(),
    )


def transports(settings: Settings) -> list[Transport]:
    """The transports that the settings name."""
    built: list[Transport] = []
    try:
        if settings.sms_providers == "twilio":
            built.append(
                TwilioSms(
                    account_sid=settings.twilio_account_sid,
                    auth_token=settings.twilio_auth_token.get_secret_value(),
                    sender=settings.twilio_from,
                    base_url=settings.twilio_base_url,
                )
            )
        if settings.email_providers == "smtp":
            built.append(SmtpEmail(SmtpRelay.parse(settings.smtp_url.get_secret_value())))
    except ValueError as error:
        raise SettingsError(f"AWIZO_SMTP_URL or AWIZO_TWILIO_BASE_URL is wrong: {error}.") from None
    return built


def receipt_parsers(settings: Settings) -> dict[str, ReceiptParser]:
    """One parser for each provider that calls back."""
    if settings.sms_providers != "twilio":
        return {}
    token = settings.twilio_auth_token.get_secret_value()
    return {"twilio": TwilioReceipts(auth_token=token, public_url=settings.public_url)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process: what HTTP works with, and the loops beside it (None for role `api`)."""

    services: Services = field(repr=False)
    worker: Worker | None


@asynccontextmanager
async def running(settings: Settings, role: Role = "all") -> AsyncIterator[Process]:
    """Check the database, start the loops, and on leaving settle what is in flight.

    Raises SettingsError with one sentence when the process must not start.
    """
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        stack.push_async_callback(database.close)
        await _check_database(database, role)
        surroundings, log_watch, metrics = real_surroundings(), LogWatch(), Metrics()
        sealer = sealer_of(settings, database)
        await _start_log(sealer, log_watch)
        worker = None
        if role != "api":
            worker = await _start_worker(stack, settings, database, sealer, log_watch, metrics)
        intake = Intake(database, surroundings=surroundings, on_accepted=worker.hint if worker else _nobody_listens)
        stack.push_async_callback(intake.close)
        yield Process(
            services=Services(
                database=database,
                surroundings=surroundings,
                intake=intake,
                keyring=Keyring(database, surroundings),
                log_watch=log_watch,
                signer_for=signers(settings.data_dir),
                receipts=receipt_parsers(settings),
                metrics=metrics,
                operator_verified=settings.operator_verified,
            ),
            worker=worker,
        )


async def _check_database(database: Database, role: Role) -> None:
    if database.is_sqlite and role != "all":
        raise SettingsError(f"--role {role} needs PostgreSQL: SQLite serves one process.")
    await require_current_schema(database, migrate_first=database.is_sqlite)
    if faults := await durability_faults(database):
        raise SettingsError(f"The database may forget what it committed ({', '.join(faults)}); nothing can be signed.")


async def _start_log(sealer: Sealer, log_watch: LogWatch) -> None:
    try:
        await sealer.start()
    except LogFaultError as fault:
        log_watch.found(str(fault))


async def _start_worker(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    sealer: Sealer,
    log_watch: LogWatch,
    metrics: Metrics,
) -> Worker:
    surroundings = real_surroundings()
    sender = Sender(public_url=settings.public_url, email_from=settings.email_from)
    dispatchers = []
    for transport in transports(settings):
        stack.push_async_callback(transport.close)
        dispatchers.append(
            Dispatcher(
                database,
                transport,
                sender=sender,
                surroundings=surroundings,
                on_outcome=lambda provider, outcome: metrics.attempts.labels(provider, outcome).inc(),
            )
        )
    worker = Worker(database, sealer=sealer, dispatchers=dispatchers, log_watch=log_watch, surroundings=surroundings)
    worker.start()
    stack.push_async_callback(worker.stop)
    return worker


def _nobody_listens() -> None:
    """Workers in other processes poll."""
