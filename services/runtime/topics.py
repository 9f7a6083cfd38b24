"""Making the topics of `schemas.topics` on the broker: those that are missing, with their sizes and retention."""

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import INCOMING, TOPICS, Topic
from schemas.words import Realm

TIMEOUT_S = 15.0
_EXISTS = TopicAlreadyExistsError.errno


def configuration(topic: Topic) -> dict[str, str]:
    """The topic's settings, in Kafka's words (https://kafka.apache.org/documentation/#topicconfigs)."""
    settings = {"max.message.bytes": str(topic.max_bytes + 65_536)}
    if topic.compacted:
        return {**settings, "cleanup.policy": "compact"}
    return {**settings, "retention.ms": str(topic.retention_ms)}


def wanted(realm: Realm, topics: Iterable[Topic] = TOPICS) -> dict[str, Topic]:
    """Full names and topics of a realm. Live needs the drill's way in too: intake hands drills over, also to nobody."""
    names = {topic.full(realm): topic for topic in topics}
    return {**names, INCOMING.full(Realm.DRILL): INCOMING} if INCOMING.full(realm) in names else names


async def ensure(servers: str, realm: Realm, replication: int = 1, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create what is missing; the full names that were made. KafkaError when the broker refuses, TimeoutError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=int(TIMEOUT_S * 1000))
    async with asyncio.timeout(TIMEOUT_S):
        await admin.start()
        try:
            there = set(await admin.list_topics())
            missing = {name: topic for name, topic in wanted(realm, topics).items() if name not in there}
            new = [
                NewTopic(name, topic.partitions, replication, topic_configs=configuration(topic))
                for name, topic in missing.items()
            ]
            if new:
                _check(await admin.create_topics(new))
            return list(missing)
        finally:
            await admin.close()


def _check(response: object) -> None:
    """Another process may make the same topic in the same moment; every other error is one."""
    for name, code, *rest in getattr(response, "topic_errors", []):
        if code not in {0, _EXISTS}:
            error: type[KafkaError] = for_code(code)
            message = f"{name}: {rest[0] if rest and rest[0] else error.description}"
            raise error(message)
