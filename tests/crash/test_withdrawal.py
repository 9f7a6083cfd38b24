"""A withdrawal in the middle of 2,000 texts, with only dispatchers running: approve, compose, audience are down."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.broadcast import Broadcast
from schemas.topics import RELEASED, STOPPED, batches
from schemas.words import Channel, Urgency
from services.cli.kafka import Kafka
from services.dispatch.brake import set_brake
from services.runtime.store import sqlite_url
from tests.support import broadcasts
from tests.support.fleet import Fleet, until
from tests.support.kafka_io import publish, record

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

ROOMS = ("sandbox", "dispatch/sms", "dispatch/x", "receipts")
W = 64
URGENT = batches(Channel.SMS, Urgency.URGENT)


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    """Dispatchers, receipts and the sandbox."""
    made = Fleet(own_kafka.bootstrap, tmp_path / "data", extra={"TOCSIN_SMS_SWEEP_S": "0.5", "TOCSIN_X_SWEEP_S": "0.5"})
    made.start(*ROOMS)
    made.ready(*ROOMS)
    yield made
    made.stop()


def _release(fleet: Fleet, value: Broadcast, people: list[str]) -> None:
    records = [record(RELEASED, value.lineage, broadcasts.release(value, fleet.trust, len(people)))]
    records += [record(URGENT, value.lineage, batch) for batch in broadcasts.batches(value, fleet.trust, people)]
    publish(fleet.kafka, records)


def _withdraw(fleet: Fleet, value: Broadcast) -> None:
    publish(fleet.kafka, [record(STOPPED, value.lineage, broadcasts.withdrawal(value, fleet.trust))])


def _who_got(fleet: Fleet) -> dict[str, dict[str, int]]:
    """Numbers by body, with how often."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for text in fleet.each_text():
        found[text["body"]][text["to"]] = text["n"]
    return found


def _rows(fleet: Fleet, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(fleet.home / "dispatch-sms.db") as database:
        return database.execute(query).fetchall()


def test_exactly_those_who_got_the_alert_get_its_withdrawal(fleet: Fleet) -> None:
    people = fleet.people(2000, ["ferrow-north"])
    value = broadcasts.broadcast()
    fleet.fault(match={"platform": "twilio", "method": "POST"}, effect={"type": "slow", "seconds": [0.05, 0.1]})
    _release(fleet, value, people)
    until(lambda: fleet.counts()["texts"] >= 100, 30, "100 texts")
    _withdraw(fleet, value)
    until(lambda: _rows(fleet, "SELECT 1 FROM mark WHERE kind = 'withdrawal'"), 30, "the withdrawal's mark")
    open_rows = "SELECT 1 FROM delivery WHERE state IN ('planned', 'sending', 'unknown') LIMIT 1"
    owed = "SELECT 1 FROM delivery WHERE kind = 'alert' AND state IN ('sent', 'delivered') LIMIT 1"
    until(lambda: not _rows(fleet, open_rows) and not _rows(fleet, owed), 60, "everything taken back")
    until(lambda: fleet.counts()["posts_deleted"] == 1 and fleet.counts()["posts"] == 2, 20, "the post taken back")

    got = _who_got(fleet)
    alert, withdrawal = got[value.renditions[1].parts[0]], got[value.withdrawals[1].parts[0]]
    late = _rows(fleet, "SELECT count(*) FROM delivery d JOIN mark m USING (lineage) "
                        "WHERE d.kind = 'alert' AND d.intent_at > m.at")  # fmt: skip
    print(
        f"\n{len(alert)} had got the alert, {len(withdrawal)} got its withdrawal, {late[0][0]} intents after the mark"
    )
    assert late == [(0,)]
    assert 100 <= len(alert) < 2000
    assert alert.keys() == withdrawal.keys()
    assert set(alert.values()) == set(withdrawal.values()) == {1}


def test_a_withdrawal_works_after_the_alert_has_expired(fleet: Fleet) -> None:
    people = fleet.people(20, ["ferrow-north"])
    value = broadcasts.broadcast(expires=datetime.now(UTC) + timedelta(seconds=5))
    _release(fleet, value, people)
    until(lambda: fleet.counts()["texts"] == 20, 30, "20 texts")
    until(lambda: datetime.now(UTC) > value.expires, 30, "the alert's end")
    _withdraw(fleet, value)
    until(lambda: fleet.counts()["texts"] == 40, 30, "20 withdrawals")
    assert {len(numbers) for numbers in _who_got(fleet).values()} == {20}


def test_nothing_is_sent_after_the_end_however_long_the_queue(fleet: Fleet) -> None:
    people = fleet.people(500, ["ferrow-north"])
    value = broadcasts.broadcast(expires=datetime.now(UTC) + timedelta(seconds=3))
    fleet.fault(match={"platform": "twilio", "method": "POST"}, effect={"type": "slow", "seconds": 1.0})
    _release(fleet, value, people)
    until(lambda: _rows(fleet, "SELECT 1 FROM delivery WHERE state = 'expired' LIMIT 1"), 30, "the rest expires")
    until(lambda: not _rows(fleet, "SELECT 1 FROM delivery WHERE state IN ('planned', 'sending')"), 30, "all settled")
    end = int(value.expires.timestamp() * 1000)
    intents = _rows(fleet, f"SELECT count(*) FROM delivery WHERE intent_at >= {end} AND state <> 'expired'")  # noqa: S608 - a number of ours
    assert intents == [(0,)]
    assert 0 < fleet.counts()["texts"] < 500


def test_the_brake_holds_back_what_is_planned_and_lets_it_go(fleet: Fleet) -> None:
    people = fleet.people(300, ["ferrow-north"])
    value = broadcasts.broadcast()
    fleet.fault(match={"platform": "twilio", "method": "POST"}, effect={"type": "slow", "seconds": [0.2, 0.3]})
    _release(fleet, value, people)
    until(lambda: fleet.counts()["texts"] >= 50, 30, "50 texts")
    _brake(fleet, on=True)
    until(lambda: not _rows(fleet, "SELECT 1 FROM delivery WHERE state = 'sending'"), 30, "nothing in flight")
    held = fleet.counts()["texts"]
    until(lambda: fleet.metric("dispatch/sms", "tocsin_brake_on") == 1, 20, "the brake shows")
    assert fleet.counts()["texts"] == held < 300
    _brake(fleet, on=False)
    until(lambda: fleet.counts()["texts"] == 300, 60, "all texts")
    assert fleet.counts()["texts_extra"] == 0


def _brake(fleet: Fleet, *, on: bool) -> None:
    url = sqlite_url(fleet.home / "dispatch-sms.db")
    set_brake(url, Channel.SMS, on=on, by="officer-1", reason="a test", now=datetime.now(UTC))
