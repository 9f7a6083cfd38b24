"""The Kafka broker as every room uses it, and the rules that keep alerts from being lost.

FastStream's defaults lose alerts: it acknowledges first and starts at the latest record. Producers confirm with all
replicas and are not idempotent: an idempotent aiokafka producer waits without limit while the broker is down
(https://github.com/aio-libs/aiokafka/issues/1101). Numbers: measured on Apache Kafka 4.3.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from services.runtime.kafka_access import OPEN, KafkaAccess
from services.runtime.outbox import Message

REQUEST_TIMEOUT_MS = 10_000
PUBLISH_TIMEOUT_S = 12.0
#: Kafka's `message.max.bytes` for the largest topic, and room for the envelope.
MAX_REQUEST = 17 * 1_048_576
SESSION_MS = 45_000

_silent = logging.getLogger("tocsin.faststream")
_silent.setLevel(logging.CRITICAL + 1)


async def _clean(
    record: "ConsumerRecord[bytes, bytes]", original: Callable[[Any], Awaitable[StreamMessage[Any]]]
) -> StreamMessage[Any]:
    """A null header, or one that is no UTF-8, would drop the record before any of our code saw it."""
    headers = tuple((name, (value or b"").decode("utf-8", "replace").encode()) for name, value in record.headers)
    kept = tuple((name, value) for name, value in headers if name.lower() != "reply_to")
    return await original(dataclasses.replace(record, headers=kept))


async def _whole(message: StreamMessage[Any]) -> StreamMessage[Any]:
    """No decoding here: the room decodes raw bytes itself, where a failure can be parked."""
    return message


def make_broker(servers: str, client: str, graceful_s: float = 20.0, access: KafkaAccess = OPEN) -> KafkaBroker:
    """A broker that loses nothing."""
    return KafkaBroker(
        servers.split(","),
        client_id=client,
        security=_security(access),
        acks="all",
        enable_idempotence=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_request_size=MAX_REQUEST,
        linger_ms=0,
        graceful_timeout=graceful_s,
        parser=_clean,
        decoder=_whole,
        apply_types=False,
        logger=_silent,
    )


def _security(access: KafkaAccess) -> BaseSecurity:
    """The same access in FastStream's words."""
    if not access.asks_for_user:
        return BaseSecurity(ssl_context=access.tls)
    kind = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    return kind[access.kafka_mechanism](access.kafka_user or "", access.password, ssl_context=access.tls)


def subscription(group: str, instance: str, listener: ConsumerRebalanceListener, fetch_wait_ms: int) -> dict[str, Any]:
    """The arguments of every subscriber."""
    return {
        "group_id": group,
        "group_instance_id": instance,
        "auto_offset_reset": "earliest",
        "ack_policy": AckPolicy.NACK_ON_ERROR,
        "session_timeout_ms": SESSION_MS,
        "heartbeat_interval_ms": 3_000,
        "max_poll_interval_ms": 600_000,
        "rebalance_timeout_ms": 60_000,
        "fetch_max_wait_ms": fetch_wait_ms,
        "max_partition_fetch_bytes": MAX_REQUEST,
        "fetch_max_bytes": 2 * MAX_REQUEST,
        "listener": listener,
        "no_reply": True,
    }


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka.abc is not typed
    """What the group has given this process, by topic: ready means partitions assigned."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Call `on_change` after each rebalance."""
        self.partitions: dict[str, set[int]] = {}
        self.settled = False
        self._on_change = on_change

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """The group takes partitions back while it is reshuffled."""
        del revoked
        self.settled = False

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The group has given partitions, all of this process's at once (aiokafka rebalances eagerly)."""
        self.partitions = {}
        for partition in assigned:
            self.partitions.setdefault(partition.topic, set()).add(partition.partition)
        self.settled = True
        self._on_change()


async def publish(broker: KafkaBroker, message: Message) -> None:
    """Publish one message, confirmed; TimeoutError or a Kafka error otherwise."""
    async with asyncio.timeout(PUBLISH_TIMEOUT_S):
        await broker.publish(
            message.value,
            message.topic,
            key=message.key,
            headers=message.headers,
            correlation_id=message.headers.get("tocsin-correlation") or "none",
        )
