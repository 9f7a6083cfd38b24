"""A store that is away, or a full disk, is no fault of the record in hand: it waits, and is never parked for that."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import TypeVar

from structlog.stdlib import get_logger

from services.runtime.store import is_away

T = TypeVar("T")
log = get_logger(__name__)
AGAIN_S, MOST_S = 0.2, 5.0
#: Work that has run for so long without an error has its store: longer than a connection attempt takes to fail.
CALM_S = 10.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Patience:
    """Does work again until the store is there. Handlers may be run twice at any rebalance anyway."""

    def __init__(self, calm_s: float = CALM_S) -> None:
        """Nothing waits yet. A loop never returns, so what has run for `calm_s` seconds no longer waits."""
        self._waiting: set[str] = set()
        self._calm_s = calm_s

    async def with_store(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """What `work()` returns, or raises for any other reason; `what` names it on the log."""
        wait = AGAIN_S
        try:
            while True:
                calm = asyncio.get_running_loop().call_later(self._calm_s, self._waiting.discard, what)
                try:
                    return await work()
                except Exception as error:
                    if not (is_away(error) or is_full(error)):
                        raise
                    wait = wait if what in self._waiting else AGAIN_S
                    log.warning("store.away", work=what, error=type(error).__name__, wait_s=wait)
                finally:
                    calm.cancel()
                self._waiting.add(what)
                await asyncio.sleep(wait)
                wait = min(MOST_S, wait * 2)
        finally:
            self._waiting.discard(what)

    def missing(self) -> str | None:
        """A sentence for the readiness check while something waits."""
        return "the store is away: what needs it waits" if self._waiting else None


def is_full(error: Exception) -> bool:
    """Whether a disk had no room for a file that is a room's own, such as its copy of the trust bundle."""
    return isinstance(error, OSError) and error.errno in _FULL
