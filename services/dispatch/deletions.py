"""Deletions on a public channel: one for every platform id that a Cancel or a withdrawal takes back, a twin's too.

Derived from the take-backs themselves, not from the mark: a newer version raises the mark, and the wrong post must go
all the same.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.words import BroadcastKind, Kind, State
from services.dispatch import ids
from services.dispatch.moves import STANDS
from services.dispatch.planner import TAKE_BACK_PRIORITY, Plan
from services.dispatch.tables import delivery, platform_id, release
from services.dispatch.takeback import TAKEN_BACK
from services.runtime.store import insert_new

#: A post that was taken back or corrected still stands until it is deleted.
THERE = (*STANDS, State.WITHDRAWN, State.CORRECTED)


def derive(connection: sa.Connection, plan: Plan, now: datetime) -> int:
    """Plan the deletions that are owed now; the number of new ones. Nothing where the platform cannot delete."""
    if not plan.deletes:
        return 0
    ended = sa.or_(release.c.word == "withdraw", release.c.kind == BroadcastKind.CANCEL)
    taking_back = connection.execute(sa.select(release).where(ended, release.c.ends > now)).all()
    return sum(_delete(connection, plan, found, now) for found in taking_back)


def _delete(connection: sa.Connection, plan: Plan, found: Any, now: datetime) -> int:  # noqa: ANN401 - a row of `release`
    withdrawn = found.word == "withdraw"
    ordinal = ids.ordinal(found.version, found.revision, take_back=withdrawn)
    query = (
        sa.select(delivery, platform_id.c.platform_id)
        .join(platform_id, platform_id.c.delivery == delivery.c.id)
        .where(
            delivery.c.lineage == found.lineage, delivery.c.ordinal < ordinal, delivery.c.state.in_(THERE),
            delivery.c.kind.in_(TAKEN_BACK[Kind.WITHDRAWAL if withdrawn else Kind.CANCEL]),
        )
    )  # fmt: skip
    rows = []
    for row in connection.execute(query).all():
        target = f"{row.target}#{row.platform_id}"
        rows.append({
            "id": ids.delivery_id(row.lineage, found.version, found.revision, plan.channel, target, Kind.DELETION),
            "lineage": row.lineage, "version": found.version, "revision": found.revision, "ordinal": ordinal,
            "kind": Kind.DELETION.value, "target": target, "language": row.language, "part": 1,
            "digest": found.digest, "severity": row.severity, "priority": TAKE_BACK_PRIORITY + 1,
            "state": State.PLANNED.value, "ends": found.ends, "changed_at": now, "attempt": 0, "seq": 1,
            "unreported": True, "about": row.id,
        })  # fmt: skip
    return insert_new(connection, delivery, rows)
