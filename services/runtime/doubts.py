"""Records that nobody could believe when they came, because topics have no common order.

The bundle that names their signers may still be on its way; whenever trust changes they are judged again. What is
wrong in itself (another digest, a bad signature, expired) is not kept.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.base import Record
from services.runtime.store import Moment, insert_new

#: Rules of the verifier that a later bundle may satisfy.
CURED_BY_A_BUNDLE = frozenset({"no_bundle", "person", "role", "key", "quorum", "ceiling"})
KEPT = timedelta(days=7)


def table(metadata: sa.MetaData) -> sa.Table:
    """The table of what waits for trust, in the store of a room that verifies."""
    return sa.Table(
        "doubted",
        metadata,
        sa.Column("hash", sa.String, primary_key=True),
        sa.Column("schema", sa.String, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("correlation", sa.String, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )


@dataclass(frozen=True)
class Doubted:
    """One record that waits for trust."""

    record: Record
    correlation: str


class Doubts:
    """What one room keeps until trust changes."""

    def __init__(self, rows: sa.Table, kinds: Iterable[type[Record]], limit: int) -> None:
        """At most `limit` records: whoever can write to the topic must not be able to fill the disk."""
        self._rows, self._limit = rows, limit
        self._kinds = {kind.schema_name: kind for kind in kinds}

    def keep(self, connection: sa.Connection, record: Record, correlation: str, now: datetime) -> None:
        """Remember a record, once; beyond the limit the newest is not kept."""
        if connection.execute(sa.select(sa.func.count()).select_from(self._rows)).scalar_one() < self._limit:
            row = {
                "hash": _hash(record), "schema": record.schema_name, "value": _value(record),
                "correlation": correlation, "at": now,
            }  # fmt: skip
            insert_new(connection, self._rows, [row])

    def all_of(self, connection: sa.Connection, now: datetime) -> list[Doubted]:
        """What waits, oldest first; what has waited too long is thrown away."""
        connection.execute(sa.delete(self._rows).where(self._rows.c.at < now - KEPT))
        found = connection.execute(sa.select(self._rows).order_by(self._rows.c.at)).all()
        return [Doubted(self._kinds[row.schema].model_validate_json(row.value), row.correlation) for row in found]

    def forget(self, connection: sa.Connection, record: Record) -> None:
        """It was judged for good."""
        connection.execute(sa.delete(self._rows).where(self._rows.c.hash == _hash(record)))


def _value(record: Record) -> bytes:
    return record.model_dump_json(by_alias=True).encode()


def _hash(record: Record) -> str:
    return hashlib.sha256(_value(record)).hexdigest()
