"""Kill -9 over every room while alerts go the whole way, and Kafka away in the middle.

Each alert ends as exactly one release or one hold, each decision is counted once, and afterwards the record's counts
are the ledgers' are the sandbox's. `--long`: 200 alerts, 50 kills, Kafka away for 20 s.
"""

import json
import sqlite3
import urllib.error
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.broadcast import Broadcast
from schemas.release import Release
from schemas.topics import DECIDED, HELD, INCOMING, RELEASED
from services.cli.kafka import Kafka
from tests.crash.killing import bounds
from tests.support import alerts, broadcasts
from tests.support.fleet import Fleet, chooser, http, until
from tests.support.kafka_io import publish, read_all, record

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]

ROOMS = ("sandbox", "intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms", "receipts", "record")
VICTIMS = tuple(room for room in ROOMS if room != "sandbox")
SETTINGS = {
    **bounds("SMS", "X"), "TOCSIN_X_WINDOW": "8", "TOCSIN_SANDBOX_X_CREATE_LIMIT": "100000",
    "TOCSIN_SANDBOX_X_READ_LIMIT": "100000", "TOCSIN_SANDBOX_SENT_MS": "50", "TOCSIN_SANDBOX_DELIVERED_MS": "100",
}  # fmt: skip
PEOPLE_EACH = 3


class House:
    """Every room, and the people on call."""

    def __init__(self, kafka: Kafka, data: Path) -> None:
        self.kafka = kafka
        self.fleet = Fleet(kafka.bootstrap, data, extra=SETTINGS)
        for area in alerts.DISTRICTS:
            self.fleet.people(PEOPLE_EACH, [area], first=PEOPLE_EACH * list(alerts.DISTRICTS).index(area))
        self.decided: set[str] = set()
        self.began = datetime.now(UTC)

    def door(self, room: str, path: str) -> Any:
        """The answer of a private door, or None while the room is away."""
        try:
            return http(self.fleet.door(room) + path, timeout=5)
        except (urllib.error.URLError, OSError, KeyError, json.JSONDecodeError):
            return None

    def decide(self) -> None:
        """The officers approve what waits, once each, as `tocsin approve` does."""
        for waiting in (self.door("approve", "/pending") or {"waiting": []})["waiting"]:
            if waiting["digest"] in self.decided or waiting.get("reach") is None:
                continue
            value = Broadcast.model_validate_json(waiting["text"])
            key = self.fleet.trust.key("officer-1")
            expires = min(value.expires, datetime.now(UTC) + timedelta(hours=6))
            signed = broadcasts.decision(
                value, key, "officer-1", "duty-officer", reach=waiting["reach"], expires=expires
            )  # fmt: skip
            publish(self.kafka.bootstrap, [record(DECIDED, value.lineage, signed)])
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
        with sqlite3.connect(self.fleet.home / f"dispatch-{channel}.db") as database:
            rows = database.execute("SELECT lineage, state, count(*) FROM delivery GROUP BY lineage, state").fetchall()
        return Counter({(lineage, state): number for lineage, state, number in rows})


@pytest.fixture
def house(own_kafka: Kafka, tmp_path: Path) -> Iterator[House]:
    made = House(own_kafka, tmp_path / "data")
    made.fleet.start(*ROOMS)
    made.fleet.ready(*ROOMS, seconds=120)
    yield made
    made.fleet.stop()


def _publish(house: House, number: int) -> str:
    """One alert of three kinds: released at once, released by a person, or held because two packs of guidance fit."""
    area = list(alerts.DISTRICTS)[number % len(alerts.DISTRICTS)]
    kind = ("Minor", "Minor", "Severe", "held")[number // len(alerts.DISTRICTS) % 4]
    # Minutes of one clock, so that no two alerts of a district read alike: X refuses identical posts.
    sent = house.began - timedelta(minutes=1 + number // len(alerts.DISTRICTS))
    severity = "Severe" if kind == "held" else kind
    event = "Heat Advisory and Air Quality Alert" if kind == "held" else "Boil Water Notice"
    data = alerts.boil_water(number, severity=severity, area=area, sent=sent, event=event)
    publish(
        house.kafka.bootstrap,
        [record(INCOMING, str(number), data)._replace(headers={"content-type": "application/cap+xml"})],
    )
    return kind


def test_each_alert_ends_once(house: House, long: bool) -> None:
    number_of_alerts, kills, away_s = (200, 50, 20.0) if long else (40, 10, 5.0)
    dice = chooser(5)
    kinds: Counter[str] = Counter()
    published = 0
    for kill in range(kills):
        wanted = number_of_alerts * (kill + 1) // kills
        while published < wanted:
            kinds[_publish(house, published)] += 1
            published += 1
        house.decide()
        victim = dice.choice(VICTIMS)
        _wait(dice.uniform(0.0, 0.5))
        house.fleet.kill(victim)
        house.fleet.start(victim)
        if kill == kills // 2:
            house.kafka.kill()
            _wait(away_s)
            house.kafka.restart()
        if kill % 3 == 0:
            house.fleet.ready(victim, seconds=120)
    house.fleet.ready(*ROOMS, seconds=120)
    _all_ended(house, number_of_alerts, kinds)


def _wait(seconds: float) -> None:
    """Let time pass: a kill is at a random instant, so it waits for no event."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    until(lambda: datetime.now(UTC) >= end, seconds + 5, "time passes")


def _all_ended(house: House, number_of_alerts: int, kinds: Counter[str]) -> None:
    def ended() -> bool:
        house.decide()
        released, held, _ = house.outcomes()
        return len(released) + len(held) >= number_of_alerts

    until(ended, 180, "every alert ends")
    released, held, by_digest = house.outcomes()
    assert len(held) == kinds["held"]
    assert len(released) == kinds["Minor"] + kinds["Severe"]
    assert not released.keys() & held.keys()
    assert all(len(digests) == 1 for digests in released.values())
    for release in by_digest.values():
        people = [decision.statement.person for decision in release.decisions]
        assert len(people) == len(set(people))
    until(lambda: _settled(house, by_digest), 180, "everything is sent")
    _same_counts(house, by_digest)


def _settled(house: House, by_digest: dict[str, Release]) -> bool:
    texts = PEOPLE_EACH * len(by_digest)
    posts = len(by_digest) * 2
    sms, x = house.ledger("sms"), house.ledger("x")
    # A delivery report that was lost with every retry leaves a text `sent`: it arrived all the same.
    done = sum(n for (_, state), n in sms.items() if state in {"sent", "delivered"})
    return done == texts and sum(n for (_, state), n in x.items() if state == "sent") == posts


def _same_counts(house: House, by_digest: dict[str, Release]) -> None:
    counts = house.fleet.counts()
    texts, posts = PEOPLE_EACH * len(by_digest), 2 * len(by_digest)
    print(f"\n{len(by_digest)} released; the sandbox: {counts}")
    assert (counts["texts"], counts["texts_extra"]) == (texts, 0)
    assert (counts["posts"], counts["posts_extra"]) == (posts, 0)

    def record_agrees() -> bool:
        ledgers = {"sms": house.ledger("sms"), "x": house.ledger("x")}
        for lineage in {release.lineage for release in by_digest.values()}:
            found = (house.door("record", f"/alerts/{lineage}") or {}).get("deliveries")
            states = {
                channel: {state: n for (of, state), n in rows.items() if of == lineage}
                for channel, rows in ledgers.items()
            }
            if found != states:
                return False
        return True

    until(record_agrees, 60, "the record's counts are the ledgers'")
