"""Status callbacks: each at its time, or as badly as ordered.

One heap holds what is due; so many workers call. A text's row says whether all its callbacks have gone out: after a
restart those of the others begin again, so some come twice, as they may with Twilio.
"""

import asyncio
import heapq
import itertools
import random
from collections import Counter
from typing import Any

from services.sandbox.effects import CallbackPlan
from services.sandbox.store import MARK_CALLED, Row
from services.sandbox.twilio.answers import API
from services.sandbox.twilio.lifecycle import Step, steps
from services.sandbox.twilio.webhook import Caller, ForbiddenTargetError
from services.sandbox.world import World

Call = tuple[int, int, Row, Step]


class Callbacks:
    """Sends every status callback of every text."""

    def __init__(self, world: World, caller: Caller, tokens: dict[str, str], workers: int) -> None:
        self._world = world
        self._caller = caller
        self._tokens = tokens
        self._heap: list[Call] = []
        self._numbers = itertools.count()
        self._left: Counter[str] = Counter()
        self._earlier = asyncio.Event()
        self._free = asyncio.Semaphore(workers)
        self._calls: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[str] = Counter({"taken": 0, "refused": 0, "lost": 0, "forbidden": 0})

    def schedule(self, row: Row) -> None:
        """Put all callbacks of a text on the heap."""
        plan = CallbackPlan(**(row["callback_plan"] or {}))
        if row["status_callback"] is None or plan.off:
            return
        for step, due_ms in planned(steps(row)[1:], plan):
            self._left[row["sid"]] += 1
            heapq.heappush(self._heap, (due_ms, next(self._numbers), row, step))
        self._earlier.set()

    @property
    def waiting(self) -> int:
        """Callbacks that have not gone out."""
        return len(self._heap) + len(self._calls)

    async def drop(self, sid: str) -> None:
        """A canceled text calls nobody any more."""
        self._heap = [call for call in self._heap if call[2]["sid"] != sid]
        heapq.heapify(self._heap)
        self._left.pop(sid, None)
        await self._world.journal.write(MARK_CALLED, {"of": sid})

    def forget(self) -> None:
        """Drop everything that waits."""
        self._heap.clear()
        self._left.clear()

    async def run(self) -> None:
        """Call what is due, for ever."""
        while True:
            while self._heap and self._heap[0][0] <= self._world.now_ms():
                await self._free.acquire()
                _, _, row, step = heapq.heappop(self._heap)
                task = asyncio.create_task(self._call(row, step))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)
            await self._until_next()

    async def close(self) -> None:
        """Stop the calls under way."""
        for task in list(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _until_next(self) -> None:
        self._earlier.clear()
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._earlier.wait())]
        if self._heap:
            seconds = max(0, self._heap[0][0] - self._world.now_ms()) / 1000
            waits.append(asyncio.ensure_future(self._world.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _call(self, row: Row, step: Step) -> None:
        try:
            token = self._tokens.get(row["account_sid"], "")
            outcome = await self._caller.call(row["status_callback"], parameters(row, step), token)
            self.outcomes["taken" if outcome.taken else "lost" if outcome.status is None else "refused"] += 1
        except ForbiddenTargetError:
            self.outcomes["forbidden"] += 1
        finally:
            self._free.release()
        await self._finish(row["sid"])

    async def _finish(self, sid: str) -> None:
        self._left[sid] -= 1
        if self._left[sid] <= 0:
            del self._left[sid]
            await self._world.journal.write(MARK_CALLED, {"of": sid})


def planned(expected: list[Step], plan: CallbackPlan) -> list[tuple[Step, int]]:
    """Which callbacks go out, and when: pure, so that its dice are the plan's own."""
    moments = [step.at_ms for step in expected]
    if plan.shuffle is not None:
        expected = _disordered(expected, plan.shuffle)
    late_ms = int(plan.late * 1000)
    return [(step, at + late_ms) for step, at in zip(expected, moments, strict=True) for _ in range(plan.repeat)]


def parameters(row: Row, step: Step) -> dict[str, str]:
    """What Twilio posts to a StatusCallback. Parameters are added over the years; one that is not promised is here."""
    given: dict[str, Any] = {
        "AccountSid": row["account_sid"],
        "ApiVersion": API,
        "From": row["sender"],
        "MessageSid": row["sid"],
        "MessageStatus": step.status,
        "MessagingServiceSid": row["service_sid"],
        "SmsSid": row["sid"],
        "SmsStatus": step.status,
        "To": row["recipient"],
    }
    if step.status in ("undelivered", "failed"):
        given["ErrorCode"] = str(row["error_code"])
    if step.status == "delivered":
        given["RawDlrDoneDate"] = "2601010000"
    return {name: value for name, value in given.items() if value is not None}


def _disordered(expected: list[Step], seed: int) -> list[Step]:
    """Another order than the right one, wherever there is one."""
    shuffled = list(expected)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - repeatable on purpose
    return shuffled if shuffled != expected else shuffled[1:] + shuffled[:1]
