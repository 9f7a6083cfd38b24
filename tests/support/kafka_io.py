"""Publishing to and reading from real Kafka in a test, without a room."""

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from schemas.base import Record
from schemas.topics import Topic
from schemas.words import Realm
from services.cli.kafka import Kafka
from services.runtime import topics
from services.runtime.outbox import Message, message_of

LARGEST = 17 * 1_048_576


def restart(kafka: Kafka) -> None:
    """Stop it in good order, where it runs, and start it again: back when it is ready, at the same address."""
    kafka.stop()
    kafka.start()
    kafka.wait_ready()


def record(topic: Topic, key: str, value: Record | bytes, realm: Realm = Realm.LIVE) -> Message:
    """One message as the outbox would write it."""
    return message_of(realm, topic, key, value)


def publish(
    servers: str, messages: Iterable[Message], realm: Realm = Realm.LIVE,
    more_headers: Sequence[tuple[str, bytes | None]] = (),
) -> None:  # fmt: skip
    """Publish in order, confirmed, making the topics first. `more_headers` may be what no room would write."""

    async def work() -> None:
        await topics.ensure(servers, realm)
        producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=LARGEST)
        await producer.start()
        try:
            for message in messages:
                headers = [*((name, value.encode()) for name, value in message.headers.items()), *more_headers]
                await producer.send_and_wait(message.topic, message.value, key=message.key, headers=headers)
        finally:
            await producer.stop()

    asyncio.run(work())


def read_all(servers: str, topic: Topic, realm: Realm = Realm.LIVE) -> list["ConsumerRecord[bytes, bytes]"]:
    """Everything that stands on a topic now."""

    async def work() -> list["ConsumerRecord[bytes, bytes]"]:
        consumer = AIOKafkaConsumer(
            topic.full(realm), bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False,
            max_partition_fetch_bytes=LARGEST,
        )  # fmt: skip
        await consumer.start()
        found = []
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            for partition, end in ends.items():
                while await consumer.position(partition) < end:
                    found += (await consumer.getmany(partition, timeout_ms=1000)).get(partition, [])
        finally:
            await consumer.stop()
        return found

    return asyncio.run(work())
