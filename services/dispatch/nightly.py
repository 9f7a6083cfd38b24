"""The comparison by itself: once a day one of the processes that share the ledger holds it against the platform's list.

When it is due stands in the ledger, so that neither a restart nor a second process makes it twice or never.
"""

import asyncio
from datetime import datetime, timedelta

import sqlalchemy as sa
from structlog.stdlib import get_logger

from services.dispatch.compare import Comparer, Comparison
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.tables import compared
from services.runtime.clock import Clock
from services.runtime.store import Store, insert_new

log = get_logger(__name__)
#: How far back a list is read: reports and look-ups have settled nearly all that is older.
DAYS = timedelta(days=2)
LOOK_S = 60.0
#: After a list that could not be read whole, or a process that ended while it read.
AGAIN = timedelta(hours=1)


class Nightly:
    """Looks each minute whether it is time."""

    def __init__(
        self, store: Store, comparer: Comparer, metrics: DispatchMetrics, clock: Clock, every: timedelta
    ) -> None:
        """Compare by `comparer` every `every`, the first time that long after the ledger was made."""
        self._store, self._comparer, self._metrics = store, comparer, metrics
        self._clock, self._every = clock, every

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_S)  # the channel is open by then
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the ledger is away: it is asked again
                log.warning("compare.failed", error=type(error).__name__)

    async def look(self) -> Comparison | None:
        """Compare where it is due; what was seen, or None."""
        mine = await self._store.transact(_take, self._clock.now(), self._every)
        found = await self._compare() if mine else None
        at, strangers = await self._store.transact(_last)
        self._metrics.compared.set(at.timestamp())
        self._metrics.strangers_listed.set(strangers)
        return found

    async def _compare(self) -> Comparison | None:
        now = self._clock.now()
        try:
            found = await self._comparer.compare(now - DAYS)
        except Exception as error:  # noqa: BLE001 - a list that cannot be read whole proves nothing
            log.warning("compare.failed", error=type(error).__name__)
            return None
        await self._store.transact(_set, at=now, strangers=found.strangers, due=now + self._every)
        log.info("compare.done", **found.__dict__)
        return found


def _take(connection: sa.Connection, now: datetime, every: timedelta) -> bool:
    """Whether it is due, and this process's to do. Until it is done it is due again soon: a process may end in it.

    What is due later than anything here makes it was put off by a clock that has been set back since.
    """
    insert_new(connection, compared, [{"one": 1, "due": now + every, "at": now, "strangers": 0}])
    has_come = (compared.c.due <= now) | (compared.c.due > now + max(every, AGAIN))
    return connection.execute(sa.update(compared).where(has_come).values(due=now + AGAIN)).rowcount == 1


def _set(connection: sa.Connection, /, **values: object) -> None:
    connection.execute(sa.update(compared).values(**values))


def _last(connection: sa.Connection) -> tuple[datetime, int]:
    row = connection.execute(sa.select(compared.c.at, compared.c.strangers)).one()
    return row.at, row.strangers
