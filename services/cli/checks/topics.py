"""Topics as they are on the broker, beside what the list wants; and the broker's clock."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from schemas.topics import Topic
from services.cli.checks.finding import Found, good, mind
from services.cli.checks.platforms import clock
from services.cli.context import Context
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load
from services.runtime.topics import configuration, wanted

WAIT_S = 10.0
#: One record in it, dated by the broker and kept for a minute: Kafka says what time it is in no other way.
CLOCK_TOPIC = "tocsin.clock"
_CLOCK_CONFIG = {"message.timestamp.type": "LogAppendTime", "retention.ms": "60000"}


def look(context: Context) -> Iterator[Found]:
    """Nothing where no broker is known, or none answers: `running` says that."""
    servers = context.known_kafka
    if servers is None:
        return
    try:
        there = asyncio.run(_there(servers))
    except (KafkaError, OSError, TimeoutError):
        return
    yield from differing(wanted(context.realm), there)
    yield asyncio.run(_clock(servers))


async def _there(servers: str) -> dict[str, dict[str, str]]:
    """Each topic's configuration as it is, and its number of partitions under `partitions`."""
    access = load(KafkaAccess).arguments()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=int(WAIT_S * 1000), **access)
    try:
        async with asyncio.timeout(WAIT_S):
            await admin.start()
            described = await admin.describe_topics()
            found = {each["topic"]: {"partitions": str(len(each["partitions"]))} for each in described}
            answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in found])
    finally:
        await admin.close()
    for answer in answers:
        for resource in answer.resources:
            found.get(resource[3], {}).update({str(entry[0]): str(entry[1]) for entry in resource[4]})
    return found


def differing(topics: dict[str, Topic], there: dict[str, dict[str, str]]) -> Iterator[Found]:
    """Every topic that is there and is not as the list wants it."""
    found = [finding for name, topic in topics.items() if name in there for finding in _topic(name, topic, there[name])]
    yield from found
    if not found and there:
        yield good("topics", "those that are there have the partitions, sizes and times that they must have")


def _topic(name: str, topic: Topic, there: dict[str, str]) -> Iterator[Found]:
    if int(there["partitions"]) != topic.partitions:
        says = f"{name} has {there['partitions']} partitions, and the list says {topic.partitions}"
        yield mind("topics", says, "fewer bound the replicas that share its work; never change it while records stand")
    for key, value in configuration(topic).items():
        if key in there and there[key] != value:
            alter = f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {key}={value}"
            yield mind("topics", f"{name} has {key}={there[key]}, and the list says {value}", alter)


async def _clock(servers: str) -> Found:
    """Ask the broker for the time, by a record that it dates itself."""
    access: dict[str, Any] = load(KafkaAccess).arguments()
    try:
        async with asyncio.timeout(WAIT_S):
            await _make_clock_topic(servers, access)
            producer = AIOKafkaProducer(bootstrap_servers=servers.split(","), client_id="tocsin.doctor", **access)
            await producer.start()
            try:
                before = datetime.now(UTC)
                answer = await producer.send_and_wait(CLOCK_TOPIC, b"what time is it")
            finally:
                await producer.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        return mind("clock", f"the broker does not say what time it is ({type(error).__name__})",
                    "compare `date -u` on both machines")  # fmt: skip
    return clock("Kafka's broker", datetime.fromtimestamp(answer.timestamp / 1000, UTC), before, datetime.now(UTC))


async def _make_clock_topic(servers: str, access: dict[str, Any]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.split(","), **access)
    await admin.start()
    try:
        if CLOCK_TOPIC not in await admin.list_topics():
            await admin.create_topics([NewTopic(CLOCK_TOPIC, 1, 1, topic_configs=_CLOCK_CONFIG)])
    finally:
        await admin.close()
