"""Corrections: who has an earlier revision gets one in place of the alert, when nothing of that place is in doubt."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.words import Kind, Reason, State
from services.dispatch import ids
from services.dispatch.evidence import changed
from services.dispatch.moves import DOUBT, STANDS
from services.dispatch.planner import Plan
from services.dispatch.tables import delivery, release
from services.dispatch.takeback import CHUNK, same_place
from services.runtime.store import insert_new

ALERTS = (Kind.ALERT, Kind.UPDATE)
#: Who has an earlier revision, as the gate counts it too: also one that was corrected since.
HAVE = (*STANDS, State.CORRECTED)
#: What surely has not arrived.
_LOST = (State.FAILED, State.EXPIRED, State.SUPERSEDED, State.SUPPRESSED)


def derive(connection: sa.Connection, plan: Plan, now: datetime) -> int:
    """Turn planned alerts of a later revision into corrections, up to a chunk; the number of alerts turned."""
    new, old, other = delivery.alias("new"), delivery.alias("old"), delivery.alias("other")
    stands = sa.exists().where(
        same_place(new, old, public=plan.public), old.c.version == new.c.version, old.c.revision < new.c.revision,
        old.c.state.in_(HAVE),
    )  # fmt: skip
    in_doubt = sa.exists().where(
        same_place(new, other, public=plan.public), other.c.ordinal < new.c.ordinal, other.c.state.in_(DOUBT)
    )
    query = sa.select(new).where(
        new.c.state == State.PLANNED, new.c.revision > 1, new.c.kind.in_(ALERTS), stands, ~in_doubt, ~new.c.maybe
    )
    rows = connection.execute(query.limit(CHUNK).with_for_update(skip_locked=True, of=new)).all()
    for row in rows:
        last = _plan(connection, plan, row, now)
        place = delivery.c.language == row.language if plan.public else delivery.c.target == row.target
        before = (delivery.c.lineage == row.lineage) & place & (delivery.c.version == row.version) & (
            delivery.c.revision < row.revision)  # fmt: skip
        standing = before & (delivery.c.kind != Kind.DELETION) & sa.or_(delivery.c.state.in_(STANDS), _uncorrected())
        connection.execute(sa.update(delivery).where(standing).values(follower=last))
        values = {"state": State.SUPERSEDED, "reason": Reason.SUPERSEDED, **changed(now)}
        connection.execute(sa.update(delivery).where(delivery.c.id == row.id).values(**values))
    return len(rows)


def _uncorrected() -> "sa.ColumnElement[bool]":
    """Rows that an older version left `corrected` when their correction was reported undelivered."""
    correction = delivery.alias("correction")
    lost = sa.exists().where(correction.c.id == delivery.c.follower, correction.c.state.in_(_LOST))
    return (delivery.c.state == State.CORRECTED) & lost


def _plan(connection: sa.Connection, plan: Plan, row: Any, now: datetime) -> str:  # noqa: ANN401 - a row of `delivery`
    """Plan every part of the correction in place of `row`; the id of the last, with which all of it stands."""
    before: str | None = None
    for part in range(1, (_parts(connection, row) if plan.public else 1) + 1):
        target = f"{ids.target_base(row.target)}/{part}" if plan.public else row.target
        name = ids.delivery_id(row.lineage, row.version, row.revision, plan.channel, target, Kind.CORRECTION)
        fresh = {
            **{column.name: getattr(row, column.name) for column in delivery.columns},
            "id": name, "kind": Kind.CORRECTION.value, "target": target, "part": part, "about": before, "seq": 1,
            "unreported": True, "changed_at": now,
        }  # fmt: skip
        insert_new(connection, delivery, [fresh])
        before = name
    return str(before)


def _parts(connection: sa.Connection, row: Any) -> int:  # noqa: ANN401 - a row of `delivery`
    """How many parts the correction's own text has; without one the alert's text is sent."""
    query = sa.select(release.c.texts).where(release.c.digest == row.digest, release.c.word == "release")
    texts = connection.execute(query).scalar_one()
    return len(texts["corrections"].get(row.language) or texts["renditions"][row.language])
