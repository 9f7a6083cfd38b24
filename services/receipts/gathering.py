"""Many callbacks, one durable transaction: each is answered when the batch that holds it stands in the store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Gatherer(Generic[T]):
    """Collects up to `limit` items or `wait_s` seconds of them, then commits them together."""

    def __init__(self, commit: Callable[[list[T]], Awaitable[None]], limit: int, wait_s: float) -> None:
        """`commit` is called with 1 to `limit` items; what it raises, every caller of that batch gets."""
        self._commit, self._limit, self._wait_s = commit, limit, wait_s
        self._items: list[T] = []
        self._done: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def add(self, item: T) -> None:
        """Return when `item` is committed."""
        if self._done is None:
            loop = asyncio.get_running_loop()
            self._done = loop.create_future()
            self._timer = loop.call_later(self._wait_s, self._flush)
        done = self._done
        self._items.append(item)
        if len(self._items) >= self._limit:
            self._flush()
        await asyncio.shield(done)  # one caller who hangs up must not cancel the others' answer

    def _flush(self) -> None:
        if self._done is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        items, done = self._items, self._done
        self._items, self._done, self._timer = [], None, None
        task = asyncio.get_running_loop().create_task(self._whole(items, done))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _whole(self, items: list[T], done: asyncio.Future[None]) -> None:
        try:
            await self._commit(items)
        except Exception as error:  # noqa: BLE001 - whatever failed, each caller must hear of it
            done.set_exception(error)
        else:
            done.set_result(None)
