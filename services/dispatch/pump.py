"""The pump: sliding windows over the ledger, at most W rows between an intent and its committed outcome.

One transaction commits what is finished and opens as many new intents, when a quarter of W is done or 20 ms have
passed: with whole windows one hanging request in a hundred held all others back (13 texts a second, 327 sliding).
Nothing after the gate waits for a rate. If the commit fails, the outcomes are kept and no new intents are opened.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from structlog.stdlib import get_logger

from schemas.words import Kind, Reason
from services.dispatch.alarms import Alarms
from services.dispatch.evidence import Effects
from services.dispatch.gate import ACCOUNT_S, OF_THE_ACCOUNT, Done
from services.dispatch.ledger import Ledger
from services.dispatch.port import Channel, Doubt, Job, NotSent, Outcome, Refused, Sent
from services.dispatch.rate import Rate
from services.runtime.clock import Clock

log = get_logger(__name__)
FLUSH_S = 0.02
IDLE_S = 1.0
RETRY_COMMIT_S = 0.25


@dataclass
class Fresh:
    """Until when the requests of one window may start: by boottime, started before its transaction."""

    clock: Clock
    until: float
    ledger: Ledger

    def permit(self, job: Job) -> Callable[[], bool]:
        """The last question before the first byte."""

        def may() -> bool:
            clock = self.clock
            return clock.boottime() <= self.until and clock.now() < job.ends and self.ledger.may_start(job)

        return may


class Pump:
    """Sends what the ledger says may be sent."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        channel: Channel,
        rate: Rate,
        clock: Clock,
        window: int,
        on_effects: Callable[[Effects], None],
        alarms: Alarms,
    ) -> None:
        """`window` is W, the send concurrency."""
        self._ledger, self._channel, self._rate, self._clock = ledger, channel, rate, clock
        self._window, self._on_effects, self._alarms = window, on_effects, alarms
        self._finished: list[Done] = []
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._untold: list[Effects] = []
        self._woken = asyncio.Event()
        self._work = asyncio.Event()

    @property
    def flying(self) -> frozenset[str]:
        """Deliveries of this process between their intent and their committed outcome."""
        return frozenset(self._flying) | {done.job.id for done in self._finished}

    def wake(self) -> None:
        """There may be something to send."""
        self._work.set()
        self._woken.set()

    async def run(self) -> None:
        """Pump for ever; at the end, commit what is known."""
        self._work.set()
        try:
            while True:
                await self._pause()
                await self._whole_turn()
        finally:
            await self._drain()

    async def _whole_turn(self) -> None:
        """A stop in the middle of a turn would leave its intents in doubt, so the turn ends first."""
        turn = asyncio.ensure_future(self._turn())
        try:
            await asyncio.shield(turn)
        except asyncio.CancelledError:
            await turn
            raise

    async def _pause(self) -> None:
        """Until a quarter of W is done, or 20 ms after the first outcome, or there may be new work."""
        self._woken.clear()
        if len(self._finished) >= max(1, self._window // 4):
            return
        wait = FLUSH_S if self._finished else (self._rate.wait_s or IDLE_S)
        if self._work.is_set() and not self._finished and self._room() > 0 and self._rate.wait_s == 0:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), wait)

    def _room(self) -> int:
        """How many new intents fit beside what is flying, when the finished ones are committed."""
        return min(self._window, int(self._rate.concurrency)) - len(self._flying)

    async def _turn(self) -> None:
        finished, self._finished = self._finished, []
        slots = self._rate.take(max(0, self._room()))
        if not finished and not slots:
            return
        fresh = Fresh(self._clock, self._clock.boottime() + self._channel.bounds.fresh, self._ledger)
        self._work.clear()
        try:
            window = await self._ledger.window(finished, slots)
        except Exception as error:  # noqa: BLE001 - whatever failed: keep the outcomes, open nothing
            log.warning("ledger.commit_failed", error=type(error).__name__)
            self._finished = finished + self._finished
            self._rate.give_back(slots)
            self._work.set()
            await asyncio.sleep(RETRY_COMMIT_S)
            return
        self._rate.give_back(slots - len(window.jobs))
        if len(window.jobs) == slots and slots:
            self._work.set()
        await self._start(window.jobs, fresh)
        await self._tell(window.effects)

    async def _tell(self, effects: Effects) -> None:
        """Count, and raise alarms; those that cannot be written now are kept for the next turn."""
        self._on_effects(effects)
        self._untold.append(effects)
        try:
            while self._untold:
                await self._alarms.take(self._untold[0])
                self._untold.pop(0)
        except Exception as error:  # noqa: BLE001 - the ledger is away: the pump goes on
            log.warning("alarm.failed", error=type(error).__name__)

    async def _start(self, jobs: list[Job], fresh: Fresh) -> None:
        if not jobs:
            return
        try:
            addresses = await self._channel.addresses([job.target for job in jobs])
        except Exception as error:  # noqa: BLE001 - nothing was written: all go back
            log.warning("addresses.failed", error=type(error).__name__)
            self._finished += [Done(job, NotSent(Reason.TRANSIENT)) for job in jobs]
            return
        for job in jobs:
            address = addresses.get(job.target)
            if address is None:
                self._finish(Done(job, Refused(Reason.OPTED_OUT)))
            else:
                self._flying[job.id] = asyncio.create_task(self._send(job, address, fresh))

    async def _send(self, job: Job, address: str, fresh: Fresh) -> None:
        call = self._channel.withdraw if job.kind is Kind.DELETION else self._channel.publish
        outcome: Outcome = Doubt()
        try:
            outcome = await call(job, address, fresh.permit(job))
        except Exception as error:  # noqa: BLE001 - a channel that raises has told us nothing: doubt
            log.warning("channel.raised", error=type(error).__name__, channel=self._channel.name)
        finally:
            self._flying.pop(job.id, None)
            self._learn(outcome)
            self._finish(Done(job, outcome))

    def _learn(self, outcome: Outcome) -> None:
        if isinstance(outcome, NotSent) and outcome.reason is Reason.RATE_LIMITED:
            self._rate.refused(outcome.retry_after_s)
        elif isinstance(outcome, Refused) and outcome.reason in OF_THE_ACCOUNT:
            self._rate.refused(ACCOUNT_S)
        elif isinstance(outcome, Sent):
            self._rate.answered()

    def _finish(self, done: Done) -> None:
        self._finished.append(done)
        if len(self._finished) == 1 or len(self._finished) >= max(1, self._window // 4):
            self._woken.set()

    async def _drain(self) -> None:
        """Stopping: wait for what flies (at most R), then commit it; what is left is doubt, and recovery's."""
        if self._flying:
            await asyncio.wait(self._flying.values(), timeout=self._channel.bounds.answer)
        if not self._finished:
            return
        finished, self._finished = self._finished, []
        try:
            window = await asyncio.shield(self._ledger.window(finished, 0))
        except Exception as error:  # noqa: BLE001 - the ledger is away: the outcomes become doubt, and recovery's
            log.warning("ledger.commit_failed", error=type(error).__name__)
        else:
            await self._tell(window.effects)
