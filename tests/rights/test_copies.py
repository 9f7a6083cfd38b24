"""Backup and restore on a broker that asks who comes: the operator may read and set groups, a room only its own."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from schemas.words import Realm
from services.cli.copies import offsets
from services.cli.copies.manifest import Offsets
from services.cli.rights.wanted import OPERATOR, user
from tests.rights.conftest import Secured
from tests.support.secured import ADMIN, access, being

pytestmark = pytest.mark.connected

#: A room's group and what it has read there; the other is a live group on a topic of the drill's.
OWN = ("live.record.alerts.accepted", "alerts.accepted", "record")
ACROSS = ("live.agency.drill.alerts.accepted", "drill.alerts.accepted", "agency")
SENT = 3


def reader(servers: str, group: str, who: str, **more: Any) -> AIOKafkaConsumer:
    """A member of a group that commits when it is told to."""
    return AIOKafkaConsumer(
        bootstrap_servers=servers, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest",
        **more, **access(user(Realm.LIVE, who)).arguments(),
    )  # fmt: skip


async def has_read(servers: str, place: tuple[str, str, str]) -> None:
    """As a room that was killed: a static member, with something committed, that is still in its group."""
    group, topic, room = place
    async with AIOKafkaProducer(bootstrap_servers=servers, **access(ADMIN).arguments()) as producer:
        for _ in range(SENT):
            await producer.send_and_wait(topic, b"a test's own", key=b"a test's", partition=0)
    consumer = reader(servers, group, room, group_instance_id=f"{room}-0")
    consumer.subscribe([topic])
    await consumer.start()
    try:
        await consumer.getmany(timeout_ms=10_000)
        await consumer.commit({TopicPartition(topic, 0): SENT})
    finally:
        await consumer.stop()  # a static member says no goodbye


def kept(servers: str) -> Offsets:
    """What a backup notes, made as the operator."""
    with being(user(Realm.LIVE, OPERATOR)):
        return asyncio.run(offsets.read(servers, Realm.LIVE))


@pytest.mark.parametrize("place", [OWN, ACROSS], ids=["of its realm", "of the drill's"])
def test_the_operator_notes_how_far_a_room_has_read_and_sets_it_back(
    secured: Secured, place: tuple[str, str, str]
) -> None:
    servers, (group, topic, _) = secured.kafka.bootstrap, place
    asyncio.run(has_read(servers, place))
    assert kept(servers)[group] == {topic: {"0": SENT}}
    with being(user(Realm.LIVE, OPERATOR)):
        again = asyncio.run(offsets.put_back(servers, Realm.LIVE, {group: {topic: {"0": 1}}}))
    assert again[group] == SENT - 1
    assert kept(servers)[group][topic]["0"] == 1


def test_a_room_can_set_no_other_rooms_group_back(secured: Secured) -> None:
    """It would be told everything again, or, worse, never what it has not read."""
    servers, (group, topic, room) = secured.kafka.bootstrap, OWN

    async def commit(who: str) -> None:
        consumer = reader(servers, group.replace("record", "record.of-a-test"), who)
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.start()
        try:
            await consumer.commit({TopicPartition(topic, 0): 1})
        finally:
            await consumer.stop()

    asyncio.run(commit(room))
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(commit("audience"))
