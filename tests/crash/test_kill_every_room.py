"""Kill -9 over every room while alerts go the whole way, and Kafka away in the middle.

Each alert ends as exactly one release or one hold, each decision is counted once, and afterwards the record's counts
are the ledgers' are the sandbox's. On one machine with SQLite, and on two that share a PostgreSQL server, which is
restarted too. `--long`: 200 alerts, 50 kills, Kafka away for 20 s.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.release import Release
from services.cli.kafka import Kafka
from tests.crash.house import PEOPLE_EACH, VICTIMS, House
from tests.support.fleet import chooser, let_pass, until
from tests.support.kafka_io import restart
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]


@pytest.fixture
def one(own_kafka: Kafka, tmp_path: Path) -> Iterator[House]:
    made = House(own_kafka, tmp_path / "data")
    yield made
    made.stop()


@pytest.fixture
def two(own_kafka: Kafka, own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("TOCSIN_PHONEBOOK_URL", own_postgres.url())
    made = House(own_kafka, tmp_path / "data", own_postgres)
    yield made
    made.stop()


def test_each_alert_ends_once(one: House, long: bool) -> None:
    _campaign(one, *((200, 50, 20.0) if long else (40, 10, 5.0)))


def test_each_alert_ends_once_with_two_of_every_room(two: House, long: bool) -> None:
    _campaign(two, *((200, 50, 20.0) if long else (20, 4, 3.0)))


def _campaign(house: House, number_of_alerts: int, kills: int, away_s: float) -> None:
    house.start()
    dice = chooser(5)
    kinds: Counter[str] = Counter()
    published = 0
    for kill in range(kills):
        wanted = number_of_alerts * (kill + 1) // kills
        while published < wanted:
            kinds[house.publish(published)] += 1
            published += 1
        house.decide()
        victim, machine = dice.choice(VICTIMS), dice.choice(house.machines)
        let_pass(dice.uniform(0.0, 0.5))
        machine.kill(victim)
        machine.start(victim)
        if kill == kills // 2:
            house.kafka.kill()
            let_pass(away_s)
            restart(house.kafka)
        if kill == 3 * kills // 4 and house.server:
            house.server.restart(signal.SIGQUIT)
        if kill % 3 == 0:
            machine.ready(victim, seconds=120)
    house.ready()
    _all_ended(house, number_of_alerts, kinds)


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
