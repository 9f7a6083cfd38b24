"""Follow-through: what must be taken back or corrected, derived again and again from settled rows.

Never from a list made at the moment of the withdrawal: one message in flight at that moment would be forgotten. A
target waits only while something of it is in doubt (sending "just in case" lets the first message arrive after its own
cancel), and where an attempt was repeated, until the last one can no longer arrive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from schemas.words import Kind, Reason, State
from services.dispatch import ids
from services.dispatch.evidence import changed
from services.dispatch.moves import DOUBT, STANDS
from services.dispatch.planner import TAKE_BACK_PRIORITY, Plan
from services.dispatch.tables import delivery, mark, platform_id, release
from services.runtime.store import insert_new

TAKING_BACK = (Kind.CANCEL, Kind.WITHDRAWAL)
#: What a mark of each kind takes back: a Cancel ends the alerts, a withdrawal ends a Cancel too.
TAKEN_BACK = {
    Kind.CANCEL: (Kind.ALERT, Kind.UPDATE, Kind.CORRECTION),
    Kind.WITHDRAWAL: (Kind.ALERT, Kind.UPDATE, Kind.CORRECTION, Kind.CANCEL),
}
CHUNK = 500


@dataclass(frozen=True)
class Owed:
    """What the follow-through planned, and what a person must look at."""

    planned: int
    for_a_person: tuple[str, ...] = ()


def derive(connection: sa.Connection, plan: Plan, last_arrival_s: float, now: datetime) -> Owed:
    """Plan the take-backs and deletions that are owed now, up to a chunk a lineage; call again while it plans some."""
    planned, lineages = 0, []
    alive = mark.c.at > now - timedelta(seconds=plan.take_back_s)
    for found in connection.execute(sa.select(mark).where(mark.c.kind.in_(TAKING_BACK), alive)).all():
        texts = _texts(connection, found)
        if texts is None:
            continue
        rows = _owed(connection, plan, found, last_arrival_s, now)
        for row in rows:
            _plan_one(connection, plan, found, texts, row, now)
        planned += len(rows)
        if plan.deletes:
            planned += _plan_deletions(connection, plan, found, texts.ends, now)
        if plan.public and _unresolved(connection, found):
            lineages.append(found.lineage)
    return Owed(planned, tuple(lineages))


@dataclass(frozen=True)
class _Texts:
    by_language: dict[str, list[str]]
    ends: datetime


def _texts(connection: sa.Connection, found: Any) -> _Texts | None:  # noqa: ANN401 - a row of `mark`
    """The words of the take-back: a Cancel's own renditions, or the withdrawals that were approved with the alert."""
    word, kept = ("withdraw", "withdrawals") if found.kind == Kind.WITHDRAWAL else ("release", "renditions")
    row = connection.execute(
        sa.select(release.c.texts, release.c.ends).where(release.c.digest == found.digest, release.c.word == word)
    ).first()
    return _Texts(row.texts[kept], row.ends) if row else None


def _owed(
    connection: sa.Connection, plan: Plan, found: Any, last_arrival_s: float, now: datetime  # noqa: ANN401 - a row of `mark`
) -> Sequence["sa.Row[Any]"]:  # fmt: skip
    """Rows that stand below the mark and have no follower, of targets where nothing is in doubt."""
    row, other = delivery, delivery.alias("other")
    in_doubt = sa.exists().where(
        other.c.lineage == row.c.lineage, other.c.target == row.c.target, other.c.ordinal < found.ordinal,
        other.c.state.in_(DOUBT),
    )  # fmt: skip
    stands = [*STANDS] if plan.public else [*STANDS, State.UNRESOLVED]
    settled = sa.or_(row.c.attempt <= 1, row.c.intent_at.is_(None),
                     row.c.intent_at < now - timedelta(seconds=last_arrival_s))  # fmt: skip
    query = sa.select(row).where(
        row.c.lineage == found.lineage, row.c.ordinal < found.ordinal, row.c.kind.in_(TAKEN_BACK[Kind(found.kind)]),
        row.c.state.in_(stands), row.c.follower.is_(None), ~in_doubt, settled,
    )  # fmt: skip
    return connection.execute(query.order_by(row.c.target, row.c.ordinal).limit(CHUNK)).all()


