"""What SQLAlchemy made of a statement, kept for all databases of one kind that the tests of a process open.

A service has one database and compiles each statement once. Tests open thousands, and would compile each for each: a
quarter of all their work. The dialects differ in nothing but who they are.
"""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

_compiled: dict[str, dict[Any, Any]] = {}


def share_statements() -> None:
    """From now on dialects of one class are equal, and their engines have one cache, in this process."""
    DefaultDialect.__eq__ = _is_of_one_class  # type: ignore[method-assign, assignment]
    DefaultDialect.__hash__ = _hash_of_class  # type: ignore[method-assign, assignment]
    event.listen(Engine, "engine_connect", _use_shared)


def _is_of_one_class(one: DefaultDialect, other: object) -> bool:
    return type(one) is type(other)


def _hash_of_class(dialect: DefaultDialect) -> int:
    return hash(type(dialect))


def _use_shared(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled.setdefault(connection.dialect.name, {}))
