"""A room's lag: what it has not fetched, and what it holds in hand; the last figure stands while nobody can say."""

import asyncio

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from prometheus_client import CollectorRegistry, Gauge

from services.runtime.lag import Lag
from services.runtime.reach import Reach

ONE, TWO = TopicPartition("t", 0), TopicPartition("t", 1)


class FakeConsumer:
    """Reads two partitions."""

    def __init__(self) -> None:
        self.positions = {ONE: 3, TWO: 10}
        self.broken = False

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    async def end_offsets(self, partitions: set[TopicPartition]) -> dict[TopicPartition, int]:
        if self.broken:
            raise IllegalStateError("partitions move")
        return dict.fromkeys(partitions, 10)

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]


def lag_of(consumer: FakeConsumer | None) -> tuple[Lag, CollectorRegistry]:
    registry = CollectorRegistry()
    lag = Lag(
        Gauge("lag", "", ["topic"], registry=registry), Gauge("up", "", registry=registry),
        Reach("kafka:9093", "tocsin-live-record"),
    )  # fmt: skip
    lag.watch("t", lambda: consumer)
    return lag, registry


def shown(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("lag", {"topic": "t"})


async def test_what_is_not_fetched_of_all_partitions() -> None:
    lag, registry = lag_of(FakeConsumer())
    assert shown(registry) == 0
    await lag.look()
    assert shown(registry) == 7


async def test_a_handler_that_hangs_is_behind_too() -> None:
    consumer = FakeConsumer()
    consumer.positions[ONE] = 10
    lag, registry = lag_of(consumer)
    with lag.handling("t"):
        await lag.look()
        assert shown(registry) == 1
    await lag.look()
    assert shown(registry) == 0


async def test_the_last_figure_stands_while_partitions_move() -> None:
    consumer = FakeConsumer()
    lag, registry = lag_of(consumer)
    await lag.look()
    assert registry.get_sample_value("up") == 1
    consumer.broken = True
    await lag.look()
    assert shown(registry) == 7
    assert registry.get_sample_value("up") == 0, "nothing that it asked was answered"


async def test_a_broker_that_answers_for_one_topic_is_there() -> None:
    broken = FakeConsumer()
    broken.broken = True
    lag, registry = lag_of(FakeConsumer())
    lag.watch("other", lambda: broken)
    await lag.look()
    assert registry.get_sample_value("up") == 1


async def test_nothing_is_asked_before_there_is_a_consumer() -> None:
    lag, registry = lag_of(None)
    async with asyncio.timeout(1):
        await lag.look()
    assert shown(registry) == 0
    assert registry.get_sample_value("up") == 1, "a room that reads nothing pages nobody"
