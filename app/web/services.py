"""What the pages work with, reached through the application's state."""

from typing import Protocol

from fastapi import Request

from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.watch_log import LogWatch


class WebServices(Protocol):
    """The part of the process's services that pages need."""

    @property
    def database(self) -> Database: ...

    @property
    def surroundings(self) -> Surroundings: ...

    @property
    def log_watch(self) -> LogWatch: ...

    @property
    def log_public(self) -> bool: ...


def services_of(request: Request) -> WebServices:
    """The services of the process that answers this request."""
    services: WebServices = request.app.state.services
    return services
