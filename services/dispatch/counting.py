"""How many rows are in which state: of all that the ledger has ever had, or of what is open."""

from collections import Counter

import sqlalchemy as sa

from schemas.words import State
from services.dispatch.moves import DOUBT
from services.dispatch.tables import IN_DOUBT, counted, delivery
from services.runtime.prepared import Prepared

#: What the gauges must show at once: what is not settled, and what a person must look at.
OPEN = (State.PLANNED, *DOUBT, State.UNRESOLVED)
_COUNT = sa.select(delivery.c.state, sa.func.count()).group_by(delivery.c.state)
_ALL = Prepared(_COUNT)
_PLANNED, _LEFT = delivery.c.state == State.PLANNED, delivery.c.state == State.UNRESOLVED
_OPEN = Prepared(sa.union_all(*(_COUNT.where(where) for where in (_PLANNED, IN_DOUBT, _LEFT))))
_UNRESOLVED = Prepared(sa.select(delivery.c.lineage).where(_LEFT).distinct())


def by_state(connection: sa.Connection) -> Counter[str]:
    """Rows by state. It reads all of them."""
    return Counter(dict(_ALL(connection).all()))


def open_by_state(connection: sa.Connection) -> Counter[str]:
    """Rows by state, of the `OPEN` ones; by the partial indexes."""
    return Counter(dict(_OPEN(connection).all()))


def unresolved(connection: sa.Connection) -> list[str]:
    """Lineages with messages of which nobody knows whether they arrived."""
    return list(_UNRESOLVED(connection).scalars())


def counter(connection: sa.Connection, name: str) -> int:
    """One of the ledger's own counters; they survive a restart."""
    return connection.execute(sa.select(counted.c.value).where(counted.c.name == name)).scalar() or 0
