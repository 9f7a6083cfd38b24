"""Group commit: many requests, one durable transaction.

`write` returns once its rows are committed. While one transaction runs, further writes collect and go together in the
next, so the number of transactions follows the disk and not the load.
"""

import asyncio
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from services.runtime.store import Store

Write = tuple[sa.Executable, dict[str, Any]]


class Journal:
    """Writes of many coroutines, committed together in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Write, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def write(self, statement: sa.Executable, values: dict[str, Any]) -> None:
        """Commit one row's statement; raises what the transaction that held it raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((statement, values), done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        await done

    async def close(self) -> None:
        """Wait until everything that was given is committed."""
        while self._committing is not None:
            await asyncio.shield(self._committing)

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:
            self._committing = None

    async def _commit(self, batch: list[tuple[Write, asyncio.Future[None]]]) -> None:
        try:
            await self._store.transact(_run, [write for write, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it was, each waiting request must hear of it
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)


def _run(connection: sa.Connection, writes: list[Write]) -> None:
    for _, group in groupby(writes, key=lambda write: id(write[0])):
        same = list(group)
        connection.execute(same[0][0], [values for _, values in same])
