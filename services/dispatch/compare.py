"""The nightly comparison: the platform's own list against the ledger.

It finds what nothing else can: two messages for one delivery, messages that no ledger knows, and how messages ended
whose reports never came. It never logs an address or a text.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

import sqlalchemy as sa

from schemas.words import Kind
from services.dispatch.alarms import Alarms
from services.dispatch.ended import Seen, missed
from services.dispatch.evidence import Effects, Evidence
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.port import Channel, Job
from services.dispatch.service import ReasonOf
from services.dispatch.tables import delivery, platform_id
from services.runtime.clock import Clock
from services.runtime.store import Store

CHUNK = 500
STRIDE = 1000
#: From an intent to when the platform says that it made the message: F + G + R + D, and two clocks.
LONGEST = timedelta(hours=1)


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
        listed: dict[bytes, list[Seen]] = defaultdict(list)
        async for item in self._channel.listing(since):
            if item.created >= since:  # a platform that lists by days gives more than was asked for
                seen = Seen(item.platform_id, item.created, item.ended, item.code)
                listed[_alike(item.address, item.text)].append(seen)
        before = await self._ledger.counter("duplicates_detected")
        found = [item for items in listed.values() for item in items]
        await self._settle(listed, since - LONGEST, twins=False)
        known = await self._known(found)
        if known < len(found):  # only now: what reads alike may be the first message of a delivery further on
            await self._settle(listed, since - LONGEST, twins=True)
            known = await self._known(found)
        ended = await self._end([item for item in found if item.ended])
        after = await self._ledger.counter("duplicates_detected")
        self._metrics.duplicates.set(after)
        return Comparison(len(found), known, after - before, len(found) - known, ended)

    async def _settle(self, listed: dict[bytes, list[Seen]], since: datetime, *, twins: bool) -> None:
        """Give every delivery the message on the list that reads as it does; with `twins`, all of them."""
        upto: str | None = ""
        while upto is not None:
            upto, jobs = await self._store.transact(self._stride, upto, since)
            if jobs:
                await self._settle_some(jobs, listed, twins=twins)

    def _stride(self, connection: sa.Connection, after: str, since: datetime) -> tuple[str | None, list[Job]]:
        """What was begun since then among the next rows by id, and where they end; None at the last ones.

        The whole ledger is looked through, but never at one go: what sends waits for no more than this.
        """
        rest = delivery.c.id > after
        last: str | None = connection.scalar(
            sa.select(delivery.c.id).where(rest).order_by(delivery.c.id).offset(STRIDE).limit(1)
        )
        these = rest if last is None else rest & (delivery.c.id <= last)
        query = sa.select(delivery).where(these, delivery.c.intent_at >= since, delivery.c.kind != Kind.DELETION)
        rows = connection.execute(query.order_by(delivery.c.id)).all()
        return last, [self._ledger.job(connection, row) for row in rows]

    async def _settle_some(self, jobs: list[Job], listed: dict[bytes, list[Seen]], *, twins: bool) -> None:
        addresses = await self._channel.addresses([job.target for job in jobs], reading=True)
        found = [
            Evidence(job.id, item.platform_id, item.created)
            for job in jobs
            if job.target in addresses
            for item in listed.get(_alike(addresses[job.target], job.text), [])
        ]
        await self._took(await self._ledger.evidence(found, "nightly", twins=twins))

    async def _known(self, found: list[Seen]) -> int:
        """How many of these the ledger has."""
        known = 0
        for start in range(0, len(found), CHUNK):
            known += await self._store.transact(_owned, [item.platform_id for item in found[start : start + CHUNK]])
        return known

    async def _end(self, listed: list[Seen]) -> int:
        """Say of each message how it ended, as its report would have; the number of rows that did not know."""
        told = 0
        for start in range(0, len(listed), CHUNK):
            reports = await self._store.transact(missed, listed[start : start + CHUNK], self._clock.now())
            reasons = {report.delivery: self._reason_of(report) for report in reports if report.status != "delivered"}
            effects = await self._ledger.receipts(reports, reasons)
            await self._took(effects)
            told += sum(effects.moved.values())
        return told

    async def _took(self, effects: Effects) -> None:
        self._metrics.take(effects)
        await self._alarms.take(effects)


def _alike(address: str, text: str) -> bytes:
    """The same for messages that go to one address and read the same; of hundreds of thousands, 16 bytes each."""
    return blake2b(f"{address}\n{text}".encode(), digest_size=16).digest()


def _owned(connection: sa.Connection, ids: list[str]) -> int:
    """How many of these ids are some delivery's."""
    column = platform_id.c.platform_id
    return connection.scalar(sa.select(sa.func.count(column.distinct())).where(column.in_(ids))) or 0
