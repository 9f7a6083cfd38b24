"""A store that is away is no fault of the record in hand: it waits, unacknowledged, and is never parked for that."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from structlog.stdlib import get_logger

from services.runtime.store import is_away

T = TypeVar("T")
log = get_logger(__name__)
AGAIN_S, MOST_S = 0.2, 5.0


class Patience:
    """Does work again until the store is there. Handlers may be run twice at any rebalance anyway."""

    def __init__(self) -> None:
        """Nothing waits yet."""
        self._waiting: set[str] = set()

    async def with_store(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """What `work()` returns, or raises for any other reason; `what` names it on the log."""
        wait = AGAIN_S
        try:
            while True:
                try:
                    return await work()
                except Exception as error:
                    if not is_away(error):
                        raise
                    log.warning("store.away", work=what, error=type(error).__name__, wait_s=wait)
                self._waiting.add(what)
                await asyncio.sleep(wait)
                wait = min(MOST_S, wait * 2)
        finally:
            self._waiting.discard(what)

    def missing(self) -> str | None:
        """A sentence for the readiness check while something waits."""
        return "the store is away: what needs it waits" if self._waiting else None
