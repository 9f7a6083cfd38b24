"""What runs beside a room's handlers for as long as the room does.

None of it may end: a room whose work is dead and whose doors answer would look well to everybody.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from structlog.stdlib import get_logger

from services.runtime.parking import RoomStop
from services.runtime.patience import Patience

log = get_logger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


class Background:
    """The room's works, each of which waits patiently for the store, and none of which goes on without the others."""

    def __init__(self, patience: Patience) -> None:
        """Nothing to do yet."""
        self._works: list[tuple[str, Work]] = []
        self._patience = patience

    def add(self, name: str, work: Work) -> None:
        """Run `work()` too; `name` names it on the log."""
        self._works.append((name, work))

    async def run(self) -> None:
        """Run everything until cancelled. RoomStop with a sentence as soon as one of them ends or fails."""
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in self._works:
                    group.create_task(self._forever(name, work), name=name)
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _forever(self, name: str, work: Work) -> None:
        try:
            await self._patience.with_store(name, work)
        except RoomStop:
            raise
        except asyncio.CancelledError as error:
            if _is_told_to_end():
                raise
            raise _stop(name, error) from error  # of something that it waited for: the group would not hear of it
        except Exception as error:
            raise _stop(name, error) from error
        message = f"{name} has ended, and it never should"
        log.error("background.ended", work=name)
        raise RoomStop(message)


def _is_told_to_end() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _stop(name: str, error: BaseException) -> RoomStop:
    log.error("background.failed", work=name, exc_info=error)
    return RoomStop(f"{name} failed with {type(error).__name__}; the log says where")
