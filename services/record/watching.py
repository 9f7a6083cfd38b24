"""Beside the handlers: tells Prometheus each stage once, and how much there is."""

import asyncio
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from structlog.stdlib import get_logger

from schemas.base import instant_text
from services.record import alarms, backups, latency, overdue, reading, refused, tables
from services.record.latency import Stage
from services.record.metrics import RecordMetrics
from services.runtime.clock import Clock
from services.runtime.store import Store, insert_new

log = get_logger(__name__)
EVERY_S = 5.0
#: Rows of one Broadcast come in several records: 95 % of them is known once nothing has moved for so long.
QUIET_S = 10.0
RECENT = timedelta(days=3)
#: Between two looks at what is missing: bounds are minutes.
MISSING_S = 30.0
#: What can still change while messages move.
AT_REST = frozenset({Stage.DELIVERED_95, Stage.CORRECTED})


class Watch:
    """Looks at what moved since the last look."""

    def __init__(self, store: Store, clock: Clock, metrics: RecordMetrics) -> None:
        """Look into `store`."""
        self._store, self._clock, self._metrics = store, clock, metrics
        #: When each lineage last moved, by the clock that counts durations.
        self._moved: dict[str, float] = {}
        self._show = True
        self._missing_at = 0.0

    def moved(self, lineage: str) -> None:
        """Something of this lineage changed."""
        self._moved[lineage] = self._clock.boottime()
        self._show = True

    async def run(self) -> None:
        """Look for ever, at first at everything of the last days: a stage may have come while nobody looked."""
        for lineage in await self._store.transact(_recent, instant_text(self._clock.now() - RECENT)):
            self.moved(lineage)
        while True:
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("watch.failed", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """One look: observe stages that are new, and refresh the gauges where something changed."""
        for lineage, moved in sorted(self._moved.items()):
            quiet = self._clock.boottime() - moved >= QUIET_S
            if await self._store.transact(self._observe, lineage, quiet) and self._moved[lineage] == moved:
                del self._moved[lineage]
        if self._show:
            self._show = False
            self._metrics.show(await self._store.transact(_deliveries))
        if self._clock.boottime() >= self._missing_at:
            self._missing_at = self._clock.boottime() + MISSING_S
            self._metrics.show_overdue(await self._store.transact(overdue.overdue, self._clock.now()))
            self._metrics.show_refused(await self._store.transact(refused.refused, self._clock.now()))
        open_alarms = await self._store.transact(alarms.open_now, self._clock.now())
        self._metrics.show_open(open_alarms, await self._store.transact(_parked))
        self._metrics.show_backup(await self._store.transact(backups.newest))

    def _observe(self, connection: sa.Connection, lineage: str, quiet: bool) -> bool:  # noqa: FBT001 - for `transact`
        """Observe what is new of one lineage; whether all of it is at rest."""
        at_rest = quiet and not latency.is_moving(connection, lineage)
        for found in reading.broadcasts(connection, lineage):
            for stage in set(Stage) - _observed(connection, found.digest) - (set() if at_rest else AT_REST):
                seconds = latency.seconds(connection, found, stage)
                if seconds is not None:
                    row = {"digest": found.digest, "stage": stage.value, "seconds": seconds}
                    insert_new(connection, tables.observed, [row])
                    self._metrics.took(stage, max(0.0, seconds))
        return at_rest


def _recent(connection: sa.Connection, since: str) -> list[str]:
    b = tables.broadcast.c
    return list(connection.scalars(sa.select(b.lineage).where(b.received >= since).distinct()))


def _observed(connection: sa.Connection, digest: str) -> set[Stage]:
    o = tables.observed.c
    return {Stage(stage) for stage in connection.scalars(sa.select(o.stage).where(o.digest == digest))}


def _deliveries(connection: sa.Connection) -> dict[tuple[str, str], int]:
    d = tables.delivery.c
    query = sa.select(d.channel, d.state, sa.func.count()).group_by(d.channel, d.state)
    return {(channel, state): number for channel, state, number in connection.execute(query)}


def _parked(connection: sa.Connection) -> int:
    """What is parked: few, and not always of a lineage, so counted at every look."""
    parked = sa.select(sa.func.count()).select_from(tables.parked).where(tables.parked.c.did.is_(None))
    return connection.scalar(parked) or 0