def _plan_one(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, found: Any, texts: _Texts, row: "sa.Row[Any]", now: datetime  # noqa: ANN401 - a row of `mark`
) -> None:  # fmt: skip
    """One take-back for the row's target, shared by everything of that target that stands."""
    kind = Kind(found.kind)
    target = f"{ids.target_base(row.target)}/1" if plan.public else row.target
    version, revision = divmod(found.ordinal // 2, ids.REVISIONS)
    language = row.language if row.language in texts.by_language else next(iter(texts.by_language), None)
    if language is None:
        return
    again = _rounds(connection, row.lineage, target, kind, found.ordinal)
    name = ids.delivery_id(row.lineage, version, revision, plan.channel, target, kind, again)
    base = {
        "lineage": row.lineage, "version": version, "revision": revision, "ordinal": found.ordinal, "kind": kind.value,
        "language": language, "digest": found.digest, "severity": row.severity, "priority": TAKE_BACK_PRIORITY,
        "state": State.PLANNED.value, "ends": texts.ends, "changed_at": now, "attempt": 0, "seq": 1,
        "unreported": True,
    }  # fmt: skip
    before: str | None = None
    for part in range(1, len(texts.by_language[language]) + 1):
        place = f"{ids.target_base(target)}/{part}" if plan.public else target
        own = name if part == 1 else ids.delivery_id(row.lineage, version, revision, plan.channel, place, kind, again)
        insert_new(connection, delivery, [{**base, "id": own, "target": place, "part": part, "about": before}])
        before = own
    connection.execute(sa.update(delivery).where(delivery.c.id == row.id).values(follower=name))


def _rounds(connection: sa.Connection, lineage: str, target: str, kind: Kind, ordinal: int) -> int:
    """How many take-backs of this mark the target has had already: a late first message needs another one."""
    same = (delivery.c.lineage == lineage) & (delivery.c.target == target) & (delivery.c.kind == kind) & (
        delivery.c.ordinal == ordinal)  # fmt: skip
    open_one = sa.select(sa.func.count()).where(same, delivery.c.state.in_([State.PLANNED, *DOUBT]))
    finished = sa.select(sa.func.count()).where(same, delivery.c.state.not_in([State.PLANNED, *DOUBT]))
    if connection.execute(open_one).scalar_one():
        return max(0, connection.execute(sa.select(sa.func.count()).where(same)).scalar_one() - 1)
    return connection.execute(finished).scalar_one()


def _plan_deletions(connection: sa.Connection, plan: Plan, found: Any, ends: datetime, now: datetime) -> int:  # noqa: ANN401 - a row of `mark`
    """One deletion for every platform id below the mark, a twin's too; the number planned."""
    query = (
        sa.select(delivery, platform_id.c.platform_id)
        .join(platform_id, platform_id.c.delivery == delivery.c.id)
        .where(
            delivery.c.lineage == found.lineage, delivery.c.ordinal < found.ordinal,
            delivery.c.kind.in_(TAKEN_BACK[Kind(found.kind)]),
            delivery.c.state.in_([*STANDS, State.WITHDRAWN, State.CORRECTED]),
        )
    )  # fmt: skip
    version, revision = divmod(found.ordinal // 2, ids.REVISIONS)
    rows = []
    for row in connection.execute(query).all():
        target = f"{row.target}#{row.platform_id}"
        rows.append({
            "id": ids.delivery_id(row.lineage, version, revision, plan.channel, target, Kind.DELETION),
            "lineage": row.lineage, "version": version, "revision": revision, "ordinal": found.ordinal,
            "kind": Kind.DELETION.value, "target": target, "language": row.language, "part": 1,
            "digest": found.digest, "severity": row.severity, "priority": TAKE_BACK_PRIORITY + 1,
            "state": State.PLANNED.value, "ends": ends, "changed_at": now, "attempt": 0, "seq": 1,
            "unreported": True, "about": row.id,
        })  # fmt: skip
    return insert_new(connection, delivery, rows)


def _unresolved(connection: sa.Connection, found: Any) -> bool:  # noqa: ANN401 - a row of `mark`
    """Whether a post below the mark is `unresolved`: a person looks at the timeline."""
    where = (delivery.c.lineage == found.lineage) & (delivery.c.ordinal < found.ordinal) & (
        delivery.c.state == State.UNRESOLVED)  # fmt: skip
    return connection.execute(sa.select(delivery.c.id).where(where).limit(1)).first() is not None


def correct(connection: sa.Connection, plan: Plan, now: datetime) -> int:
    """Who has an earlier revision gets a correction in place of the alert; the number of corrections planned."""
    new, old = delivery.alias("new"), delivery.alias("old")
    query = (
        sa.select(new, old.c.id.label("old_id"))
        .join(old, (old.c.lineage == new.c.lineage) & (old.c.target == new.c.target))
        .where(
            new.c.state == State.PLANNED, new.c.revision > 1, new.c.kind.in_([Kind.ALERT, Kind.UPDATE]),
            old.c.version == new.c.version, old.c.revision < new.c.revision, old.c.state.in_(STANDS),
        )
        .limit(CHUNK)
    )  # fmt: skip
    rows = connection.execute(query).all()
    for row in rows:
        name = ids.delivery_id(row.lineage, row.version, row.revision, plan.channel, row.target, Kind.CORRECTION)
        copied = {c.name: getattr(row, c.name) for c in delivery.columns}
        fresh = {**copied, "id": name, "kind": Kind.CORRECTION.value, "seq": 1, "unreported": True, "changed_at": now}
        insert_new(connection, delivery, [fresh])
        connection.execute(sa.update(delivery).where(delivery.c.id == row.old_id).values(follower=name))
        values = {"state": State.SUPERSEDED, "reason": Reason.SUPERSEDED, **changed(now)}
        connection.execute(sa.update(delivery).where(delivery.c.id == row.id).values(**values))
    return len(rows)
