"""A store out of a backup waits with deadlines until what people decided meanwhile has been read again.

A rejection that the store has forgotten stands on `broadcasts.decided`; a deadline that releases must not come first.
The wait begins with the first sweep, hence with Kafka in reach: a house may be started hours after it was restored.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from services.approve.announcing import ROOM
from services.approve.tables import restored

__all__ = ["ROOM", "mark", "waits"]


def mark(connection: sa.Connection, grace: timedelta) -> None:
    """Make this store one that is out of a backup: its first sweep begins a wait of `grace` (whole seconds)."""
    connection.execute(sa.delete(restored))
    connection.execute(sa.insert(restored).values(one=1, grace_s=round(grace.total_seconds()), until=None))


def waits(connection: sa.Connection, now: datetime) -> bool:
    """Whether no deadline may pass yet; the first question begins the wait, one after its end forgets the restore."""
    row = connection.execute(sa.select(restored)).one_or_none()
    if row is None:
        return False
    if row.until is None:
        until = now + timedelta(seconds=row.grace_s)
        connection.execute(sa.update(restored).where(restored.c.until.is_(None)).values(until=until))
        return True
    if now < row.until:
        return True
    connection.execute(sa.delete(restored))
    return False
