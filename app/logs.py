"""Structured logs: one JSON object a line, and nothing personal or secret in it."""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

from app.api.problems import without_messages

_REDACTED = "[redacted]"
# Keys whose values are never logged, whatever they hold.
_SECRET_KEYS = re.compile(
    r"token|secret|password|authorization|cookie|contact|phone|email|address|recipient|shipment|body|content|url"
)
# What looks like a phone number, an e-mail address, a key, a token or credentials in a URL, wherever it turns up.
_SECRET_VALUES = re.compile(
    r"\+?\d[\d ()-]{7,}\d|[^\s@\"'<>]+@[^\s@\"'<>]+|awz_[0-9a-f]+_[A-Za-z0-9_-]+|"
    r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+|//[^/\s:@]+:[^/\s@]+@"
)
_HARMLESS = frozenset({"timestamp", "level", "logger"})


def redact(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: what could be personal or secret is replaced before anything is written."""
    for key, value in entry.items():
        if key in _HARMLESS:
            continue
        entry[key] = _REDACTED if _is_secret(key) else _redacted(value)
    return entry


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key) is not None


def without_tracebacks(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: of an exception, libraries' included, only types and code lines are written."""
    given = entry.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exception() if given is True else given
    if isinstance(error, BaseException):
        entry.update(without_messages(error))
    return entry


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_VALUES.sub(_REDACTED, value)
    if isinstance(value, dict):
        return {key: _REDACTED if _is_secret(str(key)) else _redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else _redacted(str(value))


def configure_logs(level: str) -> None:
    """Send this process's logs, libraries' included, to stderr as redacted JSON lines."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_tracebacks,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.getLevelNamesMapping()[level.upper()], logging.WARNING))
