"""The nightly comparison: the platform's own list against the ledger.

It finds what nothing else can: two messages for one delivery, and messages that no ledger knows. It never logs an
address or a text.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from schemas.words import Kind
from services.dispatch.alarms import Alarms
from services.dispatch.evidence import Evidence
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Channel, Listed
from services.dispatch.tables import delivery
from services.runtime.store import Store

CHUNK = 500


@dataclass(frozen=True)
class Comparison:
    """What a comparison saw."""

    listed: int
    known: int
    duplicates: int
    strangers: int


class Comparer:
    """Holds the platform's list against the ledger."""

    def __init__(
        self, store: Store, ledger: Ledger, channel: Channel, alarms: Alarms, metrics: DispatchMetrics
    ) -> None:
        """Compare `channel`'s list with `ledger`."""
        self._store, self._ledger, self._channel = store, ledger, channel
        self._alarms, self._metrics = alarms, metrics

    async def compare(self, since: datetime) -> Comparison:
        """Compare everything since then; raises when the platform's list cannot be read whole."""
        listed: dict[tuple[str, str], list[Listed]] = defaultdict(list)
        async for item in self._channel.listing(since):
            listed[item.address, item.text].append(item)
        before = await self._ledger.counter("duplicates_detected")
        known = await self._settle(listed, since)
        total = sum(map(len, listed.values()))
        after = await self._ledger.counter("duplicates_detected")
        self._metrics.duplicates.set(after)
        return Comparison(total, known, after - before, total - known)

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
