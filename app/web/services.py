"""What the pages work with, reached through the application's state."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from fastapi import Request
from prometheus_client import Counter

from app.domain.pumping import CodeLimits
from app.ports import SigningKeys, Surroundings
from app.storage.database import Database
from app.usecases.check_credentials import Keyring
from app.usecases.export_recipient import Known
from app.usecases.issue_statement import StatementIssuer
from app.usecases.watch_log import LogWatch


class WebMetrics(Protocol):
    """What pages count."""

    @property
    def statements(self) -> Counter:
        """Statements about notices, by their kind."""
        ...


class WebServices(Protocol):
    """The part of the process's services that pages need."""

    @property
    def database(self) -> Database: ...

    @property
    def surroundings(self) -> Surroundings: ...

    @property
    def log_watch(self) -> LogWatch: ...

    @property
    def metrics(self) -> WebMetrics: ...

    @property
    def log_public(self) -> bool: ...

    @property
    def keys(self) -> SigningKeys: ...

    @property
    def witness_policy(self) -> str: ...

    @property
    def witness_quorum(self) -> int: ...

    @property
    def public_url(self) -> str: ...

    @property
    def code_limits(self) -> CodeLimits: ...

    @property
    def statements(self) -> StatementIssuer:
        """Makes a bundle a signed PDF."""
        ...

    @property
    def keyring(self) -> Keyring:
        """Who presents credentials, from a form as from a header."""
        ...

    @property
    def export_document(self) -> Callable[[Database, str, Known], AsyncIterator[str]]:
        """Says everything that is known of the person of that name, as pieces of one JSON document."""
        ...


def services_of(request: Request) -> WebServices:
    """The services of the process that answers this request."""
    services: WebServices = request.app.state.services
    return services
