"""When this realm was last backed up: `tocsin backup` notes it in this room's store, and the room shows Prometheus.

In the store and in no file, because who backs up and who watches may be on different machines.
"""

from datetime import datetime

import sqlalchemy as sa

from schemas.base import instant_text
from services.record.tables import backup
from services.runtime.store import insert_new

ROOM = "record"
_ONE = 1


def note(connection: sa.Connection, at: datetime) -> None:
    """There is a whole backup of `at`; one that is older than what is known changes nothing."""
    text = instant_text(at)
    if not insert_new(connection, backup, [{"one": _ONE, "at": text}]):
        connection.execute(sa.update(backup).where(backup.c.at < text).values(at=text))


def newest(connection: sa.Connection) -> datetime | None:
    """When the newest backup was made; None where none is known."""
    text = connection.scalar(sa.select(backup.c.at))
    return datetime.fromisoformat(text) if text else None
