"""The gate: one durable transaction that commits what is finished and opens as many new intents.

Everything that could forbid a send is read inside it: mark, brake, pause, expiry, opt-out, earlier versions on the
same target. What it returns is an intent on disk; whether the request may still start is asked once more, by clock,
right before its first byte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any

import sqlalchemy as sa

from schemas.words import TAKE_BACKS, Kind, Reason, State
from services.dispatch import evidence, restored, settling
from services.dispatch.evidence import Effects, Evidence, changed
from services.dispatch.port import Doubt, Job, NotSent, Outcome, Refused, Sent
from services.dispatch.tables import brake, delivery, mark, opt_out, pause
from services.runtime.store import insert_new

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 60.0


@dataclass(frozen=True)
class Done:
    """What became of one attempt."""

    job: Job
    outcome: Outcome


def settle(connection: sa.Connection, finished: Sequence[Done], now: datetime, effects: Effects) -> None:
    """Commit outcomes: ids as evidence, all else compared with the attempt, so that a row that was lost stays lost."""
    sent = [
        Evidence(d.job.id, d.outcome.platform_id, d.outcome.created) for d in finished if isinstance(d.outcome, Sent)
    ]
    evidence.accept(connection, sent, "answer", now, effects)
    back = []
    for done in finished:
        if not isinstance(done.outcome, Sent):
            _settle_one(connection, done, now, effects)
            back.append(done.job.id)
    if back:
        forbid(connection, now, delivery.c.id.in_(back))


def forbid(connection: sa.Connection, now: datetime, which: "sa.ColumnElement[bool]") -> None:
    """Settle what came back to `planned` and may not start any more."""
    settling.supersede(connection, now, which)
    settling.suppress_opted_out(connection, now, which)


def _settle_one(connection: sa.Connection, done: Done, now: datetime, effects: Effects) -> None:
    job, outcome = done.job, done.outcome
    match outcome:
        case Refused(reason):  # who has said STOP, to the phonebook or to the platform, is no failure
            state = State.SUPPRESSED if reason is Reason.OPTED_OUT else State.FAILED
            values: dict[str, Any] = {"state": state, "reason": reason}
        case NotSent(reason, wait):
            values = {"state": State.PLANNED, "reason": reason, "due": now + timedelta(seconds=_backoff(job, wait))}
        case Doubt(reason):
            values = {"state": State.UNKNOWN, "reason": reason}
        case _:  # pragma: no cover - Sent is evidence, and there is no fifth outcome
            return
    mine = (delivery.c.id == job.id) & (delivery.c.state == State.SENDING) & (delivery.c.attempt == job.attempt)
    if values["state"] in {State.FAILED, State.SUPPRESSED}:
        # "No" to this attempt says nothing of an earlier one that may have arrived.
        doubt = {"state": State.UNKNOWN, "reason": Reason.UNKNOWN_OUTCOME, **changed(now)}
        connection.execute(sa.update(delivery).where(mine, delivery.c.maybe).values(**doubt))
    moved = connection.execute(sa.update(delivery).where(mine).values(**values, **changed(now))).rowcount
    effects.count(values["state"], values["reason"], moved)
    if outcome.reason is Reason.OPTED_OUT:
        insert_new(connection, opt_out, [{"target": job.target, "at": now}])


def _backoff(job: Job, wait: float | None) -> float:
    return wait if wait is not None else min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(job.attempt, 8))


def open_intents(connection: sa.Connection, channel: str, slots: int, now: datetime) -> list["sa.Row[Any]"]:
    """Write up to `slots` intents; the rows as they are now, `sending`, with their attempt."""
    if slots <= 0 or braked(connection, channel):
        return []
    found = connection.execute(_CANDIDATES, {"now": now, "slots": slots}).all()
    held = _hold_marks(connection, {row.lineage for row in found})
    ids = [row.id for row in found if row.kind == Kind.DELETION or held.get(row.lineage, -1) <= row.ordinal]
    if not ids:
        return []
    where = delivery.c.id.in_(ids) & (delivery.c.state == State.PLANNED)
    values = {
        "state": State.SENDING,
        "reason": None,
        "attempt": delivery.c.attempt + 1,
        "intent_at": now,
        **changed(now),
    }
    connection.execute(sa.update(delivery).where(where).values(values))
    rows = connection.execute(sa.select(delivery).where(delivery.c.id.in_(ids))).all()
    return sorted(rows, key=lambda row: ids.index(row.id))


def _hold_marks(connection: sa.Connection, lineages: set[str]) -> dict[str, float]:
    """The marks of these lineages, which nobody raises before this transaction ends; endless where somebody is at it.

    Without it a withdrawal could be on disk while a gate that had not seen it opens one more window. On SQLite nothing:
    no other transaction runs, and the candidates have been held against the marks.
    """
    if connection.dialect.name == "sqlite" or not lineages:
        return {}
    these = sa.select(mark.c.lineage, mark.c.ordinal).where(mark.c.lineage.in_(lineages))
    held = connection.execute(these.with_for_update(read=True, skip_locked=True)).all()
    return dict.fromkeys(connection.execute(these).scalars(), inf) | {row.lineage: float(row.ordinal) for row in held}


def braked(connection: sa.Connection, channel: str) -> bool:
    """Whether the channel's brake is on."""
    return bool(connection.execute(sa.select(brake.c.on).where(brake.c.channel == channel)).scalar())


