"""An upgrade while texts run: rooms are restarted one by one with the next version of the code (`newer`).

Before each restart an alert goes out, so that something is on its way through old and new rooms and in flight to the
platform; each crosses another mixture of versions. Counted by the platform's side: nothing lost, nothing doubled,
nothing parked. Short: nine restarts, 270 texts; `--long`: 20,700.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import COMPOSED, DELIVERIES, INCOMING, PARKED, RECEIPTS, RELEASED, batches
from schemas.words import Channel, Urgency
from services.cli.kafka import Kafka
from tests.crash import newer
from tests.support import alerts
from tests.support.bounds import roomy
from tests.support.fleet import Fleet, until
from tests.support.kafka_io import publish, read_all, record

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]

#: In the order of their restarts: writers before readers and readers before writers, both.
ORDER = ("record", "intake", "dispatch/sms", "audience", "compose", "receipts", "approve", "dispatch/x")
START_S, SETTLED_S = 180, 600


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    extra = {
        **roomy("SMS", "X"), "TOCSIN_SANDBOX_SENT_MS": "50", "TOCSIN_SANDBOX_DELIVERED_MS": "200",
        "TOCSIN_SANDBOX_X_CREATE_LIMIT": "100000", "TOCSIN_SANDBOX_X_READ_LIMIT": "100000",
    }  # fmt: skip
    made = Fleet(own_kafka.bootstrap, tmp_path / "data", extra=extra)
    yield made
    made.stop()


def test_rooms_are_upgraded_one_by_one_while_texts_run(fleet: Fleet, tmp_path: Path, long: bool) -> None:
    people = 2300 if long else 30
    total = people * (len(ORDER) + 1)
    fleet.people(people, ["ferrow-north"])
    fleet.start("sandbox", *ORDER)
    fleet.ready("sandbox", *ORDER, seconds=START_S)
    fleet.fault(match={"method": "POST"}, effect={"type": "slow", "seconds": [0.2, 0.6]})
    old = {room: _columns(fleet, room) for room in ORDER}
    next_version = newer.make(tmp_path / "next")
    for number, room in enumerate(ORDER):
        _publish(fleet, number)
        until(partial(_begun, fleet, number * people), 120, f"texts of alert {number} are on their way")
        fleet.kill(room, number=15)
        fleet.code = next_version
        fleet.start(room)
        fleet.ready(room, seconds=START_S)
    _publish(fleet, len(ORDER))
    until(lambda: _settled(fleet, total), SETTLED_S, f"everything is settled; at first {_states(fleet)}")
    until(lambda: _recorded(fleet), SETTLED_S, "the record says of the texts what the ledger says")

    counts = fleet.counts()
    print(f"\n{len(ORDER)} rooms upgraded; the sandbox: {counts}")
    assert (counts["texts_distinct"], counts["texts_extra"]) == (total, 0)
    assert counts["posts_extra"] == 0
    assert counts["posts_distinct"] == sum(_states(fleet, "dispatch/x").values())
    assert set(_states(fleet)) <= {"delivered", "sent"}
    assert read_all(fleet.kafka, PARKED) == []
    for room in ORDER:
        assert _columns(fleet, room) - old[room] == {newer.FIELD}
        assert "room.started" in fleet.log(room)
    for topic in (COMPOSED, RELEASED, batches(Channel.SMS, Urgency.ROUTINE), DELIVERIES, RECEIPTS):
        assert _versions(fleet, topic) == {"1.0", "1.1"}


def _publish(fleet: Fleet, number: int) -> None:
    data = alerts.boil_water(number, sent=datetime.now(UTC) - timedelta(seconds=60 - number))
    message = record(INCOMING, str(number), data)._replace(headers={"content-type": "application/cap+xml"})
    publish(fleet.kafka, [message])


def _query(fleet: Fleet, room: str, query: str) -> list[tuple[Any, ...]]:
    path = fleet.home / f"{room.replace('/', '-')}.db"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _states(fleet: Fleet, room: str = "dispatch/sms") -> dict[str, int]:
    return dict(_query(fleet, room, "SELECT state, count(*) FROM delivery GROUP BY state"))


def _begun(fleet: Fleet, before: int) -> bool:
    """Whether more than `before` texts are in flight, or were."""
    return sum(number for state, number in _states(fleet).items() if state != "planned") > before


def _settled(fleet: Fleet, total: int) -> bool:
    """Whether every text is there and nothing is open; a text whose delivery report was lost stays `sent`."""
    open_states = {"planned", "sending", "unknown"}
    states = [_states(fleet, room) for room in ("dispatch/sms", "dispatch/x")]
    return sum(states[0].values()) == total and not any(open_states & set(each) for each in states)


def _recorded(fleet: Fleet) -> bool:
    """Whether the record says of the texts what the ledger says."""
    query = "SELECT state, count(*) FROM delivery WHERE channel = 'sms' GROUP BY state"
    return dict(_query(fleet, "record", query)) == _states(fleet)


def _columns(fleet: Fleet, room: str) -> set[str]:
    """The columns of the table that the next version adds one to."""
    file = next(name for name in newer.TABLES if name.startswith(f"services/{room.partition('/')[0]}/"))
    found = _query(fleet, room, f"SELECT name FROM pragma_table_info('{newer.TABLES[file][0]}')")  # noqa: S608 - our own name
    return {name for (name,) in found}


def _versions(fleet: Fleet, topic: Any) -> set[str]:
    """The schema versions of what stands on a topic."""
    headers = [dict(each.headers)["tocsin-schema"].decode() for each in read_all(fleet.kafka, topic)]
    return {header.partition("/")[2] for header in headers}
