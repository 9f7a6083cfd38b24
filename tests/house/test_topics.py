"""One list of topics: what it says is what the rooms do, and what the broker is told."""

import ast
from typing import Any

import pytest

from schemas import topics as listed
from schemas.topics import ANSWERS, PARKED, TOPICS, Topic
from schemas.words import PUBLIC_CHANNELS, Channel, Realm, Urgency
from services.cli.house.blueprint import Blueprint
from services.cli.house.rooms import ROOMS, RoomSpec
from services.runtime.room import Room
from services.runtime.topics import configuration, wanted
from tests.support.code import modules

#: Writers and readers that are no room of `up`.
OUTSIDE = {"agencies", "cli", "any room", "intake (live, to drill)"}


def test_names_are_unique_also_across_realms() -> None:
    full = [topic.full(realm) for topic in TOPICS for realm in Realm]
    assert len(full) == len(set(full))


def test_every_reader_and_writer_is_a_room() -> None:
    named = {who for topic in TOPICS for who in (*topic.readers, *topic.writers)}
    assert named - OUTSIDE - {spec.name for spec in ROOMS} == set()


def subscribed_to(room: Room) -> set[str]:
    subscribers: list[Any] = list(room.broker.subscribers)
    return {name for each in subscribers for name in each.topic_names}


@pytest.mark.parametrize("spec", ROOMS, ids=lambda spec: spec.name)
def test_a_room_subscribes_to_what_the_list_says_it_reads(spec: RoomSpec, plan: Blueprint) -> None:
    subscribed = subscribed_to(plan.rooms[spec.name])
    assert {name.removeprefix("drill.") for name in subscribed} == {t.name for t in TOPICS if spec.name in t.readers}


def test_only_the_publishers_door_hears_of_the_drill(plan: Blueprint) -> None:
    other = {
        name for name, room in plan.rooms.items() if any(topic.startswith("drill.") for topic in subscribed_to(room))
    }
    assert other == {"agency"}


def test_each_publisher_has_a_topic_of_answers_and_the_pattern_is_none() -> None:
    assert ANSWERS.is_pattern
    assert ANSWERS.of("ferrow-health").full(Realm.DRILL) == "drill.answers.ferrow-health"
    assert not ANSWERS.of("ferrow-health").is_pattern
    assert all("<" not in name for name in wanted(Realm.LIVE))


def names_of(topic: Topic) -> set[str]:
    """What the code may call a topic: its constant, or the function that makes it."""
    found = {name for name, value in vars(listed).items() if value == topic}
    return found or {"batches"}


def used_by(room: str) -> set[str]:
    """Names taken from `schemas.topics` in a room's modules, and in those of the pipeline that it belongs to."""
    tops = {"services." + room.replace("/", ".")} | ({"services.dispatch"} if room.startswith("dispatch/") else set())
    trees = [
        module.tree
        for module in modules()
        if any(module.name == top or module.name.rpartition(".")[0] == top for top in tops)
    ]
    imports = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports if node.module == "schemas.topics" for alias in node.names}


@pytest.mark.parametrize("spec", ROOMS, ids=lambda spec: spec.name)
def test_a_room_knows_the_topics_that_the_list_says_it_writes(spec: RoomSpec) -> None:
    owed = [topic.name for topic in TOPICS if spec.name in topic.writers and not names_of(topic) & used_by(spec.name)]
    assert owed == []


def test_batches_have_a_topic_for_each_urgency_and_none_for_a_public_channel() -> None:
    for channel in Channel:
        if channel in PUBLIC_CHANNELS:
            with pytest.raises(ValueError, match="no batches"):
                listed.batches(channel, Urgency.URGENT)
        else:
            assert {listed.batches(channel, urgency) for urgency in Urgency} <= set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_broker_is_told_sizes_and_retention(topic: Topic) -> None:
    told = configuration(topic)
    assert int(told["max.message.bytes"]) > topic.max_bytes  # room for headers and the envelope
    if topic.compacted:
        assert told["cleanup.policy"] == "compact"
        assert "retention.ms" not in told
    else:
        assert told["retention.ms"] == str(topic.retention_ms)


def test_raw_bytes_are_only_what_outsiders_send_and_what_was_parked() -> None:
    assert [topic.name for topic in TOPICS if not topic.values] == ["alerts.incoming"]
    assert PARKED.compacted
