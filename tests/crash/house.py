"""Every room in one house or two, the people on call in front of it, and what its ledgers and topics say."""

import json
import sqlite3
import urllib.error
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.release import Release
from schemas.topics import DECIDED, HELD, INCOMING, RELEASED
from services.cli.kafka import Kafka
from tests.crash.killing import bounds
from tests.support import alerts, broadcasts
from tests.support.fleet import Fleet, http
from tests.support.kafka_io import publish, read_all, record
from tests.support.postgres import Postgres

ROOMS = ("sandbox", "intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms", "receipts", "record")
VICTIMS = tuple(room for room in ROOMS if room != "sandbox")
SETTINGS = {
    **bounds("SMS", "X"), "TOCSIN_X_WINDOW": "8", "TOCSIN_SANDBOX_X_CREATE_LIMIT": "100000",
    "TOCSIN_SANDBOX_X_READ_LIMIT": "100000", "TOCSIN_SANDBOX_SENT_MS": "50", "TOCSIN_SANDBOX_DELIVERED_MS": "100",
}  # fmt: skip
PEOPLE_EACH = 3


class House:
    """Every room, and the people on call: one machine with SQLite, or two that share a PostgreSQL server."""

    def __init__(self, kafka: Kafka, data: Path, server: Postgres | None = None, *, pair: bool = True) -> None:
        """With a `server`, `TOCSIN_PHONEBOOK_URL` must name it for this process too; `pair` makes it two machines."""
        self.kafka, self.server = kafka, server
        shared = server.stores() if server else {}
        self.fleet = Fleet(kafka.bootstrap, data / "0", extra=SETTINGS | shared)
        for area in alerts.DISTRICTS:
            self.fleet.people(PEOPLE_EACH, [area], first=PEOPLE_EACH * list(alerts.DISTRICTS).index(area))
        self.machines = [self.fleet, self.fleet.beside(data / "1")] if server and pair else [self.fleet]
        self.decided: set[str] = set()
        self.began = datetime.now(UTC)

    def start(self) -> None:
        """Start every room and wait for it."""
        self.fleet.start("sandbox")
        for machine in self.machines:
            machine.start(*VICTIMS)
        self.ready()

    def ready(self) -> None:
        """Wait until every room on every machine says so."""
        self.fleet.ready("sandbox", seconds=120)
        for machine in self.machines:
            machine.ready(*VICTIMS, seconds=120)

    def stop(self) -> None:
        """End everything."""
        for machine in self.machines:
            machine.stop()

    def door(self, room: str, path: str) -> Any:
        """The answer of a private door on whichever machine has one, or None while the room is away."""
        for machine in self.machines:
            try:
                return http(machine.door(room) + path, timeout=5)
            except (urllib.error.URLError, OSError, KeyError, json.JSONDecodeError):
                continue
        return None

    def publish(self, number: int) -> str:
        """One alert of three kinds: released at once, released by a person, or held because two packs fit."""
        area = list(alerts.DISTRICTS)[number % len(alerts.DISTRICTS)]
        kind = ("Minor", "Minor", "Severe", "held")[number // len(alerts.DISTRICTS) % 4]
        # Minutes of one clock, so that no two alerts of a district read alike: X refuses identical posts.
        sent = self.began - timedelta(minutes=1 + number // len(alerts.DISTRICTS))
        severity = "Severe" if kind == "held" else kind
        event = "Heat Advisory and Air Quality Alert" if kind == "held" else "Boil Water Notice"
        data = alerts.boil_water(number, severity=severity, area=area, sent=sent, event=event)
        cap = record(INCOMING, str(number), data)._replace(headers={"content-type": "application/cap+xml"})
        publish(self.kafka.bootstrap, [cap])
        return kind

    def decide(self) -> None:
        """The officers approve what waits, once each, as `tocsin approve` does."""
        for waiting in (self.door("approve", "/pending") or {"waiting": []})["waiting"]:
            if waiting["digest"] in self.decided or waiting.get("reach") is None:
                continue
            signed = broadcasts.word_about(waiting, self.fleet.trust)
            publish(self.kafka.bootstrap, [record(DECIDED, signed.lineage, signed)])
            self.decided.add(waiting["digest"])

    def outcomes(self) -> tuple[dict[str, set[str]], dict[str, set[str]], dict[str, Release]]:
        """By lineage: digests released and holds; and the releases by digest. Straight from Kafka."""
        released: dict[str, set[str]] = defaultdict(set)
        held: dict[str, set[str]] = defaultdict(set)
        by_digest = {}
        for message in read_all(self.kafka.bootstrap, RELEASED):
            release = Release.model_validate_json(message.value or b"")
            released[release.lineage].add(release.digest)
            by_digest[release.digest] = release
        for message in read_all(self.kafka.bootstrap, HELD):
            found = json.loads(message.value or b"{}")
            held[found["lineage"]].add(found["identifier"])
        return released, held, by_digest

    def ledger(self, channel: str) -> Counter[tuple[str, str]]:
        """Rows by lineage and state."""
        query = "SELECT lineage, state, count(*) FROM delivery GROUP BY lineage, state"
        return Counter({(str(lineage), str(state)): int(n) for lineage, state, n in self._rows(channel, query)})

    def _rows(self, channel: str, query: str) -> Iterable[tuple[Any, ...]]:
        if self.server is None:
            with sqlite3.connect(self.fleet.home / f"dispatch-{channel}.db") as database:
                return list(database.execute(query))
        return self.server.rows(f"tocsin_live_dispatch_{channel}", query)
