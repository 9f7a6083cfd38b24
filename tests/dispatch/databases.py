"""The ledger's database under the state machines: SQLite or PostgreSQL, two connections, one step after the other.

No thread: the order of steps is the machine's. On PostgreSQL one process may also do something in the middle of the
other's transaction, between two statements; what then has to wait for a lock says so and is done afterwards.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from schemas.words import Realm
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.tables import metadata
from services.runtime import postgres
from services.runtime.metrics import RoomMetrics
from services.runtime.store import Store, sqlite_url
from tests.dispatch.moved import Move, foreign, watch_moves
from tests.dispatch.world import open_store

#: Whoever would wait for a lock would wait for ever: its holder goes on only afterwards.
WAIT_MS = 30


class Database:
    """Two processes' connections to one ledger, emptied for each history: opening is slow."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """`url` is a schema of a PostgreSQL server; a file in the folder by default."""
        self.folder, self.url = folder, url or sqlite_url(folder / "ledger.db")
        self.stores = tuple(Store(url, metadata) if url else open_store(folder / "ledger.db") for _ in range(2))
        self.metrics = DispatchMetrics(RoomMetrics("dispatch/sms", Realm.LIVE))
        self._meeting = False
        self._sqlite = url is None
        for store in self.stores:
            store.transact = self._at_once(store)  # type: ignore[method-assign]  # no thread: the order is ours

    def empty(self) -> None:
        """As new."""
        with self.stores[0].begin() as connection:
            for table in metadata.tables.values():
                connection.execute(sa.delete(table))
        if self._sqlite:
            watch_moves(self.stores[0])

    def foreign_moves(self) -> set[Move]:
        """Moves that nobody may make, as far as the database notes them."""
        return foreign(self.stores[0]) if self._sqlite else set()

    def close(self) -> None:
        """Close both."""
        for store in self.stores:
            store.close()

    def _at_once(self, store: Store) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def transact(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
            with store.begin() as connection:
                if self._meeting:
                    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{WAIT_MS}ms'"))
                return work(connection, *args, **named)

        return transact

    @contextmanager
    def between(self, number: int, statement: int, what: Callable[[], None]) -> Iterator[None]:
        """Do `what` right before the `statement`-th statement of process `number`, or afterwards when it must wait."""
        engine, seen, owed = self.stores[number].engine, 0, [what]

        def hook(*_: Any) -> None:
            nonlocal seen
            seen += 1
            if seen != statement or not owed:
                return
            self._meeting = True
            try:
                owed[0]()
            except sa.exc.DBAPIError as error:
                if postgres.sqlstate(error) != postgres.LOCK_TIMEOUT:
                    raise
            else:
                owed.pop()
            finally:
                self._meeting = False

        sa.event.listen(engine, "before_cursor_execute", hook)
        try:
            yield
        finally:
            sa.event.remove(engine, "before_cursor_execute", hook)
        while owed:
            owed.pop()()
