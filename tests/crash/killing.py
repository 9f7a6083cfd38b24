"""A fleet that is killed at random instants while it sends, and what its ledgers and the sandbox say afterwards."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.topics import RELEASED, batches
from schemas.words import Channel, Severity, Urgency
from services.runtime.outbox import Message
from tests.support import broadcasts
from tests.support.fleet import Fleet, chooser, let_pass, until
from tests.support.kafka_io import publish, record

FRESH_S, GAP_S, ANSWER_S, ACCEPT_S, VISIBLE_S = 0.5, 0.3, 1.0, 0.5, 1.0
QUARANTINE_S = 3.6
W = 32
#: Seconds from one kill to the next: a random while, the kill, and the start.
EACH_KILL_S = 2.2
PACE = {
    "TOCSIN_SMS_WINDOW": W, "TOCSIN_X_WINDOW": 8,
    "TOCSIN_SANDBOX_X_CREATE_LIMIT": 100_000, "TOCSIN_SANDBOX_X_READ_LIMIT": 100_000,
    "TOCSIN_SANDBOX_SENT_MS": 50, "TOCSIN_SANDBOX_DELIVERED_MS": 200,
}  # fmt: skip
ROOMS = ("sandbox", "dispatch/sms", "dispatch/x", "receipts")
VICTIMS = ("dispatch/sms",) * 7 + ("dispatch/x",) * 2 + ("receipts",)
URGENT = batches(Channel.SMS, Urgency.URGENT)
SETTLED_S = 300
#: Of a run without posts and kills.
RELEASES = 10


def bounds(*channels: str) -> dict[str, str]:
    """The scaled bounds, as settings."""
    scaled = {"FRESH_S": FRESH_S, "GAP_S": GAP_S, "ANSWER_S": ANSWER_S, "ACCEPT_S": ACCEPT_S, "VISIBLE_S": VISIBLE_S,
              "QUARANTINE_S": QUARANTINE_S, "SWEEP_S": 0.3}  # fmt: skip
    return {f"TOCSIN_{channel}_{name}": str(value) for channel in channels for name, value in scaled.items()}


@dataclass(frozen=True)
class Size:
    """How much is sent, and how often something is killed."""

    posts: int
    texts: int
    kills: int
    #: Seconds of peace after each kill.
    peace: float = 0

    def pace(self) -> dict[str, float]:
        """Starts a second, so slow that there is something in flight until the last kill."""
        seconds = self.kills * (EACH_KILL_S + self.peace)
        return {"TOCSIN_SMS_RATE_PER_S": self.texts / seconds, "TOCSIN_X_RATE_PER_S": max(0.5, self.posts / seconds)}

    @property
    def channels(self) -> dict[str, int]:
        """How many deliveries each channel's ledger must hold."""
        return {"sms": self.texts} | ({"x": self.posts} if self.posts else {})


