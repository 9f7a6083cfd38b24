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
from services.runtime.prepared import Given, Prepared
from services.runtime.store import insert_new

#: A post that was taken back or corrected still stands until it is deleted.
THERE = (*STANDS, State.WITHDRAWN, State.CORRECTED)


def derive(connection: sa.Connection, plan: Plan, now: datetime) -> int:
    """Plan the deletions that are owed now; the number of new ones. Nothing where the platform cannot delete."""
    if not plan.deletes:
        return 0
    ended = sa.or_(release.c.word == "withdraw", release.c.kind == BroadcastKind.CANCEL)
    columns = release.c.lineage, release.c.version, release.c.revision, release.c.word, release.c.digest, release.c.ends
    taking_back = connection.execute(sa.select(*columns).where(ended, release.c.ends > now)).all()
    return sum(_delete(connection, plan, found, now) for found in taking_back)


def _posts(kind: Kind) -> Prepared:
    """The posts of a lineage below an ordinal that are there, or were before they were taken back; an id each."""
    columns = delivery.c.id, delivery.c.lineage, delivery.c.target, delivery.c.language, delivery.c.severity
    return Prepared(
        sa.select(*columns, platform_id.c.platform_id)
        .join(platform_id, platform_id.c.delivery == delivery.c.id)
        .where(
            delivery.c.lineage == Given("lineage"), delivery.c.ordinal < Given("ordinal"),
            delivery.c.state.in_(THERE), delivery.c.kind.in_(TAKEN_BACK[kind]),
        )
    )  # fmt: skip


_POSTS = {kind: _posts(kind) for kind in TAKEN_BACK}


def _delete(connection: sa.Connection, plan: Plan, found: Any, now: datetime) -> int:  # noqa: ANN401 - a row of `release`
    withdrawn = found.word == "withdraw"
    ordinal = ids.ordinal(found.version, found.revision, take_back=withdrawn)
    posts = _POSTS[Kind.WITHDRAWAL if withdrawn else Kind.CANCEL]
    rows = []
    for row in posts(connection, lineage=found.lineage, ordinal=ordinal).all():
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
