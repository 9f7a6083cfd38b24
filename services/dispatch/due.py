"""When a row that was put off may start again, by a wall clock that may have been wrong when it was put off."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from services.dispatch.tables import delivery
from services.runtime.prepared import Given

#: No row waits longer for its next attempt: X's window is 15 minutes
#: (https://docs.x.com/x-api/fundamentals/rate-limits); while it lasts, the account's own rate holds back all of them.
LONGEST = timedelta(minutes=15)


def later(now: datetime, wait_s: float) -> datetime:
    """The moment `wait_s` seconds from now, or the longest wait if that is sooner."""
    return now + min(timedelta(seconds=wait_s), LONGEST)


def come(now: datetime | Given, far: datetime | Given) -> "sa.ColumnElement[bool]":
    """Rows of `delivery` whose moment has come; `far` is `now` and the longest wait.

    What is due later than that was put off by a clock that has been set back since: it has come too.
    """
    return sa.or_(delivery.c.due.is_(None), delivery.c.due <= now, delivery.c.due > far)
