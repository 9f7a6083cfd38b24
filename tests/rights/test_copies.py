"""Backup and restore on a broker that asks who comes: the operator may read and set groups, a room only its own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from schemas.words import Realm
from services.cli.backup import backup
from services.cli.context import Context
from services.cli.copies import making, manifest, marks, offsets
from services.cli.copies.manifest import Offsets
from services.cli.copies.stores import places
from services.cli.errors import Failure
from services.cli.restore import restore
from services.cli.rights.acl import Acl
from services.cli.rights.broker import rights_of
from services.cli.rights.wanted import CLI, OPERATOR, user
from services.runtime.store import Store
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


@pytest.mark.parametrize("who", ["record", CLI])
def test_who_may_not_see_every_group_is_told_so_and_no_backup_is_made(
    secured: Secured, tmp_path: Path, who: str
) -> None:  # fmt: skip
    """The broker would show a room its own groups alone, and a user without one none at all."""
    asyncio.run(has_read(secured.kafka.bootstrap, OWN))
    intake = next(place for place in places(Context(tmp_path / "data")) if place.room == "intake")
    Store(intake.url, intake.tables).close()
    with being(user(Realm.LIVE, who)), pytest.raises(Failure) as caught:
        backup(tmp_path / "backups", data=tmp_path / "data")
    says = str(caught.value)
    assert f"no backup was made: Kafka does not let tocsin-live-{who}" in says
    assert "on the groups with the prefix `live.`" in says
    assert "tocsin-live-operator" in says


def test_who_may_not_set_groups_back_is_told_so_before_anything_is_changed(secured: Secured, tmp_path: Path) -> None:
    context = Context(tmp_path / "data")
    intake = next(place for place in places(context) if place.room == "intake")
    Store(intake.url, intake.tables).close()
    making.make(context, tmp_path / "copy", datetime.now(UTC), lambda: None)
    may_see = Acl(user(Realm.LIVE, CLI), "group", "live.", "describe", "prefixed")

    async def grant(work: str) -> None:
        async with rights_of(secured.kafka.bootstrap, access(ADMIN)) as rights:
            await getattr(rights, work)([may_see])

    asyncio.run(grant("add"))
    try:
        with being(user(Realm.LIVE, CLI)), pytest.raises(Failure, match="nothing has been changed: Kafka does not let"):
            restore(tmp_path / "copy", data=context.data, over=True, kafka=secured.kafka.bootstrap)
    finally:
        asyncio.run(grant("remove"))
    assert list(context.home.glob("*before-restore*")) == []
    assert marks.unfinished(context) == []


def test_the_operator_puts_a_house_back(secured: Secured, tmp_path: Path) -> None:
    """Both verbs whole, as the one user that may."""
    asyncio.run(has_read(secured.kafka.bootstrap, OWN))
    context = Context(tmp_path / "data")
    for place in places(context):
        Store(place.url, place.tables).close()
    with being(user(Realm.LIVE, OPERATOR)):
        backup(tmp_path / "backups", data=context.data)
        restore(tmp_path / "backups", data=context.data, over=True, kafka=secured.kafka.bootstrap)
    assert manifest.read(manifest.newest(tmp_path / "backups", Realm.LIVE)).offsets
    assert marks.unfinished(context) == []


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
