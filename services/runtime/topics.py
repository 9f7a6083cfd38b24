"""Making the topics of `schemas.topics` on the broker: those that are missing, with their sizes and retention."""

import asyncio
from collections.abc import Collection, Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from schemas.topics import INCOMING, TOPICS, Topic
from schemas.words import Realm
from services.runtime.kafka_access import OPEN, KafkaAccess

TIMEOUT_S = 15.0
#: A broker maps a partition's index when its first entry comes, whole: at Kafka's 10 MB the record in hand waited 40 ms
#: for that. This is enough for 80 MB of records, and then another segment begins.
INDEX_BYTES = 262_144
_EXISTS, _NOT_ALLOWED = TopicAlreadyExistsError.errno, TopicAuthorizationFailedError.errno


def configuration(topic: Topic) -> dict[str, str]:
    """The topic's settings, in Kafka's words (https://kafka.apache.org/documentation/#topicconfigs)."""
    settings = {"max.message.bytes": str(topic.max_bytes + 65_536), "segment.index.bytes": str(INDEX_BYTES)}
    if topic.compacted:
        return {**settings, "cleanup.policy": "compact"}
    return {**settings, "retention.ms": str(topic.retention_ms)}


def wanted(realm: Realm, topics: Iterable[Topic] = TOPICS) -> dict[str, Topic]:
    """Full names and topics of a realm, patterns left out: whoever knows the publishers names theirs.

    Live needs the drill's way in too: intake hands drills over, also to nobody.
    """
    names = {topic.full(realm): topic for topic in topics if not topic.is_pattern}
    return {**names, INCOMING.full(Realm.DRILL): INCOMING} if INCOMING.full(realm) in names else names


async def ensure(
    servers: str, realm: Realm, replication: int = 1, topics: Iterable[Topic] = TOPICS, *, access: KafkaAccess = OPEN,
    needed: Collection[str] | None = None,
) -> list[str]:  # fmt: skip
    """Create what is missing; the full names that were made. KafkaError when the broker refuses, TimeoutError.

    A room's own user sees only its own topics and makes none: then `tocsin kafka topics` has made them. `needed` are
    the topics (names without the realm) that the caller cannot do without; None means all of them.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=servers.split(","), request_timeout_ms=int(TIMEOUT_S * 1000), **access.arguments()
    )
    async with asyncio.timeout(TIMEOUT_S):
        await admin.start()
        try:
            there = set(await admin.list_topics())
            missing = {name: topic for name, topic in wanted(realm, topics).items() if name not in there}
            new = [
                NewTopic(name, topic.partitions, replication, topic_configs=configuration(topic))
                for name, topic in missing.items()
            ]
            refused = _refused(await admin.create_topics(new)) if new else set()
        finally:
            await admin.close()
    if theirs := [name for name in sorted(refused) if needed is None or missing[name].name in needed]:
        raise TopicAuthorizationFailedError(f"{theirs[0]} is missing, and this user may not make it")
    return [name for name in missing if name not in refused]


def _refused(response: object) -> set[str]:
    """Topics that this user may not make. Another process may make one in the same moment; all else is an error."""
    refused = set()
    for name, code, *rest in getattr(response, "topic_errors", []):
        if code == _NOT_ALLOWED:
            refused.add(name)
        elif code not in {0, _EXISTS}:
            error: type[KafkaError] = for_code(code)
            raise error(f"{name}: {rest[0] if rest and rest[0] else error.description}")
    return refused
