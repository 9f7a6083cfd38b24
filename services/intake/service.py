"""Intake's one job: every message gets exactly one answer, and a place among the others, in one transaction."""

import asyncio

from services.intake import store
from services.intake.filing import Filing, Parcel, Result, try_read
from services.intake.metrics import IntakeMetrics, Outcome
from services.intake.rules import Cost
from services.runtime.store import Store

#: How often the room looks whether somebody has waited long enough.
SWEEP_S = 1.0


class Intake:
    """Takes records in, and lets those go on that have waited long enough."""

    def __init__(self, rows: Store, filing: Filing, metrics: IntakeMetrics) -> None:
        """`rows` is intake's own store."""
        self._store, self._filing, self._metrics = rows, filing, metrics

    async def take(self, parcel: Parcel) -> list[Result]:
        """Judge one record. What is returned is durable, and its answer stands in the outbox."""
        reading = try_read(parcel.data, parcel.content_type)
        results = await self._store.transact(self._filing.take, parcel, reading)
        self._tell(results)
        return results

    async def end_waits(self) -> list[Result]:
        """Let every message go on that has waited long enough."""
        ended: list[Result] = []
        while results := await self._store.transact(self._filing.end_waits):
            self._tell(results)
            ended.extend(results)
        return ended

    async def sweep(self) -> None:
        """End waits for ever."""
        while True:
            await self.end_waits()
            if self._filing.awaits_beats:
                await self._store.transact(self._filing.hear_beats)
            await self._store.transact(self._filing.end_alarms)
            self._metrics.waiting.set(await self._store.transact(store.waiting_count))
            await asyncio.sleep(SWEEP_S)

    def _tell(self, results: list[Result]) -> None:
        self._filing.outbox.wake()
        for result in results:
            self._metrics.outcomes.labels(result.outcome).inc()
            if result.outcome in {Outcome.REFUSE, Outcome.LATE}:
                self._metrics.refused.labels(result.remarks[0].rule).inc()
            for rule in {remark.rule for remark in result.remarks if remark.cost is Cost.HOLD}:
                self._metrics.held.labels(rule).inc()
