"""One timer for all requests: R is the same for each, so they are due in the order in which they began.

A timer of its own for each request costs a ninth of the whole request.
"""

import asyncio
import itertools
from types import TracebackType


class Deadlines:
    """Gives up tasks that take longer than R; see `asyncio.timeout`, whose manners these are."""

    def __init__(self, seconds: float) -> None:
        """Call inside the event loop."""
        self._loop, self._seconds = asyncio.get_running_loop(), seconds
        self._running: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def one(self) -> "Deadline":
        """A deadline for the current task: `async with`, TimeoutError when it is over."""
        return Deadline(self)

    def add(self, deadline: "Deadline") -> float:
        """Begin to watch; when it is due, by the loop's clock."""
        self._running[deadline] = None
        due = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._sweep)
        return due

    def remove(self, deadline: "Deadline") -> None:
        """It has ended in time, or not."""
        self._running.pop(deadline, None)

    def _sweep(self) -> None:
        now = self._loop.time()
        for deadline in list(itertools.takewhile(lambda each: each.due <= now, self._running)):
            del self._running[deadline]
            deadline.expire()
        first = next(iter(self._running), None)
        self._timer = None if first is None else self._loop.call_at(first.due, self._sweep)

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Deadline:
    """Of one task, for one block."""

    __slots__ = ("_all", "_cancelling", "_expired", "_task", "due")

    def __init__(self, watched_by: Deadlines) -> None:
        """Not yet begun."""
        self._all, self._expired, self.due = watched_by, False, 0.0

    async def __aenter__(self) -> None:
        """Begin."""
        task = asyncio.current_task()
        if task is None:
            message = "a deadline is a task's"
            raise RuntimeError(message)
        self._task, self._cancelling = task, task.cancelling()
        self.due = self._all.add(self)

    def expire(self) -> None:
        """Cancel what it watches."""
        self._expired = True
        self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End. A cancellation that is only ours becomes TimeoutError."""
        self._all.remove(self)
        ours = self._expired and self._task.uncancel() <= self._cancelling
        if ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error
