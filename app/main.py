"""The HTTP process: every route, the error answers, and what is logged of a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import yaml
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from app.api import callbacks, events, health, log, notifications, problems, recipients
from app.api.observer import Observer
from app.api.openapi import PROBLEM_SCHEMA
from app.api.problems import Problem, problem_response
from app.domain.role import Role
from app.process import running
from app.settings import Settings
from app.storage.database import DatabaseUnavailableError
from app.usecases.share_commits import OverloadedError
from app.web import unsubscribe

DESCRIPTION = (
    "Digital delivery notices with evidence that anyone can verify offline. "
    "Errors are RFC 9457 problem details and never repeat what was sent."
)


def create_app(settings: Settings | None = None, role: Role = Role.ALL) -> FastAPI:
    """The application. Without settings it has routes but no services: enough to describe the API."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings is None:
            yield
            return
        async with running(settings, role) as process:
            app.state.services = process.services
            yield

    app = FastAPI(
        title="awizo",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url="/docs",
        redoc_url=None,
    )
    for module in (events, recipients, notifications, callbacks, log, health, unsubscribe):
        app.include_router(module.router)
    app.add_api_route("/openapi.yaml", _openapi_yaml, include_in_schema=False)
    app.add_exception_handler(DatabaseUnavailableError, _unavailable)
    app.add_exception_handler(OverloadedError, _overloaded)
    app.add_middleware(Observer)
    problems.install(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with our problem answers in place of FastAPI's own."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = schema.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = PROBLEM_SCHEMA
        components["securitySchemes"] = {"apiKey": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = schema
    return app.openapi_schema


def as_yaml(description: dict[str, Any]) -> str:
    """An OpenAPI description as the text of openapi.yaml."""
    return yaml.safe_dump(description, sort_keys=False, allow_unicode=True, width=120)


async def _openapi_yaml(request: Request) -> Response:
    return Response(as_yaml(request.app.openapi()), media_type="application/yaml")


async def _unavailable(_request: Request, _error: Exception) -> Response:
    return problem_response(
        Problem(503, "The database cannot be reached; nothing was kept", headers={"Retry-After": "2"})
    )


async def _overloaded(_request: Request, _error: Exception) -> Response:
    return problem_response(Problem(503, "Too much waits already; nothing was kept", headers={"Retry-After": "1"}))
