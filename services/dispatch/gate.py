"""The gate: one durable transaction that commits what is finished and opens as many new intents.

Everything that could forbid a send is read inside it: mark, brake, pause, expiry, opt-out, earlier versions on the
same target. What it returns is an intent on disk; whether the request may still start is asked once more, by clock,
right before its first byte.
"""

from collections.abc import Sequence
from datetime import datetime
from math import inf
from typing import Any, NamedTuple

import sqlalchemy as sa

from schemas.words import TAKE_BACKS, Kind, Reason, State
from services.dispatch import due, evidence, restored, settling
from services.dispatch.evidence import NOW, Effects, Evidence, changed
from services.dispatch.port import Doubt, Job, NotSent, Outcome, Refused, Sent
from services.dispatch.settling import THESE
from services.dispatch.tables import brake, delivery, mark, opt_out, pause
from services.runtime.prepared import Given, Prepared, among
from services.runtime.store import insert_new

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 60.0
#: A refusal of us says nothing of the message: it waits until the account is mended, or the alert has ended.
OF_THE_ACCOUNT = frozenset({Reason.AUTH, Reason.PAYMENT})
#: Seconds until the account is tried again.
ACCOUNT_S = 30.0
#: What a job is made of; see `texts.Texts.intent`.
INTENT = (
    delivery.c.id, delivery.c.lineage, delivery.c.ordinal, delivery.c.kind, delivery.c.attempt, delivery.c.target,
    delivery.c.language, delivery.c.part, delivery.c.severity, delivery.c.digest, delivery.c.ends,
)  # fmt: skip


class ClaimError(Exception):
    """A row that this transaction holds was changed by another one: the ledger's locks do not hold."""


class Done(NamedTuple):
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
        settling.forbid(connection, now, THESE, ids=back)


def _settle_one(connection: sa.Connection, done: Done, now: datetime, effects: Effects) -> None:
    job, outcome = done.job, done.outcome
    values: dict[str, Any]
    match outcome:
        case Refused(reason) if reason in OF_THE_ACCOUNT:
            values = _planned_again(reason, now, ACCOUNT_S)
        case Refused(reason):  # who has said STOP, to the phonebook or to the platform, is no failure
            state = State.SUPPRESSED if reason is Reason.OPTED_OUT else State.FAILED
            values = {"state": state, "reason": reason}
        case NotSent(reason, wait):
            values = _planned_again(reason, now, _backoff(job, wait))
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
    # Who has only no number here has said nothing: the phonebook is asked anew for every message.
    if isinstance(outcome, Refused) and outcome.reason is Reason.OPTED_OUT and outcome.code is not None:
        insert_new(connection, opt_out, [{"target": job.target, "at": now}])


def _planned_again(reason: Reason, now: datetime, wait_s: float) -> dict[str, Any]:
    return {"state": State.PLANNED, "reason": reason, "due": due.later(now, wait_s)}


def _backoff(job: Job, wait: float | None) -> float:
    return wait if wait is not None else min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(job.attempt, 8))


def open_intents(
    connection: sa.Connection, channel: str, slots: int, now: datetime
) -> "Sequence[sa.Row[*tuple[Any, ...]]]":
    """Write up to `slots` intents; the rows as they were found, each with one attempt less than it has now.

    Raises:
        ClaimError: somebody took one of them in between. Nothing was opened.
    """
    if slots <= 0 or braked(connection, channel):
        return []
    found = _CANDIDATES(connection, now=now, far=now + due.LONGEST, slots=slots).all()
    held = _hold_marks(connection, {row.lineage for row in found})
    rows = [row for row in found if row.kind == Kind.DELETION or held.get(row.lineage, -1) <= row.ordinal]
    if rows and _CLAIM(connection, ids=[row.id for row in rows], now=now).rowcount != len(rows):
        raise ClaimError
    return rows


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


_BRAKE = Prepared(sa.select(brake.c.on).where(brake.c.channel == Given("channel")))


def braked(connection: sa.Connection, channel: str) -> bool:
    """Whether the channel's brake is on."""
    return bool(_BRAKE(connection, channel=channel).scalar())


_FAR = Given("far", delivery.c.due)


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
        sa.select(*INTENT)
        .where(
            row.c.state == State.PLANNED,
            due.come(NOW, _FAR),
            row.c.ends > NOW,
            sa.or_(row.c.kind == Kind.DELETION, ~newer_mark),
            sa.or_(row.c.kind.in_(TAKE_BACKS), ~paused),
            ~opted_out,
            ~open_before,
            sa.or_(row.c.revision == 1, row.c.kind.not_in([Kind.ALERT, Kind.UPDATE]), ~stands_before),
            sa.or_(row.c.part == 1, _part_before_stands(row, other)),
            restored.cleared(),
        )
        .order_by(row.c.priority, row.c.ordinal)
        .limit(Given("slots"))
        .with_for_update(skip_locked=True, of=row)
    )


def _part_before_stands(row: sa.Table, other: "sa.FromClause") -> "sa.ColumnElement[bool]":
    """Part n of a thread waits for part n-1. `about` of a part is the part before it."""
    return sa.or_(
        row.c.kind == Kind.DELETION,
        sa.exists().where(other.c.id == row.c.about, other.c.state.in_([State.SENT, State.DELIVERED])),
    )


def _claim() -> sa.Update:
    """The intents of `ids`: those that are still `planned` become `sending`."""
    where = among(delivery.c.id, "ids") & (delivery.c.state == State.PLANNED)
    values = {"state": State.SENDING, "reason": None, "attempt": delivery.c.attempt + 1, "intent_at": NOW}
    return sa.update(delivery).where(where).values({**values, **changed(NOW)})


_CANDIDATES, _CLAIM = Prepared(_candidates()), Prepared(_claim())
