"""Counts and logs every request by the template of its route: a path can hold names and tokens."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = structlog.get_logger(__name__)


class Observer:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and look at the status that comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        finally:
            _observe(scope, status, time.perf_counter() - started)


def _observe(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    # Any token is a method (RFC 9110 §9.1): a stranger's words become neither labels nor log lines.
    method = scope["method"] if scope["method"] in _METHODS else "other"
    services = getattr(scope["app"].state, "services", None)
    if services is not None:
        services.metrics.requests.labels(method, route, int(status)).inc()
        services.metrics.request_seconds.labels(route).observe(seconds)
    _log.info("request", method=method, route=route, status=int(status), milliseconds=round(seconds * 1000, 1))
