"""Evidence: a platform's id is a fact, accepted from anyone, at any time, in any state.

Absence is an opinion; an id is not. So nothing here compares attempts, and the only questions are whether the id is
new and what it means for a row that had already been settled otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from schemas.delivery import Receipt
from schemas.words import Kind, Reason, State
from services.dispatch.moves import STANDS, SURPRISING
from services.dispatch.tables import counted, delivery, platform_id, release
from services.runtime.prepared import Given, Prepared, among
from services.runtime.store import insert_new

FOLLOWED_BY = {Kind.CORRECTION: State.CORRECTED, Kind.CANCEL: State.WITHDRAWN, Kind.WITHDRAWAL: State.WITHDRAWN}
_OPEN = frozenset({State.PLANNED, State.SENDING, State.UNKNOWN, State.UNRESOLVED})
_FOLLOWED = frozenset({State.WITHDRAWN, State.CORRECTED})


class Evidence(NamedTuple):
    """One platform id of one delivery, and when the platform says that it made it."""

    delivery: str
    platform_id: str
    created: datetime | None = None


@dataclass
class Effects:
    """What a transaction found that somebody must hear of; lineages by rule."""

    duplicates: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    #: Posts that the platform refuses because another alert's reads the same.
    alike: list[str] = field(default_factory=list)
    unknown_deliveries: int = 0
    #: Messages that stand although their lineage was taken back meanwhile: the follow-through is owed at once.
    overtaken: int = 0
    moved: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, state: State, reason: str | None, number: int) -> None:
        """Remember `number` rows that became `state`."""
        if number:
            key = (state.value, reason or "none")
            self.moved[key] = self.moved.get(key, 0) + number


def changed(now: datetime | Given) -> dict[str, Any]:
    """What every change of a row sets beside its new value."""
    return {"changed_at": now, "seq": delivery.c.seq + 1, "unreported": True}


#: What `changed` sets in a prepared statement.
NOW = Given("now", delivery.c.changed_at)
_THESE = among(delivery.c.id, "ids")
_ROWS = Prepared(
    sa.select(delivery.c.id, delivery.c.state, delivery.c.kind, delivery.c.lineage, delivery.c.digest,
              delivery.c.follower).where(_THESE).order_by(delivery.c.id).with_for_update()
)  # fmt: skip
_KNOWN = Prepared(
    sa.select(platform_id.c.delivery, platform_id.c.platform_id, platform_id.c.created).where(
        among(platform_id.c.delivery, "ids")
    )
)


def accept(
    connection: sa.Connection, found: Sequence[Evidence], source: str, now: datetime, effects: Effects
) -> dict[str, Any]:
    """Take platform ids as facts: open rows become `sent`, settled ones are reopened with an alarm, twins counted.

    Returns the rows as they were, by id.
    """
    if not found:
        return {}
    wanted = {item.delivery for item in found}
    rows: dict[str, Any] = {row.id: row for row in _ROWS(connection, ids=wanted).all()}
    effects.unknown_deliveries += len(wanted - rows.keys())
    known = _known(connection, found)
    to_sent: dict[str, None] = {}
    fresh: list[dict[str, object]] = []
    for item in found:
        row, ids = rows.get(item.delivery), known.setdefault(item.delivery, set())
        if row is None:
            continue
        new = item.platform_id not in ids
        if new:
            fresh.append({"delivery": item.delivery, "platform_id": item.platform_id, "source": source,
                          "created": item.created, "at": now})  # fmt: skip
            if ids:
                effects.duplicates.append(row.lineage)
            ids.add(item.platform_id)
        reopens = row.state not in _OPEN and _reopens(connection, row, item, new=new)
        if item.delivery not in to_sent and (reopens or (new and row.state in _OPEN)):
            to_sent[item.delivery] = None
            effects.surprises += [row.lineage] * reopens
    insert_new(connection, platform_id, fresh)
    _stand(connection, list(to_sent), now, effects)
    _count(connection, "duplicates_detected", len(effects.duplicates))
    _first_sent(connection, {rows[i].digest for i in to_sent}, now)
    follow(connection, [rows[i] for i in to_sent], now, effects)
    return rows


def _known(connection: sa.Connection, found: Sequence[Evidence]) -> dict[str, set[str]]:
    """The ids that each delivery has; where one had no time (an answer, a report) and a list gives it, it is kept."""
    pairs = _KNOWN(connection, ids={item.delivery for item in found}).all()
    known: dict[str, set[str]] = {}
    for name, value, _ in pairs:
        known.setdefault(name, set()).add(value)
    undated = {(name, value) for name, value, created in pairs if created is None}
    for item in found:
        if item.created is not None and (item.delivery, item.platform_id) in undated:
            where = (platform_id.c.delivery == item.delivery) & (platform_id.c.platform_id == item.platform_id)
            connection.execute(sa.update(platform_id).where(where).values(created=item.created))
    return known


def _reopens(connection: sa.Connection, row: Any, item: Evidence, *, new: bool) -> bool:  # noqa: ANN401 - a row of `delivery`
    """Whether an id contradicts a row that had been settled: it should not stand at all, or it came last."""
    if row.state in _FOLLOWED:
        return _came_last(connection, row.follower, item)
    return new and row.state in SURPRISING


def _standing() -> "sa.Update":
    # A take-back of which nobody knows whether it arrived is a person's; another one might be its double.
    other = delivery.alias("other")
    unknown = sa.exists().where(other.c.id == delivery.c.follower, other.c.state == State.UNRESOLVED)
    follower = sa.case((unknown, delivery.c.follower), else_=sa.null())
    values = {
        "state": State.SENT, "reason": None, "follower": follower, "due": None, "maybe": False, **changed(NOW)
    }  # fmt: skip
    return sa.update(delivery).where(_THESE).values(values)


_STAND = Prepared(_standing())


def _stand(connection: sa.Connection, ids: list[str], now: datetime, effects: Effects) -> None:
    if ids:
        _STAND(connection, ids=ids, now=now)
        effects.count(State.SENT, None, len(ids))


def _came_last(connection: sa.Connection, follower: str | None, item: Evidence) -> bool:
    """Whether the platform made this message after the one that took it back: then it stands, and must go again."""
    if follower is None or item.created is None:
        return False
    earliest = sa.select(sa.func.min(platform_id.c.created)).where(platform_id.c.delivery == follower)
    taken_back: datetime | None = connection.execute(earliest).scalar()
    return taken_back is not None and item.created > taken_back


_FIRST_SENT = Prepared(
    sa.update(release)
    .where(among(release.c.digest, "digests"), release.c.first_sent.is_(None))
    .values(first_sent=Given("now", release.c.first_sent))
)


def _first_sent(connection: sa.Connection, digests: set[str], now: datetime) -> None:
    if digests:
        _FIRST_SENT(connection, digests=digests, now=now)


def _count(connection: sa.Connection, name: str, more: int) -> None:
    if more:
        insert_new(connection, counted, [{"name": name, "value": 0}])
        connection.execute(sa.update(counted).where(counted.c.name == name).values(value=counted.c.value + more))


def follow(connection: sa.Connection, rows: Sequence["sa.Row[Any]"], now: datetime, effects: Effects) -> None:
    """What a take-back or correction that now stands was about is `withdrawn` or `corrected`."""
    kinds = {row.kind for row in rows}
    for kind, state in FOLLOWED_BY.items():
        if kind not in kinds:
            continue
        ids = [row.id for row in rows if row.kind == kind]
        where = delivery.c.follower.in_(ids) & delivery.c.state.in_([*STANDS, State.UNRESOLVED])
        done = connection.execute(sa.update(delivery).where(where).values(state=state, **changed(now)))
        effects.count(state, None, done.rowcount)


_DELIVERED = Prepared(
    sa.update(delivery)
    .where(_THESE, delivery.c.state.in_([State.SENT, State.FAILED]))
    .values({"state": State.DELIVERED, "reason": None, **changed(NOW)})
)
_FAILED = Prepared(
    sa.update(delivery)
    .where(_THESE, delivery.c.state == State.SENT)
    .values({"state": State.FAILED, "reason": Given("why"), **changed(NOW)})
)


def report(
    connection: sa.Connection, receipts: Sequence[Receipt], reasons: dict[str, Reason], now: datetime, effects: Effects
) -> None:
    """Apply delivery reports: out of order and repeated ones change nothing. `reasons` by delivery id, for failures."""
    rows = accept(connection, [Evidence(r.delivery, r.platform_id) for r in receipts], "receipt", now, effects)
    delivered = [r.delivery for r in receipts if r.status == "delivered"]
    if delivered:
        effects.count(State.DELIVERED, None, _DELIVERED(connection, ids=delivered, now=now).rowcount)
        after_all = [rows[name] for name in delivered if name in rows and rows[name].state == State.FAILED]
        follow(connection, after_all, now, effects)
    for reason in set(reasons.values()):
        ids = [
            r.delivery for r in receipts if r.status in {"undelivered", "failed"} and reasons.get(r.delivery) is reason
        ]
        failed = _FAILED(connection, ids=ids, why=reason.value, now=now)
        effects.count(State.FAILED, reason, failed.rowcount)
    followers = [name for name in reasons if name in rows and rows[name].kind in FOLLOWED_BY]
    if followers:
        _stand_again(connection, followers, now, effects)


def _standing_again() -> "sa.Update":
    # Who has not got its end, or its correction, has the message as before. It keeps its follower: the same mark owes
    # nothing more (trying again what the network has given up is a person's decision), a newer one counts it.
    other = delivery.alias("other")
    lost = sa.exists().where(other.c.id == delivery.c.follower, other.c.state == State.FAILED)
    there = sa.exists().where(platform_id.c.delivery == delivery.c.id)
    values = {
        "state": sa.case((there, sa.literal(State.SENT, sa.String)), else_=sa.literal(State.UNRESOLVED, sa.String)),
        "reason": sa.case((there, sa.null()), else_=sa.literal(Reason.UNKNOWN_OUTCOME, sa.String)), **changed(NOW),
    }  # fmt: skip
    followed = among(delivery.c.follower, "ids") & delivery.c.state.in_(sorted(_FOLLOWED))
    return sa.update(delivery).where(followed, lost).values(values).returning(delivery.c.state)


_STAND_AGAIN = Prepared(_standing_again())


def _stand_again(connection: sa.Connection, followers: list[str], now: datetime, effects: Effects) -> None:
    """What these were to take back or to correct stands again, where their report says that they have not arrived."""
    states = _STAND_AGAIN(connection, ids=followers, now=now).scalars().all()
    effects.count(State.SENT, None, states.count(State.SENT))
    effects.count(State.UNRESOLVED, Reason.UNKNOWN_OUTCOME, states.count(State.UNRESOLVED))
