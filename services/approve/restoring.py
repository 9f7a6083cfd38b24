"""A store out of a backup waits with deadlines until what people decided meanwhile has been read again.

A rejection that the store has forgotten stands on `broadcasts.decided`; a deadline that releases must not come first.
"""

from datetime import datetime

import sqlalchemy as sa

from services.approve.announcing import ROOM
from services.approve.tables import proposals

__all__ = ["ROOM", "wait"]


def wait(connection: sa.Connection, until: datetime) -> int:
    """Let no deadline pass before `until`; the number of proposals that wait longer for it."""
    due = connection.execute(sa.update(proposals).where(proposals.c.due < until).values(due=until)).rowcount
    connection.execute(sa.update(proposals).where(proposals.c.deadline < until).values(deadline=until))
    return due
