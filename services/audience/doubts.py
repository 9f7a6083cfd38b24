"""Releases and withdrawals that nobody could believe when they came, because topics have no common order.

The bundle that names their signers may still be on its way; whenever trust changes they are judged again.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.release import Release, Stop
from services.audience.tables import doubted
from services.runtime.store import insert_new

#: Rules of the verifier that a later bundle may satisfy; what is wrong in itself is not kept.
CURED_BY_A_BUNDLE = frozenset({"no_bundle", "person", "role", "key", "quorum", "ceiling"})
KEPT = timedelta(days=7)
#: So that whoever can write to the topic cannot fill the disk.
LIMIT = 200
KINDS: dict[str, type[Release] | type[Stop]] = {kind.schema_name: kind for kind in (Release, Stop)}


@dataclass(frozen=True)
class Doubted:
    """One record that waits for trust."""

    record: Release | Stop
    correlation: str


def keep(connection: sa.Connection, record: Release | Stop, correlation: str, now: datetime) -> None:
    """Remember a record, once; beyond `LIMIT` the newest is not kept (its dispatcher's alarm names it)."""
    if connection.execute(sa.select(sa.func.count()).select_from(doubted)).scalar_one() < LIMIT:
        value = record.model_dump_json(by_alias=True).encode()
        row = {
            "hash": _hash(record),
            "schema": record.schema_name,
            "value": value,
            "correlation": correlation,
            "at": now,
        }
        insert_new(connection, doubted, [row])


def all_of(connection: sa.Connection, now: datetime) -> list[Doubted]:
    """What waits, oldest first; what has waited too long is thrown away."""
    connection.execute(sa.delete(doubted).where(doubted.c.at < now - KEPT))
    found = connection.execute(sa.select(doubted).order_by(doubted.c.at)).all()
    return [Doubted(KINDS[row.schema].model_validate_json(row.value), row.correlation) for row in found]


def forget(connection: sa.Connection, record: Release | Stop) -> None:
    """It was believed."""
    connection.execute(sa.delete(doubted).where(doubted.c.hash == _hash(record)))


def _hash(record: Release | Stop) -> str:
    return hashlib.sha256(record.model_dump_json(by_alias=True).encode()).hexdigest()
