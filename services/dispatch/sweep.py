"""The sweep: what must happen although no record comes: recovery, take-backs owed, rows expired, batches missing.

Every part is idempotent and derives from the ledger alone, so a crash in the middle of a sweep costs nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from structlog.stdlib import get_logger

from services.dispatch.alarms import Alarms
from services.dispatch.evidence import Effects
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Channel, Job, LookUp
from services.dispatch.pump import Pump
from services.dispatch.recovery import Attempt, Quarantine
from services.runtime.clock import Clock

log = get_logger(__name__)
LOOK_UP_CHUNK = 100
BATCHES_LATE_S = 120
#: Between two looks at what is owed, while messages go out.
FOLLOW_GAP_S = 1.0


class Sweep:
    """The periodic work of one dispatcher."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        channel: Channel,
        pump: Pump,
        quarantine: Quarantine,
        clock: Clock,
        alarms: Alarms,
        metrics: DispatchMetrics,
        look_up: bool,
    ) -> None:
        """`look_up` False leaves doubt to the receipts."""
        self._ledger, self._channel, self._pump, self._clock = ledger, channel, pump, clock
        self._quarantine, self._alarms, self._metrics, self._look_up = quarantine, alarms, metrics, look_up
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something may be owed now: a withdrawal has come, or a message stands that was taken back meanwhile."""
        self._woken.set()

    async def run(self, every_s: float) -> None:
        """Sweep for ever, and follow when woken; what fails is logged, and the next one does its work."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._sweep_on(every_s))
            both.create_task(self._follow_on(every_s))

    async def _sweep_on(self, every_s: float) -> None:
        while True:
            await self._safely(self.once)
            await asyncio.sleep(every_s)

    async def _follow_on(self, every_s: float) -> None:
        """What is owed to those who have a wrong message waits neither for the next sweep nor for a slow look-up."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self._safely(self.follow)
            await asyncio.sleep(min(FOLLOW_GAP_S, every_s))

    async def _safely(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - the ledger may be away; everything here can be done again
            log.warning("sweep.failed", error=type(error).__name__)

    async def once(self) -> None:
        """One sweep."""
        await self._ledger.doubt_restored()
        looked = self._clock.now()
        await self._recover()
        wrong = await self.follow()
        await self._took(await self._ledger.expire())
        wrong |= {("unresolved", lineage) for lineage in await self._ledger.unresolved()}
        wrong |= await self._ledger.incomplete(self._clock.now() - timedelta(seconds=BATCHES_LATE_S))
        await self._alarms.stand(wrong, looked)
        self._pump.wake()

    async def follow(self) -> set[tuple[str, str]]:
        """Plan the take-backs and corrections that are owed now; what a person must look at, as (rule, lineage)."""
        while True:
            owed = await self._ledger.owe(self._channel.bounds.last_arrival)
            for rule, lineage in owed.for_a_person:
                await self._alarms.alarm(rule, lineage)
            if not owed.planned:
                return set(owed.for_a_person)
            self._pump.wake()

    async def _recover(self) -> None:
        """Look up what has been in doubt for longer than the quarantine, except what this process is sending."""
        flying = self._pump.flying
        jobs = {Attempt(j.id, j.attempt): j for j in await self._ledger.doubtful() if j.id not in flying}
        over = self._quarantine.observe(jobs.keys(), self._clock.boottime())
        self._metrics.doubt.set(self._quarantine.oldest(self._clock.boottime()))
        for start in range(0, len(over), LOOK_UP_CHUNK):
            await self._look([(attempt, jobs[attempt]) for attempt in over[start : start + LOOK_UP_CHUNK]])

    async def _look(self, doubtful: list[tuple[Attempt, Job]]) -> None:
        seen = await self._seen([job for _, job in doubtful])
        looked = {attempt: seen.get(job.id, LookUp(complete=False)) for attempt, job in doubtful}
        now = self._clock.boottime()
        tired = [
            attempt
            for attempt, look in looked.items()
            if not look.found and not look.complete and self._quarantine.failed(attempt, now)
        ]
        await self._took(await self._ledger.recovered(looked, tired))

    async def _seen(self, jobs: list[Job]) -> dict[str, LookUp]:
        if not self._look_up:
            return {}
        try:
            addresses = await self._channel.addresses([job.target for job in jobs], reading=True)
            return await self._channel.look_up(jobs, addresses)
        except Exception as error:  # noqa: BLE001 - a look-up that fails proves nothing
            log.warning("look_up.failed", error=type(error).__name__, channel=self._channel.name)
            return {}

    async def _took(self, effects: Effects) -> None:
        self._metrics.take(effects)
        await self._alarms.take(effects)
