"""A room's own state: SQLAlchemy Core on one SQLite file by default, PostgreSQL by URL (see `postgres`).

Every transaction runs whole in a worker thread, so that a slow disk never stops the event loop, and is durable when it
returns: SQLite in WAL mode with `synchronous=FULL` (https://www.sqlite.org/pragma.html#pragma_synchronous),
PostgreSQL with its default `synchronous_commit=on`. SQLite transactions begin IMMEDIATE: a transaction that reads and
then writes would otherwise fail with SQLITE_BUSY when another process wrote in between.
"""

import asyncio
import contextvars
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from services.runtime import postgres, restoring, structure
from services.runtime.postgres import StoreError
from services.runtime.prepared import Prepared

P = ParamSpec("P")
T = TypeVar("T")

BUSY_MS = 10_000
POSTGRES_THREADS = 4
#: How often a transaction is run again that the server undid because two waited for each other.
DEADLOCKS = 5
#: Result codes that pass by themselves (https://www.sqlite.org/rescode.html): busy, locked, I/O, full, cannot open.
_SQLITE_AWAY = {5, 6, 10, 13, 14}


def moment(milliseconds: int) -> datetime:
    """A stored time, as `Prepared` gives it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


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
        return None if value is None else moment(value)


class Runner(Protocol):
    """Runs `work(connection, *args, **kwargs)` in a worker thread."""

    async def __call__(self, work: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns."""
        ...


class Store:
    """One database of one room. `transact` for coroutines, `begin` for threads and the command line."""

    def __init__(self, url: str, tables: sa.MetaData, *, restores: bool = False) -> None:
        """Open `url`, making the file's folder, or the schema, and the tables that are not there yet.

        `restores` is for the restore itself, which nobody else may interrupt (`services.runtime.restoring`).

        Raises:
            StoreError: it is neither SQLite nor PostgreSQL, a server whose commits are not durable, or half restored.
            sqlalchemy.exc.DBAPIError: the database cannot be reached, or is being restored.
        """
        self.url = postgres.read_url(url)
        self._restores = restores
        self._closers: list[Callable[[], None]] = []
        self._threads = ThreadPoolExecutor(1 if self.is_sqlite else POSTGRES_THREADS, thread_name_prefix="store")
        self.engine = self._open()
        try:
            self._make(tables)
        except BaseException:
            self.close()
            raise

    @property
    def is_sqlite(self) -> bool:
        """Whether this store serves one process only."""
        return self.url.get_backend_name() == "sqlite"

    def _open(self) -> sa.Engine:
        if self.url.get_backend_name() == postgres.BACKEND:
            engine = postgres.open_engine(self.url)
            if not self._restores:
                event.listen(engine, "connect", restoring.enter)
            return engine
        if not self.is_sqlite:
            raise StoreError(f"{self.url.get_backend_name()} is no store: use SQLite, or PostgreSQL to share it")
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            self.url, connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000}, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def _make(self, tables: sa.MetaData) -> None:
        if self.is_sqlite:
            with self.engine.begin() as connection:
                if not self._restores:
                    restoring.refuse(connection)
                structure.bring_up(connection, tables)
        else:
            postgres.make_tables(self.engine, lambda connection, schema: structure.bring_up(connection, tables, schema))

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One durable transaction in the calling thread."""
        with self.engine.begin() as connection:
            yield connection

    async def transact(self, work: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, *args, **kwargs)` in one durable transaction, in a worker thread.

        A cancelled caller does not cancel the transaction: it commits or rolls back whole. What is bound to the caller
        (correlation id, span) is bound in the thread too.
        """

        def once() -> T:
            with self.engine.begin() as connection:
                return work(connection, *args, **kwargs)

        def whole() -> T:
            for _ in range(DEADLOCKS):
                try:
                    return once()
                except sa.exc.DBAPIError as error:
                    if not postgres.again_at_once(error):
                        raise
            return once()

        return await asyncio.shield(
            asyncio.get_running_loop().run_in_executor(self._threads, contextvars.copy_context().run, whole)
        )

    @asynccontextmanager
    async def alone(self, name: str, wait_s: float, hold_s: float) -> AsyncIterator["Runner"]:
        """Be the only process that is in here under `name`; what it gives runs work in a thread, as `transact` does.

        On PostgreSQL all of it is one transaction, committed at the end, and the server ends it when nothing was asked
        for `hold_s` seconds: a frozen process lets the others go on. On SQLite, which serves one process, each is its
        own transaction.

        Raises:
            TurnTakenError: another process was inside for longer than `wait_s` seconds.
        """
        if self.is_sqlite:
            yield self.transact
            return
        connection = await self._in_thread(self.engine.connect)
        try:
            await self._in_thread(postgres.enter, connection, name, wait_s, hold_s)

            yield partial(self._on, connection)
            await self._in_thread(connection.commit)
        finally:
            await self._in_thread(connection.close)

    async def _on(
        self,
        connection: sa.Connection,
        work: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._in_thread(work, connection, *args, **kwargs)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a worker thread. A cancelled caller waits for its end: nobody else may use what it uses."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def close(self) -> None:
        """Wait for what runs, then close every connection."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()
        while self._closers:
            self._closers.pop()()

    def on_close(self, closer: Callable[[], None]) -> None:
        """Call `closer` when every connection is closed."""
        self._closers.append(closer)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event says BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def sqlite_url(path: Path) -> str:
    """The URL of one SQLite file."""
    return f"sqlite:///{path.resolve()}"


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> int:
    """Insert what is not there yet, by primary key or unique constraint; the number that was new.

    All rows name the columns that the first one names; the others get what the table says.
    """
    if not rows:
        return 0
    filled = {name: value for name, value in _defaults(table).items() if name not in rows[0]}
    if filled:
        rows = [{**filled, **row} for row in rows]
    return _insertion(table, tuple(rows[0]), connection.dialect.name).many(connection, rows)


@lru_cache(maxsize=256)
def _defaults(table: sa.Table) -> dict[str, object]:
    """What a row has that says nothing of a column."""
    defaults = ((column.name, column.default) for column in table.columns)
    return {
        name: default.arg for name, default in defaults if isinstance(default, sa.ColumnDefault) and default.is_scalar
    }


@lru_cache(maxsize=256)
def _insertion(table: sa.Table, columns: tuple[str, ...], dialect: str) -> Prepared:
    """One statement for each row, compiled once: a list of 400 rows as one took 0.3 ms a row to compile."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415 - one dialect is loaded

        return Prepared(sqlite_insert(table).on_conflict_do_nothing().inline(), columns)
    from sqlalchemy.dialects.postgresql import insert as postgres_insert  # noqa: PLC0415 - one dialect is loaded

    return Prepared(postgres_insert(table).on_conflict_do_nothing().inline(), columns)


def is_away(error: Exception) -> bool:
    """Whether an error says that a store cannot be used now, though nothing is wrong with what was asked of it."""
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.TimeoutError)
    if isinstance(error.orig, sqlite3.Error):
        return (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_AWAY
    return postgres.is_away(error)
