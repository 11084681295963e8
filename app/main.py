"""The HTTP process: every route, the error answers, and what is logged of a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from app.api import (
    audit_exports,
    callbacks,
    consent_texts,
    docs,
    events,
    exports,
    health,
    holds,
    inbound_callbacks,
    log,
    mail_callbacks,
    notifications,
    own_records,
    problems,
    recipients,
    search,
    shipment_statement,
    shipments,
    stats,
    support,
    unsigned_callbacks,
    webhooks,
)
from app.api.key_limits import RateLimitFields
from app.api.observer import Observer
from app.api.openapi import describe, operation_id
from app.api.problems import Problem, problem_response
from app.domain.role import Role
from app.process import running
from app.settings import Settings
from app.storage.database import CommitUnknownError, DatabaseUnavailableError
from app.usecases.log_fault import LogStuckError
from app.usecases.share_commits import OverloadedError
from app.web import assets, status, unsubscribe, verify_page
from app.web.audit import router as audit_page
from app.web.notice import routes as notice_page
from app.web.preferences import router as preferences

DESCRIPTION = (
    "Digital delivery notices with evidence that anyone can verify offline. "
    "Errors are RFC 9457 problem details and never repeat what was sent. "
    "A query parameter that a route does not have is 422. "
    "Within v1 only additions are made: ignore members that you do not know."
)


_ROUTES = (
    events,
    recipients,
    own_records,
    holds,
    exports,
    consent_texts,
    shipments,
    shipment_statement,
    notifications,
    search,
    audit_exports,
    support,
    stats,
    webhooks,
    callbacks,
    unsigned_callbacks,
    mail_callbacks,
    inbound_callbacks,
    log,
    health,
    docs,
    assets,
    status,
    unsubscribe,
    notice_page,
    preferences,
    verify_page,
    audit_page,
)


def create_app(settings: Settings | None = None, role: Role = Role.ALL) -> FastAPI:
    """The application. Without settings it has routes but no services: enough to describe the API."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings is None:
            yield
            return
        try:
            async with running(settings, role) as process:
                app.state.services = process.services
                yield
        except Exception as error:
            app.state.start_failure = error
            raise

    app = FastAPI(
        title="awizo",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.start_failure = None
    for module in _ROUTES:
        app.include_router(module.router)
    app.add_exception_handler(DatabaseUnavailableError, _unavailable)
    app.add_exception_handler(OverloadedError, _overloaded)
    app.add_exception_handler(LogStuckError, _stuck)
    app.add_middleware(Observer)
    app.add_middleware(RateLimitFields)
    problems.install(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


async def _unavailable(_request: Request, error: Exception) -> Response:
    kept = "it is unknown whether this was kept" if isinstance(error, CommitUnknownError) else "nothing was kept"
    return problem_response(Problem(503, f"The database cannot be reached; {kept}", headers={"Retry-After": "2"}))


async def _stuck(_request: Request, error: Exception) -> Response:
    return problem_response(Problem(503, str(error), headers={"Retry-After": "60"}))


async def _overloaded(_request: Request, _error: Exception) -> Response:
    return problem_response(Problem(503, "Too much waits already; nothing was kept", headers={"Retry-After": "1"}))
