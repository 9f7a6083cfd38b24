"""How every subscriber acknowledges. Read off the rooms as they are built, not off their source.

FastStream's own defaults (acknowledge first, start at the latest record) lose alerts.
"""

from typing import Any

import pytest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from services.cli.house.blueprint import Blueprint
from services.cli.house.rooms import ROOMS
from services.runtime import broker as kafka
from tests.support.code import REPOSITORY

REPLICA = "0"
Subscribers = list[tuple[str, Any]]


@pytest.fixture(scope="module")
def subscribers(plan: Blueprint) -> Subscribers:
    return [(name, each) for name, room in plan.rooms.items() for each in room.broker.subscribers]


def broken(room: str, subscriber: Any) -> list[str]:
    """A sentence for each rule that a subscriber breaks."""
    slug = room.replace("/", "-")
    arguments = subscriber._connection_args
    rules = {
        "ack_policy": (subscriber.ack_policy, AckPolicy.NACK_ON_ERROR),
        "auto_offset_reset": (arguments["auto_offset_reset"], "earliest"),
        "enable_auto_commit": (arguments["enable_auto_commit"], False),
        "group_instance_id": (arguments.get("group_instance_id"), f"{slug}.{REPLICA}"),
        "session_timeout_ms": (arguments["session_timeout_ms"], 45_000),
        "heartbeat_interval_ms": (arguments["heartbeat_interval_ms"], 3_000),
        "max_poll_interval_ms": (arguments["max_poll_interval_ms"], 600_000),
        "decoder": (subscriber._outer_config.broker_decoder, kafka._whole),
        "parser": (subscriber._outer_config.broker_parser, kafka._clean),
    }
    found = [f"{room}: {name} is {now}, not {wanted}" for name, (now, wanted) in rules.items() if now != wanted]
    if not (subscriber.group_id or "").startswith(f"live.{slug}."):
        found.append(f"{room}: group_id is {subscriber.group_id}")
    if arguments["fetch_max_wait_ms"] not in {100, 500}:
        found.append(f"{room}: fetch_max_wait_ms is {arguments['fetch_max_wait_ms']}")
    return found


def test_every_subscriber_keeps_the_rules(subscribers: Subscribers) -> None:
    assert [sentence for room, each in subscribers for sentence in broken(room, each)] == []


def test_every_room_was_looked_at(plan: Blueprint, subscribers: Subscribers) -> None:
    """Receipts listens to HTTP; every other room has subscribers."""
    assert set(plan.rooms) == {spec.name for spec in ROOMS}
    assert {name for name, _ in subscribers} == set(plan.rooms) - {"receipts"}


def test_no_two_subscribers_of_a_room_share_a_group(subscribers: Subscribers) -> None:
    """One group with two topics would rebalance both whenever one does."""
    groups = [each.group_id for _, each in subscribers]
    assert len(groups) == len(set(groups))


def test_faststreams_defaults_would_be_seen() -> None:
    async def handle(_body: bytes) -> None: ...

    careless = KafkaBroker("127.0.0.1:9").subscriber("alerts.accepted", group_id="live.intake.x")
    careless(handle)
    said = " ".join(broken("intake", careless))
    assert "ack_policy is" in said
    assert "auto_offset_reset is latest" in said
    assert "group_instance_id is None" in said


def test_the_broker_confirms_with_all_replicas_and_never_waits_without_limit(plan: Blueprint) -> None:
    for room in plan.rooms.values():
        settings = room.broker._connection_kwargs
        assert settings["acks"] == "all"
        assert settings["enable_idempotence"] is False  # aiokafka #1101: waits for ever while the broker is down
        assert settings["linger_ms"] == 0
        assert settings["request_timeout_ms"] < kafka.PUBLISH_TIMEOUT_S * 1000


def test_nothing_but_the_runtime_makes_a_broker_or_a_subscriber() -> None:
    places = [
        path.relative_to(REPOSITORY).as_posix()
        for path in sorted((REPOSITORY / "services").rglob("*.py"))
        if "KafkaBroker(" in path.read_text() or ".subscriber(" in path.read_text()
    ]
    assert places == ["services/runtime/broker.py", "services/runtime/room.py"]
