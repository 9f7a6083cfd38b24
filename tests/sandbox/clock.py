"""A clock that stands until a test moves it, and the sleep that goes with it."""

import asyncio
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Both clocks in one; `sleep` ends when `advance` has passed its moment."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._fell_asleep = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def boottime(self) -> float:
        return self._now.timestamp()

    @property
    def ms(self) -> int:
        return int(self._now.timestamp() * 1000)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waking = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + timedelta(seconds=seconds), waking))
        self._fell_asleep.set()
        await waking

    async def asleep(self, count: int = 1) -> None:
        """Wait (in real time, bounded) until so many sleep."""
        async with asyncio.timeout(10):
            while sum(not waking.done() for _, waking in self._sleepers) < count:
                self._fell_asleep.clear()
                await self._fell_asleep.wait()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        for due, waking in self._sleepers:
            if due <= self._now and not waking.done():
                waking.set_result(None)
        self._sleepers = [(due, waking) for due, waking in self._sleepers if not waking.done()]
