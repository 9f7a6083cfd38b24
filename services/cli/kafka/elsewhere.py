"""A Kafka that is not the data folder's own, Compose's or a managed one: what it says of itself."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.words import Realm
from services.cli.errors import Code, fail
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load
from services.runtime.topics import wanted

WAIT_S = 10.0


@dataclass(frozen=True)
class Cluster:
    """One answer. `nodes` are host:port of each broker, `missing` the topics of the realm that are not there."""

    servers: str
    cluster: str
    controller: int
    nodes: tuple[str, ...]
    topics: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        """Lines for a person."""
        lacks = f", and lacks {len(self.missing)}: `tocsin kafka topics` makes them" if self.missing else ""
        return (
            f"Kafka runs at {self.servers}: cluster {self.cluster}, controller {self.controller}, "
            f"{len(self.nodes)} nodes ({', '.join(self.nodes)})\nit has {self.topics} topics{lacks}"
        )


def ask(servers: str, realm: Realm) -> Cluster:
    """Ask the brokers at `servers`; fails with a sentence where none answers or none lets this user in."""
    try:
        return asyncio.run(_ask(servers, realm))
    except (KafkaError, OSError, TimeoutError) as error:
        fail(
            f"Kafka at {servers} does not answer, or does not let {load(KafkaAccess).kafka_user or 'us'} in "
            f"({type(error).__name__}): see its own log, and `docker compose ps kafka` where it is Compose's. No room "
            "goes on without it, and a second Kafka would hold nothing of what it has",
            Code.MISSING,
        )


async def _ask(servers: str, realm: Realm) -> Cluster:
    access = load(KafkaAccess).arguments()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=int(WAIT_S * 1000), **access)
    try:
        async with asyncio.timeout(WAIT_S):
            await admin.start()
            cluster = await admin.describe_cluster()
            there = set(await admin.list_topics())
    finally:
        await admin.close()
    return Cluster(
        servers, str(cluster.get("cluster_id") or "unknown"), int(cluster["controller_id"]), _nodes(cluster["brokers"]),
        len(there), tuple(name for name in wanted(realm) if name not in there),
    )  # fmt: skip


def _nodes(brokers: Iterable[dict[str, object]]) -> tuple[str, ...]:
    return tuple(sorted(f"{each['host']}:{each['port']}" for each in brokers))
