"""Alarms of a dispatcher: what is wrong, what it means for people, what to do. One a rule and lineage, not a row."""

from schemas.operations import Alarm
from schemas.topics import ALARMS
from schemas.words import Realm
from services.dispatch.evidence import Effects
from services.runtime.clock import Clock
from services.runtime.outbox import Outbox
from services.runtime.store import Store

RULES = {
    "duplicate": (
        "One delivery has two platform ids: somebody heard the same thing twice.",
        "Compare the platform's times with ACCEPT_S and VISIBLE_S; delete the second post by hand where it is public.",
    ),
    "late_evidence": (
        "A message stands although the ledger had settled it otherwise; if it was taken back, it is taken back again.",
        "Look at its times: a bound (ACCEPT_S, VISIBLE_S) is larger than its setting.",
    ),
    "reads_alike": (
        "The platform refuses a post because another alert's, which stands, reads the same.",
        "Readers have that one. If this alert must stand beside it, give it other words: `tocsin recompose`.",
    ),
    "unresolved": (
        "It cannot be known whether some messages arrived: the platform's look-up keeps failing.",
        "Look at the platform's own page, then say what you saw: `tocsin doubt list`.",
    ),
    "no_words": (
        "A Cancel has no text for this channel, and people here have the alert: nobody has told them that it is over.",
        "Withdraw the alert: its withdrawal texts were approved with it.",
    ),
    "batches_missing": (
        "A release is being sent, but some of its batches have not come: people may be missing.",
        "Look at the audience room: is it running, and what has it parked?",
    ),
}


class Alarms:
    """Writes alarms to the outbox, each rule and lineage once until this process ends."""

    def __init__(self, room: str, realm: Realm, store: Store, outbox: Outbox, clock: Clock) -> None:
        """Alarms of `room`."""
        self._room, self._realm, self._store, self._outbox, self._clock = room, realm, store, outbox, clock
        self._raised: set[tuple[str, str]] = set()

    async def take(self, effects: Effects) -> None:
        """Raise what a transaction's effects call for."""
        for rule, lineages in (
            ("duplicate", effects.duplicates), ("late_evidence", effects.surprises), ("unresolved", effects.unresolved),
            ("reads_alike", effects.alike),
        ):  # fmt: skip
            for lineage in set(lineages):
                await self.alarm(rule, lineage)

    async def alarm(self, rule: str, lineage: str) -> None:
        """Raise one alarm, if it has not been raised."""
        if (rule, lineage) in self._raised:
            return
        says, do = RULES[rule]
        record = Alarm(
            realm=self._realm, room=self._room, rule=rule, says=says, do=do, lineage=lineage, since=self._clock.now()
        )
        await self._store.transact(lambda c: self._outbox.put(c, ALARMS, f"{self._room}#{rule}", record))
        self._outbox.wake()
        self._raised.add((rule, lineage))
