"""What became of messages, and what is parked for a person."""

from typing import Any

import sqlalchemy as sa

from schemas.base import instant_text
from schemas.delivery import Deliveries, DeliveryRow
from schemas.operations import Closing
from schemas.words import State
from services.record import tables
from services.record.store import keep_deliveries
from services.runtime.decoding import Envelope
from services.runtime.store import insert_new

STANDS = frozenset({State.SENT, State.DELIVERED})


def deliveries(connection: sa.Connection, record: Deliveries) -> None:
    """What became of up to 500 messages."""
    common = {"lineage": record.lineage, "channel": record.channel.value, "digest": record.digest}
    newest: dict[str, DeliveryRow] = {}
    for row in record.rows:
        if row.id not in newest or newest[row.id].seq < row.seq:
            newest[row.id] = row
    if newest:
        keep_deliveries(connection, [common | _delivery(row) for row in newest.values()])


def _delivery(row: DeliveryRow) -> dict[str, Any]:
    at = instant_text(row.at)
    return {
        "id": row.id, "version": row.version, "revision": row.revision, "kind": row.kind.value, "target": row.target,
        "state": row.state.value, "reason": row.reason.value if row.reason else None, "attempt": row.attempt,
        "seq": row.seq, "at": at, "platform_id": row.platform_id, "sent_at": at if row.state in STANDS else None,
        "delivered_at": at if row.state is State.DELIVERED else None,
    }  # fmt: skip


def parked(connection: sa.Connection, key: str, envelope: Envelope) -> None:
    """A record waits for a person; also one that was closed and came again, as after a restore, and failed again."""
    names = ("room", "topic", "error", "cause", "at")
    row = {name: envelope.headers.get(f"tocsin-{name}", "") for name in names}
    if not insert_new(connection, tables.parked, [{"key": key, **row}]):
        p = tables.parked
        earlier = (p.c.key == key) & (p.c.at != "") & (p.c.at < row["at"])
        connection.execute(sa.update(p).where(earlier).values(**row, did=None, person=None))


def closed(connection: sa.Connection, key: str, record: Closing) -> None:
    """A person has replayed or dropped a parked record."""
    parked_table = tables.parked
    blank = dict.fromkeys(("room", "topic", "error", "cause", "at"), "")
    insert_new(connection, parked_table, [{"key": key, **blank}])
    connection.execute(
        sa.update(parked_table).where(parked_table.c.key == key).values(did=record.did, person=record.person)
    )
