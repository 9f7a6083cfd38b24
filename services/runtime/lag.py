"""How far a room is behind: records that stand on a topic and have not been handled, in this process's partitions."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from services.runtime.reach import REFUSALS, Reach

EVERY_S = 10.0
WAIT_S = 5.0

ConsumerOf = Callable[[], AIOKafkaConsumer | None]


class Lag:
    """Asks the broker for the ends of what this process reads; replicas share a topic, so their sum is its lag."""

    def __init__(self, gauge: Gauge, answers: Gauge, reach: Reach) -> None:
        """`gauge` has one label, the topic's name; `reach` is told what the broker refuses.

        `answers` is 1 while it answers at all. A room that runs stays ready without it: what its doors take is written
        to Kafka when it is back.
        """
        self._gauge, self._answers, self._reach = gauge, answers, reach
        self._consumers: dict[str, ConsumerOf] = {}
        self._in_hand: Counter[str] = Counter()

    def watch(self, topic: str, consumer: ConsumerOf) -> None:
        """Show the lag of `topic`, which `consumer()` reads; None while it has not started."""
        self._consumers[topic] = consumer
        self._gauge.labels(topic)

    @contextmanager
    def handling(self, topic: str) -> Iterator[None]:
        """A record that has been fetched and not yet handled is behind, too: a handler that hangs shows."""
        self._in_hand[topic] += 1
        try:
            yield
        finally:
            self._in_hand[topic] -= 1

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Look once; while the broker is away or partitions move, the last figure stands.

        A right that is taken from a running room shows here alone: its consumers go on asking, and hear nothing.
        """
        refused, asked, silent = [], 0, 0
        for topic, consumer_of in self._consumers.items():
            consumer = consumer_of()
            if consumer is None:
                continue
            asked += 1
            try:
                async with asyncio.timeout(WAIT_S):
                    behind = await _behind(consumer)
            except REFUSALS:
                refused.append(topic)
                continue
            except (KafkaError, TimeoutError):
                silent += 1
                continue
            self._gauge.labels(topic).set(behind + self._in_hand[topic])
        self._answers.set(asked == 0 or silent < asked)  # a room that reads nothing is told nothing
        if refused:
            self._reach.refused(f"it may not read {', '.join(refused)}")
        else:
            self._reach.well()


async def _behind(consumer: AIOKafkaConsumer) -> int:
    """Records that have not been fetched, over the partitions that the group has given it."""
    partitions = consumer.assignment()
    if not partitions:
        return 0
    ends = await consumer.end_offsets(partitions)
    return sum([max(0, ends[each] - await consumer.position(each)) for each in partitions])
