"""What a dispatcher tells others, again and again: rows to the `deliveries` topic, gauges, the platform's readiness."""

import asyncio
from collections.abc import Callable

from structlog.stdlib import get_logger

from schemas.topics import RELEASED, Topic
from schemas.words import State
from services.dispatch.counting import OPEN
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Channel
from services.dispatch.rate import Rate
from services.runtime.parking import RoomStop
from services.runtime.room import Room

log = get_logger(__name__)
REPORT_S = 0.2
GAUGES_S = 5.0
PROBE_S = 60.0
#: After a probe that failed, then twice as long each time, up to `PROBE_S`: a platform in trouble is not hammered.
PROBE_AGAIN_S = 5.0
#: The longest that a platform's word to wait is heeded: more than any window of its rates.
PROBE_WAIT_S = 900.0


class Watch:
    """The telling side of one dispatcher."""

    def __init__(
        self,
        *,
        room: Room,
        ledger: Ledger,
        channel: Channel,
        rate: Rate,
        metrics: DispatchMetrics,
        wake: Callable[[], None],
    ) -> None:
        """Tell of `ledger` and `channel`; `wake` the pump, which passes over rows that are just being reported."""
        self._wake = wake
        self._room, self._ledger, self._channel = room, ledger, channel
        self._rate, self._metrics = rate, metrics
        self.probed: str | None = "the platform has not been probed yet"
        self._all_rows_at = 0.0
        self._again_s = PROBE_AGAIN_S
        metrics.duplicates.set(float("nan"))  # what 0 would say before the ledger was read, the first look would undo

    async def report(self) -> None:
        """Publish what changed in the ledger, for ever; the outbox carries it."""
        while True:
            try:
                reported = await self._ledger.report()
            except Exception as error:  # noqa: BLE001 - the rows stay marked, and the next turn reports them
                log.warning("report.failed", error=type(error).__name__)
                reported = 0
            if reported:
                self._ledger.outbox.wake()
                self._wake()
            await asyncio.sleep(REPORT_S)

    async def gauges(self) -> None:
        """Show the ledger's rows, the brake and the pace."""
        while True:
            try:
                await self._show()
            except Exception as error:  # noqa: BLE001 - the ledger is away: the gauges stand still until it is back
                log.warning("gauges.failed", error=type(error).__name__)
            await asyncio.sleep(GAUGES_S)

    async def _show(self) -> None:
        await self._show_rows()
        self._metrics.duplicates.set(await self._ledger.counter("duplicates_detected"))
        self._metrics.brake.set(await self._ledger.braked())
        self._metrics.window.set(int(self._rate.concurrency))

    async def _show_rows(self) -> None:
        """What is open each time; all states too, as often as it may cost a fiftieth of the time."""
        clock = self._room.clock
        began = clock.boottime()
        if began < self._all_rows_at:
            counts, states = await self._ledger.open_counts(), OPEN
        else:
            counts, states = await self._ledger.counts(), tuple(State)
            self._all_rows_at = clock.boottime() + (clock.boottime() - began) * 50
        for state in states:
            self._metrics.rows[state].set(counts[state])

    async def probe(self) -> None:
        """Try the credentials now and then: a channel that cannot send must say so before it has to."""
        while True:
            wait = await self.ask()
            await asyncio.sleep(wait)

    async def ask(self) -> float:
        """Try them once; the seconds until the next time."""
        wait = 0.0
        try:
            found = await self._channel.probe()
            self.probed, wait = None if found.ok else found.says, found.wait_s
            self._metrics.remaining.set(float("nan") if found.remaining is None else found.remaining)
        except Exception as error:  # noqa: BLE001 - a probe that fails is an answer
            self.probed = f"the platform does not answer ({type(error).__name__})"
        self._metrics.credentials.set(0 if self.probed else 1)
        self._metrics.probed.set(self._room.clock.now().timestamp())
        if self.probed is None:
            self._again_s = PROBE_AGAIN_S
            return min(PROBE_WAIT_S, max(PROBE_S, wait))
        again, self._again_s = self._again_s, min(PROBE_S, self._again_s * 2)
        return again

    async def alone(self) -> None:
        """A SQLite ledger serves one process: fewer than all partitions mean that somebody else is in the group."""
        topic: Topic = RELEASED
        while True:
            await asyncio.sleep(GAUGES_S)
            have = self._room.partitions(topic)
            if have and len(have) < topic.partitions:
                message = (
                    f"Kafka gives this process {len(have)} of {topic.partitions} partitions of {topic.name}: another "
                    "process sends on this account with another ledger; stop it, or give both one PostgreSQL ledger"
                )
                raise RoomStop(message)
