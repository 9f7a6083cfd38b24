"""One process works on selections at a time: two that choose people at once would not choose the same ones.

SQLite: `flock` on a file beside the database (never on the database: closing that descriptor would drop SQLite's own
locks). PostgreSQL: a session's advisory lock. Either ends with the process, however that ends.
"""

import fcntl
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from services.runtime.store import Store

#: An arbitrary number: what this room's advisory lock is called.
LOCK = 0xA0D1


class Turn:
    """Taken by asking; kept until `close`. Blocks briefly: call it from a thread."""

    def __init__(self, store: Store) -> None:
        """Nothing is taken yet."""
        self._store = store
        self._file: IO[str] | None = None
        self._session: sa.Connection | None = None

    def mine(self) -> bool:
        """Whether this process may work; asks again for what it does not have."""
        return self._take_file() if self._store.is_sqlite else self._take_session()

    def close(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
        self._drop_session()

    def _take_file(self) -> bool:
        if self._file is not None or not self._store.url.database:
            return True
        file = Path(f"{self._store.url.database}.lock").open("a")  # noqa: SIM115 - held for as long as the process lives
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def _take_session(self) -> bool:
        """The lock is lost with the connection, so an answer on that same connection proves it is still held."""
        try:
            if self._session is None:
                self._session = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                if not self._session.scalar(sa.select(sa.func.pg_try_advisory_lock(LOCK))):
                    self._drop_session()
                    return False
            self._session.scalar(sa.select(1))
        except sa.exc.DBAPIError:
            self._drop_session()
            raise
        return True

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.invalidate()  # back in the pool it would still hold the lock
            self._session.close()
            self._session = None
