"""Alarms of a dispatcher: what is wrong, what it means for people, what to do, and when it is over.

One a rule and lineage, not a row, however many processes and restarts: which are not over stands in the ledger.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.topics import ALARMS
from schemas.words import Realm
from services.dispatch.evidence import Effects
from services.dispatch.tables import raised, release
from services.runtime.clock import Clock
from services.runtime.outbox import Outbox
from services.runtime.store import Store, insert_new


class Rule(NamedTuple):
    """What is wrong, what to do, and what is so when it is over. `lasts`: it is over when the sweep sees it no more."""

    says: str
    do: str
    over: str
    lasts: bool = True


#: Something that has happened is over with its alert, but a person has a day to see it.
SEEN = timedelta(days=1)
_ENDED = "The alert has ended, and what takes it back too."
RULES = {
    "duplicate": Rule(
        "One delivery has two platform ids: somebody heard the same thing twice.",
        "Compare the platform's times with ACCEPT_S and VISIBLE_S; delete the second post by hand where it is public.",
        _ENDED,
        lasts=False,
    ),
    "late_evidence": Rule(
        "A message stands although the ledger had settled it otherwise; if it was taken back, it is taken back again.",
        "Look at its times: a bound (ACCEPT_S, VISIBLE_S) is larger than its setting.",
        _ENDED,
        lasts=False,
    ),
    "reads_alike": Rule(
        "The platform refuses a post because another alert's, which stands, reads the same.",
        "Readers have that one. If this alert must stand beside it, give it other words: `tocsin recompose`.",
        _ENDED,
        lasts=False,
    ),
    "unresolved": Rule(
        "It cannot be known whether some messages arrived: the platform's look-up keeps failing.",
        "Look at the platform's own page, then say what you saw: `tocsin doubt list`.",
        "Of every message it is known now whether it arrived.",
    ),
    "no_words": Rule(
        "A Cancel has no text for this channel, and people here have the alert: nobody has told them that it is over.",
        "Withdraw the alert: its withdrawal texts were approved with it.",
        "Nobody here waits for its words any more.",
    ),
    "batches_missing": Rule(
        "A release is being sent, but some of its batches have not come: people may be missing.",
        "Look at the audience room: is it running, and what has it parked?",
        "All its batches have come, or it has ended.",
    ),
    "no_batches": Rule(
        "A release has come and none of its batches: nobody has got its text.",
        "Look at the audience room: is it running, what has it parked, is the audience wider than what was signed?",
        "Its batches are coming, or it has ended.",
    ),
}


class Alarms:
    """Writes alarms to the outbox, and their ends."""

    def __init__(self, room: str, realm: Realm, store: Store, outbox: Outbox, clock: Clock) -> None:
        """Alarms of `room`."""
        self._room, self._realm, self._store, self._outbox, self._clock = room, realm, store, outbox, clock

    async def take(self, effects: Effects) -> None:
        """Raise what a transaction's effects call for."""
        for rule, lineages in (
            ("duplicate", effects.duplicates), ("late_evidence", effects.surprises), ("unresolved", effects.unresolved),
            ("reads_alike", effects.alike),
        ):  # fmt: skip
            for lineage in set(lineages):
                await self.alarm(rule, lineage)

    async def alarm(self, rule: str, lineage: str) -> None:
        """Raise one alarm, if it stands not already."""
        if await self._store.transact(self._raise, rule, lineage, self._clock.now()):
            self._outbox.wake()

    async def stand(self, seen: Collection[tuple[str, str]], looked: datetime) -> None:
        """Raise what the sweep has `seen` to be wrong, as (rule, lineage); what it has not is over.

        `looked` is when it began to look: what was raised since then, by another process perhaps, it may have missed.
        """
        if await self._store.transact(self._stand, seen, looked, self._clock.now()):
            self._outbox.wake()

    def _raise(self, connection: sa.Connection, rule: str, lineage: str, now: datetime) -> bool:
        if not insert_new(connection, raised, [{"rule": rule, "lineage": lineage, "since": now}]):
            return False
        self._put(connection, rule, lineage, now, over=False)
        return True

    def _stand(
        self, connection: sa.Connection, seen: Collection[tuple[str, str]], looked: datetime, now: datetime
    ) -> bool:
        told = [self._raise(connection, rule, lineage, now) for rule, lineage in sorted(seen)]
        # A later version may have raised what this one has no words for: that stands until it is back.
        ours = (raised.c.since < looked) & raised.c.rule.in_(RULES)
        for row in connection.execute(sa.select(raised).where(ours).order_by(*raised.c)).all():
            lasts = RULES[row.rule].lasts
            over = (row.rule, row.lineage) not in seen if lasts else self._ended(connection, row, now)
            if over and drop(connection, row.rule, row.lineage):
                self._put(connection, row.rule, row.lineage, now, over=True)
                told.append(True)
        return any(told)

    @staticmethod
    def _ended(connection: sa.Connection, row: "sa.Row[tuple[str, str, datetime]]", now: datetime) -> bool:
        """Whether the alert of something that has happened is over, and it has stood for long enough to be seen."""
        last = sa.select(sa.func.max(release.c.ends)).where(release.c.lineage == row.lineage)
        ends = connection.execute(last).scalar()
        return row.since + SEEN <= now and (ends is None or ends <= now)

    def _put(self, connection: sa.Connection, name: str, lineage: str, now: datetime, *, over: bool) -> None:
        rule = RULES[name]
        record = Alarm(
            realm=self._realm, room=self._room, rule=name, says=rule.over if over else rule.says,
            do="nothing" if over else rule.do, lineage=lineage, since=now, over=over,
        )  # fmt: skip
        self._outbox.put(connection, ALARMS, f"{self._room}#{name}", record)


def drop(connection: sa.Connection, rule: str, lineage: str) -> bool:
    """Forget that an alarm stands; whether it did."""
    where = (raised.c.rule == rule) & (raised.c.lineage == lineage)
    return connection.execute(sa.delete(raised).where(where)).rowcount == 1
