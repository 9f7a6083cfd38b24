"""What lies in intake's store beside what goes on: held and refused bytes, and who has read them."""

from typing import Any

import sqlalchemy as sa

from schemas.base import instant_text
from schemas.decision import ReadStatement
from services.intake.history import Place
from services.intake.store import MESSAGES, ORIGINALS, READINGS
from services.runtime.clock import Clock

#: Facts about bytes, never the bytes.
_FACTS = (
    ORIGINALS.c.digest, ORIGINALS.c.content_type, ORIGINALS.c.received, ORIGINALS.c.place, ORIGINALS.c.rule,
    sa.func.length(ORIGINALS.c.data).label("size"), MESSAGES.c.lineage, MESSAGES.c.version,
)  # fmt: skip
_WITH_PLACE = sa.outerjoin(ORIGINALS, MESSAGES, ORIGINALS.c.digest == MESSAGES.c.digest)


def withheld(connection: sa.Connection, limit: int) -> list[dict[str, Any]]:
    """What was held or refused, newest first."""
    held = sa.and_(ORIGINALS.c.place == Place.ACCEPTED, ORIGINALS.c.rule.is_not(None))
    where = sa.or_(held, ORIGINALS.c.place.in_([Place.REFUSED, Place.LATE, Place.WAITING]))
    query = sa.select(*_FACTS).select_from(_WITH_PLACE).where(where).order_by(ORIGINALS.c.received.desc())
    return [_facts(row._asdict()) for row in connection.execute(query.limit(limit)).all()]


def facts(connection: sa.Connection, digest: str) -> dict[str, Any] | None:
    """Where some bytes have ended up; None when they never came."""
    query = sa.select(*_FACTS).select_from(_WITH_PLACE).where(ORIGINALS.c.digest == digest)
    row = connection.execute(query).one_or_none()
    return None if row is None else _facts(row._asdict())


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    found = {**row, "received": instant_text(row["received"])}
    found["state"] = "held" if row["place"] == Place.ACCEPTED and row["rule"] is not None else row["place"]
    return {name: value for name, value in found.items() if value is not None}


def note_reading(connection: sa.Connection, statement: ReadStatement, clock: Clock) -> bool:
    """Note that a person reads; False where this wish was granted before."""
    if connection.execute(sa.select(READINGS.c.nonce).where(READINGS.c.nonce == statement.nonce)).first() is not None:
        return False
    change = sa.insert(READINGS).values(
        nonce=statement.nonce, digest=statement.source, person=statement.person, role=statement.role,
        reason=statement.reason, at=clock.now(),
    )  # fmt: skip
    connection.execute(change)
    return True
