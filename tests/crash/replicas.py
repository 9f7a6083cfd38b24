"""Two machines, each with every dispatcher, on one PostgreSQL: killed, frozen and thawed while the server restarts."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from schemas.words import Severity
from tests.crash.killing import ANSWER_S, EACH_KILL_S, PACE, QUARANTINE_S, SETTLED_S, VISIBLE_S, Killing, Size, bounds
from tests.support.fleet import Fleet, chooser, let_pass, until
from tests.support.kafka_io import publish
from tests.support.postgres import Postgres

DISPATCHERS = ("dispatch/sms", "dispatch/x")
VICTIMS = (("dispatch/sms", 0), ("dispatch/sms", 1)) * 3 + (("dispatch/x", 0), ("dispatch/x", 1), ("receipts", 0))
#: Longer than the quarantine of those who go on.
FROZEN_S = QUARANTINE_S + 2
#: Tries to stop a process while it has something in flight; each is shorter than the quarantine.
CATCHES = 20


@dataclass(kw_only=True)
class Replicas(Killing):
    """One run; `TOCSIN_PHONEBOOK_URL` must be set for this process too."""

    server: Postgres
    machines: list[Fleet] = field(default_factory=list)
    #: How many attempts each frozen process had in flight.
    frozen: list[int] = field(default_factory=list)

    def begin(self, size: Size, seed: int, seconds: float) -> None:
        """Start both machines, at a pace that takes `seconds` for everything if nobody is in the way."""
        pace = {"TOCSIN_SMS_RATE_PER_S": size.texts / seconds / 2, "TOCSIN_X_RATE_PER_S": size.posts / seconds / 2}
        common = bounds("SMS", "X") | self.server.stores()
        common |= {name: str(value) for name, value in (PACE | pace).items()}
        self.fleet = Fleet(self.kafka, self.data / "0", extra=common)
        self.people = self.fleet.people(size.texts, ["ferrow-north"])
        self.machines = [self.fleet, self.fleet.beside(self.data / "1")]
        self.fleet.start("sandbox", "receipts")
        for machine in self.machines:
            machine.start(*DISPATCHERS)
        self.fleet.ready("sandbox", "receipts")
        for machine in self.machines:
            machine.ready(*DISPATCHERS)
        self.fleet.fault(match={"method": "POST"}, effect={"type": "slow", "seconds": [0.2, 0.6]}, seed=seed)
        late = {"type": "late", "seconds": [0, 0.9 * VISIBLE_S]}
        self.fleet.fault(match={"method": "POST"}, effect=late, seed=seed)

    def release(self, size: Size, turn: int, turns: int) -> None:
        """Release this turn's share and wait until it is in flight: a slow machine must not be done before the fall."""
        records = self._records(size, Severity.SEVERE)
        publish(self.kafka, records[len(records) * turn // turns : len(records) * (turn + 1) // turns])
        until(lambda: all(self.rows(c)["sending"] for c in size.channels), 60, "something is in flight")

    def kill_some(self, count: int, seed: int) -> None:
        """Kill -9 one process after the other at random instants; each is started again at once.

        The first is a dispatcher of texts, right after a release: it has something in flight.
        """
        dice = chooser(seed)
        victims = [VICTIMS[seed % 2], *(dice.choice(VICTIMS) for _ in range(count - 1))]
        for room, number in victims:
            let_pass(dice.uniform(0.05, 0.6))
            machine = self.machines[number]
            machine.kill(room)
            if room != "receipts":
                self.left.append(self._sending(room))
            machine.start(room)
            machine.ready(room)

    def freeze(self, room: str, number: int, restart: int | None = None) -> None:
        """Stop one process for longer than its quarantine, then let it go on as if nothing had been.

        `restart` is the signal with which the server is stopped, and started again, in the meantime.
        """
        process = self._caught(room, number)
        if restart is not None:
            self.server.restart(restart)
        let_pass(FROZEN_S - ANSWER_S)
        process.send_signal(signal.SIGCONT)

    def _caught(self, room: str, number: int) -> subprocess.Popen[bytes]:
        """Stop one process while it has something in flight, this one if it can be had; returns it."""
        channel = room.removeprefix("dispatch/")
        for attempt in range(CATCHES):
            process = self.machines[(number + attempt) % 2].processes[room]
            process.send_signal(signal.SIGSTOP)
            then = self._in_flight(channel)
            let_pass(ANSWER_S + 0.5)
            caught = len(then & self._in_flight(channel))  # whoever is alive has had every answer
            if caught or attempt == CATCHES - 1:
                break
            process.send_signal(signal.SIGCONT)
        self.frozen.append(caught)
        return process

    def finish(self, size: Size) -> None:
        """Wait until all is settled."""
        what = ", ".join(f"{c}: {dict(self.rows(c))}" for c in size.channels)
        until(lambda: self.settled(size), SETTLED_S, f"everything settled; at first {what}")

    def stop(self) -> None:
        for machine in self.machines:
            machine.stop()

    def _in_flight(self, channel: str) -> set[tuple[object, ...]]:
        return set(self._query(channel, "SELECT id, attempt FROM delivery WHERE state = 'sending'"))

    def _sending(self, room: str) -> int:
        sending = self._in_flight(room.removeprefix("dispatch/"))
        fresh = len(sending - self.seen)
        self.seen |= sending
        return fresh

    def _query(self, channel: str, query: str) -> list[tuple[object, ...]]:
        return self.server.rows(f"tocsin_live_dispatch_{channel}", query)


def long_enough(kills: int, freezes: int) -> float:
    """Seconds in which there is something in flight until the last kill and the last thaw."""
    return kills * 2 * EACH_KILL_S + freezes * (FROZEN_S + 3)


def folder(path: Path) -> Path:
    """Where both machines have their folders."""
    return path / "machines"