def _candidates() -> "sa.Select[Any]":
    """Planned rows that may start now, gravest first."""
    row, other = delivery, delivery.alias("other")
    same = (other.c.lineage == row.c.lineage) & (other.c.target == row.c.target)
    newer_mark = sa.exists().where(mark.c.lineage == row.c.lineage, mark.c.ordinal > row.c.ordinal)
    paused = sa.exists().where(pause.c.lineage == row.c.lineage)
    opted_out = sa.exists().where(opt_out.c.target == row.c.target)
    open_before = sa.exists().where(
        same, other.c.ordinal < row.c.ordinal, other.c.state.in_([State.PLANNED, State.SENDING, State.UNKNOWN])
    )
    # Who has an earlier revision gets a correction, not the alert again; the sweep turns the row into one.
    stands_before = sa.exists().where(
        same, other.c.version == row.c.version, other.c.revision < row.c.revision,
        other.c.state.in_([State.SENT, State.DELIVERED, State.CORRECTED]),
    )  # fmt: skip
    return (
        sa.select(row.c.id, row.c.lineage, row.c.ordinal, row.c.kind)
        .where(
            row.c.state == State.PLANNED,
            sa.or_(row.c.due.is_(None), row.c.due <= sa.bindparam("now", type_=row.c.due.type)),
            row.c.ends > sa.bindparam("now", type_=row.c.ends.type),
            sa.or_(row.c.kind == Kind.DELETION, ~newer_mark),
            sa.or_(row.c.kind.in_(TAKE_BACKS), ~paused),
            ~opted_out,
            ~open_before,
            sa.or_(row.c.revision == 1, row.c.kind.not_in([Kind.ALERT, Kind.UPDATE]), ~stands_before),
            sa.or_(row.c.part == 1, _part_before_stands(row, other)),
            restored.cleared(),
        )
        .order_by(row.c.priority, row.c.ordinal)
        .limit(sa.bindparam("slots"))
        .with_for_update(skip_locked=True, of=row)
    )


def _part_before_stands(row: sa.Table, other: "sa.FromClause") -> "sa.ColumnElement[bool]":
    """Part n of a thread waits for part n-1. `about` of a part is the part before it."""
    return sa.or_(
        row.c.kind == Kind.DELETION,
        sa.exists().where(other.c.id == row.c.about, other.c.state.in_([State.SENT, State.DELIVERED])),
    )


_CANDIDATES = _candidates()
