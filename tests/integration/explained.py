"""How a database answers what the program asks it: which indexes it reads, and whether it must sort."""

from collections.abc import Awaitable
from typing import Any

from sqlalchemy import event, text

from app.storage.database import Tx


async def explained(tx: Tx, question: Awaitable[Any]) -> str:
    """The plans of every statement of `question`, in small letters; on PostgreSQL as if no table were small."""
    statements: list[tuple[str, Any]] = []

    def remember(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        statements.append((statement, parameters))

    if tx.is_postgres:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
        await tx.execute(text("SET LOCAL enable_bitmapscan = off"))
    connection = tx.connection.sync_connection
    event.listen(connection, "before_cursor_execute", remember)
    try:
        await question
    finally:
        event.remove(connection, "before_cursor_execute", remember)
    explain = "EXPLAIN" if tx.is_postgres else "EXPLAIN QUERY PLAN"
    lines = [
        str(row[-1])
        for spoken, parameters in statements
        for row in await tx.connection.exec_driver_sql(f"{explain} {spoken}", parameters)
    ]
    return "\n".join(lines).lower()
