"""Kafka: whether it answers, and has the topics; what a user may not see is not missing."""

import asyncio
from collections.abc import Iterator

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError

from schemas.topics import TOPICS
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.rights.wanted import OPERATOR, user
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load

_WAIT_S = 5
_NOT_ALLOWED = {TopicAuthorizationFailedError.errno, ClusterAuthorizationFailedError.errno}


def look(context: Context) -> Iterator[Found]:
    """The broker that is known here."""
    servers = context.known_kafka
    if servers is None:
        yield mind("kafka", f"none is known in {context.data}", "tocsin up, or tocsin kafka up")
    else:
        yield asyncio.run(_kafka(servers, context))


async def _kafka(servers: str, context: Context) -> Found:
    access = load(KafkaAccess)
    admin = AIOKafkaAdminClient(
        bootstrap_servers=servers.split(","), request_timeout_ms=_WAIT_S * 1000, **access.arguments()
    )
    try:
        async with asyncio.timeout(_WAIT_S):
            await admin.start()
            there = set(await admin.list_topics())
            wanted = [topic.full(context.realm) for topic in TOPICS if not topic.is_pattern]
            missing = [name for name in wanted if name not in there]
            unseen = await _not_allowed(admin, missing) if missing else []
    except (KafkaError, OSError, TimeoutError) as error:
        return bad(
            "kafka", f"{servers} does not answer ({type(error).__name__}): nothing goes on, withdrawals neither",
            "has its disk room (see disk)? `tocsin up` starts it again by itself; else tocsin kafka up",
        )  # fmt: skip
    finally:
        await admin.close()
    operator = user(context.realm, OPERATOR)
    if unseen:
        says = (
            f"{servers} answers; {access.kafka_user} may not see {len(unseen)} topics: are they there, and as wanted?"
        )
        return mind("kafka", says, f"ask as {operator}: a room's user sees no more than its own")
    if missing:
        do = f"tocsin up makes them; on a broker of your own tocsin kafka topics, as {operator}"
        return mind("kafka", f"{servers} answers; {len(missing)} topics are missing", do)
    return good("kafka", f"{servers} answers, and has every topic")


async def _not_allowed(admin: AIOKafkaAdminClient, names: list[str]) -> list[str]:
    """Those of which the broker tells this user nothing: a list of topics leaves them out as if they were not there.

    Asked by their settings: a question for the topics themselves makes them, on a broker that does so.
    """
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return [each[3] for answer in answers for each in answer.resources if each[0] in _NOT_ALLOWED]
