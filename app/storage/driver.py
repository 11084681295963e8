"""Straight to the database's driver, for the statements that every event needs.

SQLAlchemy compiles each statement that it is given, wraps its result, and on SQLite crosses to the connection's thread
four times for it; that takes several times as long as running it. Here it begins the transaction and hears of errors.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection

from app.storage.database import Tx

Row = Sequence[Any]


async def fetch(tx: Tx, text: str, parameters: Sequence[Any]) -> Sequence[Row]:
    """The rows of a query, in the driver's values."""
    driver = await _begun(tx)
    try:
        if tx.is_postgres:
            rows: Sequence[Row] = await driver.fetch(text, *parameters)
        else:
            rows = await driver.execute_fetchall(text, parameters)
    except BaseException as error:
        await tx.connection.run_sync(_hand_over, error)
        raise
    return rows


async def insert(tx: Tx, text: str, rows: Iterable[Row]) -> int:
    """Run an INSERT for each row on SQLite, once with an array for each column on PostgreSQL; how many rows it made."""
    driver = await _begun(tx)
    try:
        if tx.is_postgres:
            status: str = await driver.execute(text, *zip(*rows, strict=True))
            return int(status.rpartition(" ")[2])
        return int((await driver.executemany(text, rows)).rowcount)
    except BaseException as error:
        await tx.connection.run_sync(_hand_over, error)
        raise


async def copy(tx: Tx, table: str, names: Sequence[str], rows: Iterable[Row]) -> int:
    """Have PostgreSQL take in these columns of new rows by COPY, which costs both sides least; how many there were."""
    driver = await _begun(tx)
    try:
        status: str = await driver.copy_records_to_table(table, columns=names, records=rows)
    except BaseException as error:
        await tx.connection.run_sync(_hand_over, error)
        raise
    return int(status.rpartition(" ")[2])


async def _begun(tx: Tx) -> Any:
    """The driver's connection, inside of the transaction: SQLAlchemy begins it with the first statement it sees."""
    connection = tx.connection.sync_connection
    if connection is None:
        raise RuntimeError("the transaction is over")
    driver: Any = connection.connection.driver_connection
    if not (driver.is_in_transaction() if tx.is_postgres else driver.in_transaction):
        await tx.connection.exec_driver_sql("SELECT 1")
    return driver


def _hand_over(connection: Connection, error: BaseException) -> NoReturn:
    """Raise the driver's error as SQLAlchemy raises those of its own statements; it lets go of lost connections, too.

    There is no public way to that.
    """
    try:
        _adapt(connection, error)
    except BaseException as adapted:  # noqa: BLE001 – whatever it is, SQLAlchemy raises it again
        connection._handle_dbapi_exception(adapted, None, None, None, None)  # noqa: SLF001


def _adapt(connection: Connection, error: BaseException) -> NoReturn:
    if isinstance(error, Exception):
        connection.connection.dbapi_connection._handle_exception(error)  # type: ignore[union-attr]  # noqa: SLF001
    raise error
