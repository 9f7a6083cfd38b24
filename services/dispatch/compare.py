"""The nightly comparison: the platform's own list against the ledger.

It finds what nothing else can: two messages for one delivery, messages that no ledger knows, and how messages ended
whose reports never came. It never logs an address or a text.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from schemas.words import Kind
from services.dispatch.alarms import Alarms
from services.dispatch.ended import missed
from services.dispatch.evidence import Evidence
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Channel, Listed
from services.dispatch.service import ReasonOf
from services.dispatch.tables import delivery
from services.runtime.clock import Clock
from services.runtime.store import Store

CHUNK = 500


@dataclass(frozen=True)
class Comparison:
    """What a comparison saw."""

    listed: int
    known: int
    duplicates: int
    strangers: int
    #: Rows that know now how their message ended.
    ended: int


class Comparer:
    """Holds the platform's list against the ledger."""

    def __init__(
        self, *, store: Store, ledger: Ledger, channel: Channel, alarms: Alarms, metrics: DispatchMetrics, clock: Clock,
        reason_of: ReasonOf,
    ) -> None:  # fmt: skip
        """Compare `channel`'s list with `ledger`; `reason_of` reads the platform's number for why a message failed."""
        self._store, self._ledger, self._channel = store, ledger, channel
        self._alarms, self._metrics, self._clock, self._reason_of = alarms, metrics, clock, reason_of

    async def compare(self, since: datetime) -> Comparison:
        """Compare everything since then; raises when the platform's list cannot be read whole."""
        listed: dict[tuple[str, str], list[Listed]] = defaultdict(list)
        async for item in self._channel.listing(since):
            listed[item.address, item.text].append(item)
        before = await self._ledger.counter("duplicates_detected")
        known = await self._settle(listed, since)
        ended = await self._end([item for items in listed.values() for item in items if item.ended])
        total = sum(map(len, listed.values()))
        after = await self._ledger.counter("duplicates_detected")
        self._metrics.duplicates.set(after)
        return Comparison(total, known, after - before, total - known, ended)

    async def _settle(self, listed: dict[tuple[str, str], list[Listed]], since: datetime) -> int:
        known = 0
        query = sa.select(delivery).where(
            delivery.c.intent_at >= since, delivery.c.kind != Kind.DELETION
        ).order_by(delivery.c.id)  # fmt: skip
        rows = await self._store.transact(lambda c: [self._ledger.job(c, row) for row in c.execute(query).all()])
        for start in range(0, len(rows), CHUNK):
            jobs = rows[start : start + CHUNK]
            addresses = await self._channel.addresses([job.target for job in jobs], reading=True)
            found = [
                Evidence(job.id, item.platform_id, item.created)
                for job in jobs
                if job.target in addresses
                for item in listed.get((addresses[job.target], job.text), [])
            ]
            known += len(found)
            effects = await self._ledger.evidence(found, "nightly")
            self._metrics.take(effects)
            await self._alarms.take(effects)
        return known

    async def _end(self, listed: list[Listed]) -> int:
        """Say of each message how it ended, as its report would have; the number of rows that did not know."""
        told = 0
        for start in range(0, len(listed), CHUNK):
            reports = await self._store.transact(missed, listed[start : start + CHUNK], self._clock.now())
            reasons = {report.delivery: self._reason_of(report) for report in reports if report.status != "delivered"}
            effects = await self._ledger.receipts(reports, reasons)
            self._metrics.take(effects)
            await self._alarms.take(effects)
            told += sum(effects.moved.values())
        return told
