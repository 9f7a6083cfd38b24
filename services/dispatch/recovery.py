"""Doubt is waited out, then looked up. The same for a crash, a restart, a takeover and an answer that never came.

Each row is timed by this process's own clock from when *it* first saw that attempt in doubt: no two clocks are
compared and none can step. The cost: a restart begins the quarantine anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from schemas.words import Reason, Severity, State
from services.dispatch import claims, evidence, settling
from services.dispatch.evidence import Effects, Evidence, changed
from services.dispatch.moves import DOUBT
from services.dispatch.port import LookUp
from services.dispatch.settling import THESE
from services.dispatch.tables import IN_DOUBT, delivery


class Attempt(NamedTuple):
    """One attempt at one delivery."""

    id: str
    number: int


@dataclass
class Doubtful:
    """An attempt in doubt, as this process has seen it."""

    since: float
    failing_since: float | None = None


class Quarantine:
    """Which attempts have been in doubt for how long, by this process's own clock (boottime seconds)."""

    def __init__(self, quarantine_s: float, patience_s: float) -> None:
        """`patience_s` is how long a failing look-up is repeated before the row is `unresolved`."""
        self._quarantine_s, self._patience_s = quarantine_s, patience_s
        self._seen: dict[Attempt, Doubtful] = {}

    def observe(self, attempts: Collection[Attempt], now: float) -> list[Attempt]:
        """Note what is in doubt now, forget what is not; the attempts whose quarantine is over."""
        there = set(attempts)
        self._seen = {attempt: seen for attempt, seen in self._seen.items() if attempt in there}
        for attempt in there:
            self._seen.setdefault(attempt, Doubtful(now))
        return [attempt for attempt, seen in self._seen.items() if now - seen.since > self._quarantine_s]

    def failed(self, attempt: Attempt, now: float) -> bool:
        """Note that a look-up said nothing; True when patience is over."""
        seen = self._seen.get(attempt)
        if seen is None:
            return False
        seen.failing_since = now if seen.failing_since is None else seen.failing_since
        return now - seen.failing_since >= self._patience_s

    def oldest(self, now: float) -> float:
        """Age of the oldest doubt that this process has seen, seconds."""
        return max((now - seen.since for seen in self._seen.values()), default=0.0)


def doubtful(connection: sa.Connection) -> list["sa.Row[Any]"]:
    """All rows in doubt."""
    return list(connection.execute(sa.select(delivery).where(IN_DOUBT)).all())


def settle(
    connection: sa.Connection, seen: Mapping[Attempt, LookUp], patience_over: Collection[Attempt], now: datetime,
    effects: Effects,
) -> None:  # fmt: skip
    """Apply look-ups: an id is evidence, a complete absence plans again, a failing look-up ends as `unresolved`.

    Only Extreme is sent again when the look-up keeps failing: a double is then the lesser harm.
    """
    listed = [Evidence(a.id, s.platform_id, s.created) for a, look in seen.items() for s in look.found]
    found = claims.shared(connection, listed)
    evidence.accept(connection, found, "lookup", now, effects)
    stands = {item.delivery for item in found}
    for attempt, look in seen.items():
        if attempt.id in stands:
            continue
        if look.complete:
            if not _refused_as_alike(connection, attempt, now, effects):
                _again(connection, attempt, now, effects, maybe=False)
        elif attempt in patience_over:
            _give_up(connection, attempt, now, effects)


def _again(connection: sa.Connection, attempt: Attempt, now: datetime, effects: Effects, *, maybe: bool) -> None:
    values = {"state": State.PLANNED, "reason": Reason.UNKNOWN_OUTCOME, "due": None, "maybe": maybe, **changed(now)}
    moved = connection.execute(sa.update(delivery).where(_same(attempt)).values(**values)).rowcount
    effects.count(State.PLANNED, Reason.UNKNOWN_OUTCOME, moved)
    settling.forbid(connection, now, THESE, ids=[attempt.id])


def _refused_as_alike(connection: sa.Connection, attempt: Attempt, now: datetime, effects: Effects) -> bool:
    """Settle what the platform refused as a duplicate and is nowhere under our name: another alert reads the same."""
    where = _same(attempt) & (delivery.c.reason == Reason.DUPLICATE)
    values = {"state": State.FAILED, "reason": Reason.DUPLICATE, **changed(now)}
    moved = connection.execute(
        sa.update(delivery).where(where).values(**values).returning(delivery.c.lineage)
    ).scalars().all()  # fmt: skip
    effects.count(State.FAILED, Reason.DUPLICATE, len(moved))
    effects.alike.extend(moved)
    return bool(moved)


def _give_up(connection: sa.Connection, attempt: Attempt, now: datetime, effects: Effects) -> None:
    severity = connection.execute(sa.select(delivery.c.severity).where(_same(attempt))).scalar()
    if severity == Severity.EXTREME:
        _again(connection, attempt, now, effects, maybe=True)
        return
    values = {"state": State.UNRESOLVED, "reason": Reason.UNKNOWN_OUTCOME, **changed(now)}
    moved = connection.execute(
        sa.update(delivery).where(_same(attempt)).values(**values).returning(delivery.c.lineage)
    ).scalars().all()  # fmt: skip
    effects.count(State.UNRESOLVED, Reason.UNKNOWN_OUTCOME, len(moved))
    effects.unresolved.extend(moved)


def _same(attempt: Attempt) -> "sa.ColumnElement[bool]":
    return (delivery.c.id == attempt.id) & (delivery.c.attempt == attempt.number) & delivery.c.state.in_(list(DOUBT))
