"""Every room as a user of its own on a broker that asks who comes: an alert gets to people, and nothing is refused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.topics import PARKED
from schemas.words import Realm
from services.cli.context import Context
from services.cli.house.rooms import ROOMS
from services.cli.rights.wanted import CLI, publisher, user
from tests.rights.conftest import Secured
from tests.support import alerts
from tests.support.fleet import Fleet, until
from tests.support.secured import access, being, environment

pytestmark = [pytest.mark.connected, pytest.mark.timeout(1200)]

NAMES = [spec.name for spec in ROOMS]
PEOPLE = 3
WAIT_S = 300


@pytest.fixture
def fleet(secured: Secured, tmp_path: Path) -> Iterator[Fleet]:
    """Every room, each with its own password; the sandbox needs none, for it knows no Kafka."""
    rooms = Fleet(secured.kafka.bootstrap, tmp_path, extra={"TOCSIN_SANDBOX_SENT_MS": "50"})
    common = dict(rooms.environment)
    try:
        rooms.start("sandbox")
        for name in NAMES:
            rooms.environment = common | environment(user(Realm.LIVE, name))
            rooms.start(name)
        rooms.ready("sandbox", *NAMES, seconds=WAIT_S)
        yield rooms
    finally:
        rooms.stop()


def test_an_alert_gets_to_people_and_no_room_asks_for_more_than_it_may(secured: Secured, fleet: Fleet) -> None:
    fleet.people(PEOPLE, ["ferrow-north"])
    asyncio.run(send(secured.kafka.bootstrap, alerts.boil_water(1)))
    until(lambda: len(fleet.each_text()) == PEOPLE, WAIT_S, "everybody has the text")
    until(lambda: fleet.metric("record", "tocsin_records_handled_total") > PEOPLE, WAIT_S, "the record hears of it")
    with being(user(Realm.LIVE, CLI)):
        assert Context(fleet.data).read(PARKED) == []
    assert [name for name in NAMES if "AuthorizationFailed" in fleet.log(name)] == []


async def send(servers: str, alert: bytes) -> None:
    """As the publisher whose alert it is."""
    who = access(user(Realm.LIVE, publisher("ferrow-health")))
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", **who.arguments()) as producer:
        headers = [("content-type", b"application/cap+xml")]
        await producer.send_and_wait("alerts.incoming", alert, key=b"any", headers=headers)
