"""One process works on selections at a time: two that choose people at once would not choose the same ones.

A SQLite store serves one process anyway. On PostgreSQL it is an advisory lock of a session that the server ends when it
hears nothing for a while, so that a frozen process lets another one work; and what the frozen one still writes when it
thaws is refused, because every transaction asks whether the turn is still its own. The server ends a transaction that
stands still (`postgres.IDLE_IN_TRANSACTION_S`) sooner than a session, so nothing slips through between.
"""

import asyncio
import threading

import sqlalchemy as sa

from services.runtime import postgres
from services.runtime.store import Store, is_away

LOCK = "audience.selections"
#: Seconds of silence after which the server gives the turn to others, and between two signs of life.
SILENCE_S, BEAT_S = 30.0, 5.0


class TurnLostError(Exception):
    """Another process may be at work on what this one began; it begins anew when it has the turn again."""


class Turn:
    """Taken by asking; kept until `close`. `mine` blocks briefly: call it from a thread."""

    def __init__(self, store: Store, silence_s: float = SILENCE_S) -> None:
        """Nothing is taken yet."""
        self._store, self._silence_s = store, silence_s
        self._session: sa.Connection | None = None
        self._backend: int | None = None
        self._busy = threading.Lock()

    def mine(self) -> bool:
        """Whether this process may work; asks again for what it does not have."""
        if self._store.is_sqlite:
            return True
        with self._busy:
            try:
                return self._held() or self._take()
            except sa.exc.DBAPIError:
                self._drop()
                raise

    async def keep(self) -> None:
        """Give signs of life for ever, while there is something to keep."""
        while True:
            await asyncio.sleep(BEAT_S)
            if self._session is not None:
                try:
                    await asyncio.to_thread(self.mine)
                except sa.exc.DBAPIError as error:
                    if not is_away(error):
                        raise

    def must_hold(self, connection: sa.Connection) -> None:
        """Asked inside each transaction that writes what the turn protects. TurnLostError when it is not ours now."""
        if self._store.is_sqlite:
            return
        held = sa.text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = :pid AND granted")
        if self._backend is None or connection.scalar(held, {"pid": self._backend}) is None:
            raise TurnLostError

    def close(self) -> None:
        """Give it back."""
        with self._busy:
            self._drop()

    def _held(self) -> bool:
        """The lock is lost with the connection, so an answer on that same connection proves it is still held."""
        if self._session is None:
            return False
        self._session.scalar(sa.select(1))
        return True

    def _take(self) -> bool:
        self._session = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        silence = f"{round(self._silence_s * 1000)}ms"
        self._session.execute(sa.select(sa.func.set_config("idle_session_timeout", silence, sa.false())))
        if not self._session.scalar(sa.select(sa.func.pg_try_advisory_lock(postgres.lock_key(LOCK)))):
            self._drop()
            return False
        self._backend = self._session.scalar(sa.select(sa.func.pg_backend_pid()))
        return True

    def _drop(self) -> None:
        if self._session is not None:
            self._session.invalidate()  # back in the pool it would still hold the lock
            self._session.close()
            self._session, self._backend = None, None