@dataclass
class Killing:
    """One run."""

    kafka: str
    data: Path
    #: How many attempts each kill left in `sending`, those of earlier kills not counted again.
    left: list[int] = field(default_factory=list)
    seen: set[tuple[object, ...]] = field(default_factory=set)
    fleet: Fleet = field(init=False)
    people: list[str] = field(default_factory=list)

    def run(self, size: Size, severity: Severity, *, lag: float | Sequence[float], seed: int, **more: object) -> None:
        """Release a share and kill at a random instant while it is sent, again and again; wait until all is settled.

        A share a kill, however long a start takes here: released at once, all would have gone before the last kills.
        """
        extra = bounds("SMS", "X") | {name: str(value) for name, value in (PACE | size.pace() | more).items()}
        self.fleet = Fleet(self.kafka, self.data, extra=extra)
        self.people = self.fleet.people(size.texts, ["ferrow-north"])
        dice = chooser(seed)
        self.fleet.start(*ROOMS)
        self.fleet.ready(*ROOMS)
        self.fleet.fault(match={"method": "POST"}, effect={"type": "slow", "seconds": [0.2, 0.6]}, seed=seed)
        self.fleet.fault(match={"method": "POST"}, effect={"type": "late", "seconds": lag}, seed=seed)
        releases = self._releases(size, severity)
        for number in range(size.kills):
            publish(self.kafka, [each for release in releases[number :: size.kills] for each in release])
            until(lambda: any(self._in_flight(c) for c in size.channels), 60, "something is in flight")
            let_pass(dice.uniform(0.05, 0.6))
            self._kill(dice.choice(VICTIMS if size.posts else [v for v in VICTIMS if v != "dispatch/x"]))
            let_pass(size.peace)
        what = ", ".join(f"{c}: {dict(self.rows(c))}" for c in size.channels)
        until(lambda: self.settled(size), SETTLED_S, f"everything settled; at first {what}")

    def _kill(self, victim: str) -> None:
        self.fleet.kill(victim)
        if victim != "receipts":
            left = self._in_flight(victim.removeprefix("dispatch/"))
            self.left.append(len(left))
            self.seen |= left
        self.fleet.start(victim)
        self.fleet.ready(victim)

    def _in_flight(self, channel: str) -> set[tuple[object, ...]]:
        """Attempts between their intent and their outcome, but for those that an earlier kill left so."""
        return set(self._query(channel, "SELECT id, attempt FROM delivery WHERE state = 'sending'")) - self.seen

    def _records(self, size: Size, severity: Severity) -> list[Message]:
        return [each for release in self._releases(size, severity) for each in release]

    def _releases(self, size: Size, severity: Severity) -> list[list[Message]]:
        releases = size.posts or size.kills or RELEASES
        each = size.texts // releases
        channels = tuple(Channel) if size.posts else (Channel.SMS,)
        found = []
        for number in range(releases):
            texts = {channel: {"en": [f"{channel} {number} of seed"]} for channel in channels}
            value = broadcasts.broadcast(f"{number:032x}", severity=severity, texts=texts)
            mine = self.people[number * each : (number + 1) * each]
            messages = [record(RELEASED, value.lineage, broadcasts.release(value, self.fleet.trust, len(mine)))]
            messages += [record(URGENT, value.lineage, b) for b in broadcasts.batches(value, self.fleet.trust, mine)]
            found.append(messages)
        return found

    def stop(self) -> None:
        """End everything."""
        if hasattr(self, "fleet"):
            self.fleet.stop()

    # --- the ledger's files ---

    def _query(self, channel: str, query: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.fleet.home / f"dispatch-{channel}.db") as database:
            return database.execute(query).fetchall()

    def rows(self, channel: str) -> Counter[str]:
        """Rows by state."""
        found = self._query(channel, "SELECT state, count(*) FROM delivery GROUP BY state")
        return Counter({str(state): int(str(number)) for state, number in found})

    def counter(self, channel: str, name: str) -> int:
        """One of the ledger's own counters."""
        found = {str(key): int(str(value)) for key, value in self._query(channel, "SELECT name, value FROM counted")}
        return found.get(name, 0)

    def settled(self, size: Size) -> bool:
        """Whether every delivery is there, and none is planned, in flight or in doubt."""
        for channel, wanted in size.channels.items():
            rows = self.rows(channel)
            if sum(rows.values()) != wanted or rows["planned"] or rows["sending"] or rows["unknown"]:
                return False
        return True

    def unresolved(self) -> set[str]:
        """Subscribers whose text is listed as `unresolved`."""
        return {str(row[0]) for row in self._query("sms", "SELECT target FROM delivery WHERE state = 'unresolved'")}

    def missing_texts(self) -> set[str]:
        """Subscribers to whose number the platform has no text."""
        book = self.fleet.phonebook()
        try:
            arrived = {book.id_of(text["to"]) for text in self.fleet.each_text()}
        finally:
            book.close()
        return set(self.people) - {each for each in arrived if each}
