"""The brake: a flag written straight into the ledger. It needs neither Kafka, nor approve, nor console.

A short write beside the dispatcher, without its lock: the next window reads it in its own transaction.
"""

from datetime import datetime

import sqlalchemy as sa

from schemas.words import Channel
from services.dispatch.tables import brake, metadata
from services.runtime.store import Store, insert_new


def set_brake(url: str, channel: Channel, *, on: bool, by: str, reason: str, now: datetime) -> None:
    """Write the flag into the ledger at `url`; sqlalchemy.exc.DBAPIError when the ledger cannot be written."""
    store = Store(url, metadata)
    try:
        row = {"channel": channel.value, "on": on, "by": by, "reason": reason, "at": now}
        with store.begin() as connection:
            if not insert_new(connection, brake, [row]):
                connection.execute(sa.update(brake).where(brake.c.channel == channel.value).values(row))
    finally:
        store.close()
