"""A whole house whose jurisdiction was forgotten: what the demo's place says reaches a sandbox account and nobody else.

Real Kafka, the real rooms, compose with its default place; X is a SANDBOX account, the account of texts is not. Both
are answered by the stand-in, which counts what either of them sends.
"""

import signal
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from schemas.broadcast import Broadcast
from schemas.release import Release
from schemas.topics import INCOMING, RELEASED, STOPPED
from services.cli.kafka import Kafka
from tests.support import alerts, broadcasts
from tests.support.fleet import Fleet, until
from tests.support.kafka_io import publish, read_all, record

pytestmark = [pytest.mark.connected, pytest.mark.timeout(900)]
ROOMS = ("sandbox", "intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms")
PEOPLE, WAIT_S = 3, 240


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(own_kafka.bootstrap, tmp_path / "data", extra={"TOCSIN_SMS_SANDBOX": "false"})
    made.people(PEOPLE, ["ferrow-north"])
    try:
        made.start(*ROOMS)
        made.ready(*ROOMS, seconds=WAIT_S)
        yield made
    finally:
        made.stop()


def of_texts(fleet: Fleet, query: str) -> list[tuple[object, ...]]:
    """What the ledger of the account that is no sandbox holds."""
    with sqlite3.connect(fleet.home / "dispatch-sms.db") as database:
        return database.execute(query).fetchall()


def published(fleet: Fleet) -> Broadcast:
    """One alert, all the way to its release."""
    cap = record(INCOMING, "1", alerts.boil_water(1))._replace(headers={"content-type": "application/cap+xml"})
    publish(fleet.kafka, [cap])
    until(lambda: read_all(fleet.kafka, RELEASED), WAIT_S, f"it is released: {fleet.log('approve')[-1500:]}")
    [found] = [Release.model_validate_json(each.value or b"") for each in read_all(fleet.kafka, RELEASED)]
    return Broadcast.model_validate_json(found.broadcast)


def test_a_place_that_does_not_exist_speaks_to_nobody(fleet: Fleet) -> None:
    assert "place.fictional" in fleet.log("compose")
    value = published(fleet)
    assert (value.fictional, value.guidance[0].status) == (True, "draft")

    until(lambda: fleet.counts()["posts_distinct"] == 2, WAIT_S, "the sandbox account has posted it, in two languages")
    until(lambda: fleet.metric("dispatch/sms", "tocsin_untrusted_total") == 1, WAIT_S, "the real account refuses it")
    until(lambda: of_texts(fleet, "SELECT 1 FROM batch"), WAIT_S, "and has its audience all the same")

    publish(fleet.kafka, [record(STOPPED, value.lineage, broadcasts.withdrawal(value, fleet.trust))])
    until(lambda: fleet.counts()["posts_deleted"] == 2, WAIT_S, "the sandbox account takes it back")
    until(lambda: of_texts(fleet, "SELECT 1 FROM mark"), WAIT_S, "the real account has heard of that too")
    assert of_texts(fleet, "SELECT * FROM delivery") == []
    assert fleet.counts()["texts"] == 0

    fleet.kill("dispatch/x", signal.SIGTERM)
    fleet.environment["TOCSIN_X_SANDBOX"] = "false"
    fleet.start("dispatch/x")
    ended = partial(fleet.processes["dispatch/x"].poll)
    until(lambda: ended() is not None, WAIT_S, "a real account does not go on with the sandbox account's ledger")
    assert (ended(), "a ledger of its own" in fleet.log("dispatch/x")) == (2, True)
