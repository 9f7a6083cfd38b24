"""A room's own state: SQLAlchemy Core on one SQLite file by default, PostgreSQL by URL.

Every transaction runs whole in a worker thread, so that a slow disk never stops the event loop, and is durable when it
returns: SQLite in WAL mode with `synchronous=FULL` (https://www.sqlite.org/pragma.html#pragma_synchronous),
PostgreSQL with its default `synchronous_commit=on`. SQLite transactions begin IMMEDIATE: a transaction that reads and
then writes would otherwise fail with SQLITE_BUSY when another process wrote in between.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

P = ParamSpec("P")
T = TypeVar("T")

BUSY_MS = 10_000
POSTGRES_THREADS = 4


class Moment(sa.types.TypeDecorator[datetime]):
    """A UTC time as milliseconds since 1970: the same order and the same value in SQLite and PostgreSQL."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """To milliseconds; a time without a zone is a mistake of the caller's."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a stored time needs a zone"
            raise ValueError(message)
        return round(value.timestamp() * 1000)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """From milliseconds, always UTC."""
        del dialect
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


class Store:
    """One database of one room. `transact` for coroutines, `begin` for threads and the command line."""

    def __init__(self, url: str, tables: sa.MetaData) -> None:
        """Open `url`, making the file's folder and the tables that are not there yet."""
        self.url = sa.make_url(url)
        self._threads = ThreadPoolExecutor(1 if self.is_sqlite else POSTGRES_THREADS, thread_name_prefix="store")
        self.engine = self._open()
        tables.create_all(self.engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this store serves one process only."""
        return self.url.get_backend_name() == "sqlite"

    def _open(self) -> sa.Engine:
        if not self.is_sqlite:
            return sa.create_engine(self.url, pool_pre_ping=True)
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(self.url, connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One durable transaction in the calling thread."""
        with self.engine.begin() as connection:
            yield connection

    async def transact(self, work: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, *args, **kwargs)` in one durable transaction, in a worker thread.

        A cancelled caller does not cancel the transaction: it commits or rolls back whole.
        """

        def whole() -> T:
            with self.engine.begin() as connection:
                return work(connection, *args, **kwargs)

        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._threads, whole))

    def close(self) -> None:
        """Wait for what runs, then close every connection."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event says BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def sqlite_url(path: Path) -> str:
    """The URL of one SQLite file."""
    return f"sqlite:///{path.resolve()}"


def insert_new(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> int:
    """Insert what is not there yet, by primary key or unique constraint; the number that was new."""
    if not rows:
        return 0
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415 - one dialect is loaded

        return connection.execute(sqlite_insert(table).values(rows).on_conflict_do_nothing()).rowcount
    from sqlalchemy.dialects.postgresql import insert as postgres_insert  # noqa: PLC0415 - one dialect is loaded

    return connection.execute(postgres_insert(table).values(rows).on_conflict_do_nothing()).rowcount
