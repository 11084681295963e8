"""What the HTTP edge works with: built once by wiring, reached through the application's state."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from fastapi import Request

from app.api.intake import Intake
from app.api.key_limits import KeyLimits
from app.api.metrics import Metrics
from app.api.problems import Problem
from app.api.reception import Reception
from app.domain.pumping import CodeLimits
from app.ports import InboundParser, ReceiptParser, ReportParser, SigningKeys, Surroundings, WebhookCaller
from app.storage.database import Database
from app.usecases.check_credentials import Keyring
from app.usecases.export_recipient import Known
from app.usecases.issue_statement import StatementIssuer
from app.usecases.watch_log import LogWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a request may need.

    `receipts` and `inbound` hold one parser for each provider that calls back; `export_document` writes what is known
    of a person as one JSON document.
    """

    database: Database
    surroundings: Surroundings
    intake: Intake
    reception: Reception
    key_limits: KeyLimits
    keyring: Keyring
    log_watch: LogWatch
    keys: SigningKeys = field(repr=False)
    receipts: dict[str, ReceiptParser] = field(repr=False)
    inbound: dict[str, InboundParser] = field(repr=False)
    mail_reports: ReportParser = field(repr=False)
    webhooks: WebhookCaller
    metrics: Metrics = field(repr=False)
    statements: StatementIssuer = field(repr=False)
    operator_verified: bool
    log_public: bool
    witness_policy: str
    witness_quorum: int
    public_url: str
    code_limits: CodeLimits
    export_document: Callable[[Database, str, Known], AsyncIterator[str]]


def services_of(request: Request) -> Services:
    """The services of the process that answers this request."""
    services: Services = request.app.state.services
    return services


def refuse_while_log_is_untrusted(services: Services) -> None:
    """Raise a 503 while the database does not hold the log that was signed: nothing more may be built on it."""
    if services.log_watch.fault is not None:
        raise Problem(
            503, "The evidence log needs its operator; nothing is accepted until then", headers={"Retry-After": "60"}
        )
