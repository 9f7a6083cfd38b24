"""Follow-through: what must be taken back or corrected, derived again and again from settled rows.

Never from a list made at the moment of the withdrawal: one message in flight at that moment would be forgotten. A
target waits only while something of it is in doubt (sending "just in case" lets the first message arrive after its own
cancel), and where an attempt was repeated, until the last one can no longer arrive.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from schemas.words import Kind, State
from services.dispatch import ids
from services.dispatch.moves import DOUBT, STANDS
from services.dispatch.planner import TAKE_BACK_PRIORITY, Plan
from services.dispatch.tables import STANDING, delivery, mark, release
from services.runtime.prepared import Given, Prepared
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
    #: (rule of the alarm, lineage)
    for_a_person: tuple[tuple[str, str], ...] = ()


def _followed(ordinal: "sa.ColumnElement[int]") -> sa.Exists:
    """Whether the take-back of a mark with this ordinal follows a row.

    A correction or Cancel that was overtaken or has failed follows nothing any more.
    """
    follower = delivery.alias("follower")
    return sa.exists().where(follower.c.id == delivery.c.follower, follower.c.ordinal == ordinal)


def _taking_back() -> "sa.Select[Any]":
    """Marks below which something stands that nothing of theirs follows; most often there is none."""
    row = delivery
    below = sa.exists().where(
        row.c.lineage == mark.c.lineage, row.c.ordinal < mark.c.ordinal, STANDING,
        sa.or_(row.c.state == State.UNRESOLVED, ~_followed(mark.c.ordinal).correlate(row, mark)),
    )  # fmt: skip
    columns = mark.c.lineage, mark.c.ordinal, mark.c.kind, mark.c.digest
    return sa.select(*columns).where(mark.c.kind.in_(TAKING_BACK), mark.c.at > Given("since", mark.c.at), below)


_TAKING_BACK = Prepared(_taking_back())


def derive(connection: sa.Connection, plan: Plan, last_arrival_s: float, now: datetime) -> Owed:
    """Plan the take-backs that are owed now, up to a chunk a lineage; call again while it plans some."""
    planned, persons = 0, []
    for found in _TAKING_BACK(connection, since=now - timedelta(seconds=plan.take_back_s)).all():
        rows = _owed(connection, plan, found, last_arrival_s, now)
        unresolved = plan.public and _unresolved(connection, found)
        texts = _texts(connection, found) if rows or unresolved else None
        if texts is None:
            continue
        if rows and not texts.by_language:
            persons.append(("no_words", found.lineage))
        elif rows:
            _plan_all(connection, plan, found, texts, rows, now)
            planned += len(rows)
        if unresolved:
            persons.append(("unresolved", found.lineage))
    return Owed(planned, tuple(persons))


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


def same_place(row: Any, other: Any, *, public: bool) -> "sa.ColumnElement[bool]":  # noqa: ANN401 - a table or its alias
    """Whether two rows speak to the same readers: one subscriber, or one language of an account, whatever the part."""
    alike = other.c.language == row.c.language if public else other.c.target == row.c.target
    return sa.and_(other.c.lineage == row.c.lineage, alike, other.c.kind != Kind.DELETION)


def _standing(*, public: bool) -> list[State]:
    """What is taken back: of a text that may have arrived too, of a post that may stand a person decides."""
    return sorted([*STANDS] if public else [*STANDS, State.UNRESOLVED])


def _owing(kind: Kind, *, public: bool) -> "sa.Select[Any]":
    """Rows that stand below a mark and that no take-back of this mark follows, where nothing may still arrive.

    By target, and by the index that has them so: of a hundred thousand a chunk is read, not all of them sorted. Of
    posts there are few, and each part of a thread has a target of its own: they are read whole.
    """
    row, other = delivery, delivery.alias("other")
    ordinal = Given("ordinal")
    stands = _standing(public=public)
    repeated = (other.c.attempt > 1) & (other.c.intent_at >= Given("since", delivery.c.intent_at))
    waits = sa.exists().where(
        same_place(row, other, public=public), other.c.ordinal < ordinal,
        sa.or_(other.c.state.in_(DOUBT), other.c.state.in_(stands) & repeated),
    )  # fmt: skip
    query = sa.select(row.c.id, row.c.lineage, row.c.target, row.c.language, row.c.severity).where(
        row.c.lineage == Given("lineage"), row.c.ordinal < ordinal, row.c.kind.in_(TAKEN_BACK[kind]),
        row.c.state.in_(stands), ~_followed(ordinal), ~waits,
    ).order_by(row.c.target, row.c.ordinal)  # fmt: skip
    return query if public else query.limit(CHUNK)


def _follow(kind: Kind, *, public: bool) -> sa.Update:
    """One take-back follows all that stands of a target, the rest of it too that a chunk has cut off.

    Else the rest would be owed another one as soon as this one has gone out.
    """
    row = delivery
    return sa.update(row).where(
        row.c.lineage == Given("lineage"), row.c.target == Given("place"), row.c.ordinal < Given("below"),
        row.c.kind.in_(TAKEN_BACK[kind]), row.c.state.in_(_standing(public=public)),
    ).values(follower=Given("name"))  # fmt: skip


def _each(make: Callable[..., sa.Executable]) -> dict[tuple[Kind, bool], Prepared]:
    """The statement of each kind of mark, on a public channel and on another."""
    return {(kind, public): Prepared(make(kind, public=public)) for kind in TAKING_BACK for public in (True, False)}


_OWING, _FOLLOW = _each(_owing), _each(_follow)


def _owed(
    connection: sa.Connection, plan: Plan, found: Any, last_arrival_s: float, now: datetime  # noqa: ANN401 - a row of `mark`
) -> Sequence["sa.Row[Any]"]:  # fmt: skip
    since = now - timedelta(seconds=last_arrival_s)
    query = _OWING[Kind(found.kind), plan.public]
    return query(connection, lineage=found.lineage, ordinal=found.ordinal, since=since).all()


def _plan_all(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, found: Any, texts: _Texts, rows: Sequence["sa.Row[Any]"], now: datetime  # noqa: ANN401 - a row of `mark`
) -> None:  # fmt: skip
    """One take-back for each target of `rows`, shared by everything of that target that stands. In bulk: it is late."""
    kind = Kind(found.kind)
    targets = {row.id: f"{ids.target_base(row.target)}/1" if plan.public else row.target for row in rows}
    rounds = _rounds(connection, found, kind, set(targets.values()))
    planned: dict[str, dict[str, Any]] = {}
    followers: dict[str, dict[str, Any]] = {}
    for row in rows:
        parts = _parts(plan, found, kind, texts, row, targets[row.id], rounds.get(targets[row.id], 0))
        planned |= {part["id"]: {**part, "ends": texts.ends, "changed_at": now} for part in parts}
        followers[row.target] = {
            "lineage": row.lineage, "place": row.target, "below": found.ordinal, "name": parts[0]["id"]
        }  # fmt: skip
    insert_new(connection, delivery, list(planned.values()))
    _FOLLOW[kind, plan.public].many(connection, list(followers.values()))


def _parts(  # noqa: PLR0917 - the columns of one take-back
    plan: Plan, found: Any, kind: Kind, texts: _Texts, row: "sa.Row[Any]", target: str, again: int  # noqa: ANN401 - a row of `mark`
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of one take-back, a part each; the first is the one that is named as the follower."""
    version, revision = divmod(found.ordinal // 2, ids.REVISIONS)
    language = row.language if row.language in texts.by_language else next(iter(texts.by_language))
    made: list[dict[str, Any]] = []
    for part in range(1, len(texts.by_language[language]) + 1):
        place = f"{ids.target_base(target)}/{part}" if plan.public else target
        made.append({
            "id": ids.delivery_id(row.lineage, version, revision, plan.channel, place, kind, again),
            "lineage": row.lineage, "version": version, "revision": revision, "ordinal": found.ordinal,
            "kind": kind.value, "target": place, "language": language, "part": part, "digest": found.digest,
            "severity": row.severity, "priority": TAKE_BACK_PRIORITY, "state": State.PLANNED.value, "attempt": 0,
            "seq": 1, "unreported": True, "about": made[-1]["id"] if made else None,
        })  # fmt: skip
    return made


def _rounds(connection: sa.Connection, found: Any, kind: Kind, targets: Collection[str]) -> dict[str, int]:  # noqa: ANN401 - a row of `mark`
    """How many take-backs of this mark each target has had already: a late first message needs another one."""
    unfinished = sa.func.sum(sa.case((delivery.c.state.in_([State.PLANNED, *DOUBT]), 1), else_=0))
    query = sa.select(delivery.c.target, sa.func.count(), unfinished).where(
        delivery.c.lineage == found.lineage, delivery.c.kind == kind, delivery.c.ordinal == found.ordinal,
        delivery.c.target.in_(targets),
    ).group_by(delivery.c.target)  # fmt: skip
    return {target: all_of_them - (1 if is_open else 0) for target, all_of_them, is_open in connection.execute(query)}


_UNRESOLVED = Prepared(
    sa.select(delivery.c.id)
    .where(delivery.c.lineage == Given("lineage"), delivery.c.ordinal < Given("ordinal"))
    .where(delivery.c.state == State.UNRESOLVED)
    .limit(1)
)


def _unresolved(connection: sa.Connection, found: Any) -> bool:  # noqa: ANN401 - a row of `mark`
    """Whether a post below the mark is `unresolved`: a person looks at the timeline."""
    return _UNRESOLVED(connection, lineage=found.lineage, ordinal=found.ordinal).first() is not None
