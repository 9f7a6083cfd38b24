"""The command line's own reach into Kafka and into the rooms' private doors, with time limits and plain failures."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from services.cli.errors import Code, Failure, fail
from services.runtime.broker import MAX_REQUEST, REQUEST_TIMEOUT_MS
from services.runtime.decoding import Envelope, envelope_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.outbox import Message
from services.runtime.settings import load

T = TypeVar("T")
ASK_S = 15.0
_READ_S = 60.0


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one errand; what Kafka or a door fails with becomes a sentence."""
    try:
        return asyncio.run(work)
    except MessageSizeTooLargeError:
        fail("that is larger than the topic takes (see the README's table of topics)")
    except UnknownTopicOrPartitionError:
        fail("Kafka has no such topic yet: `tocsin up` makes them all", Code.MISSING)
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        fail("Kafka does not let this user do that: `tocsin kafka acls` says who may do what (TOCSIN_KAFKA_USER)")
    except (KafkaError, TimeoutError) as error:
        name = type(error).__name__
        fail(
            f"Kafka does not answer ({name}): no room has heard it. Type it again when `tocsin doctor` says that "
            "kafka answers; `tocsin brake on CHANNEL` needs no Kafka",
            Code.MISSING,
        )


async def send(servers: str, messages: Sequence[Message]) -> None:
    """Publish `messages` in order, each confirmed by all replicas."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers.split(","), acks="all", enable_idempotence=False, max_request_size=MAX_REQUEST,
        request_timeout_ms=REQUEST_TIMEOUT_MS, client_id="tocsin.cli", **load(KafkaAccess).arguments(),
    )  # fmt: skip
    async with asyncio.timeout(ASK_S):
        await producer.start()
    try:
        for message in messages:
            headers = [(name, value.encode()) for name, value in message.headers.items()]
            async with asyncio.timeout(ASK_S):
                await producer.send_and_wait(message.topic, message.value, key=message.key, headers=headers)
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(
    servers: str, topics: Iterable[str], *, from_start: bool, missing_ok: bool = False
) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of whole topics outside every group, from their first record or from what comes after this moment.

    `missing_ok` leaves out topics that Kafka does not have: a drill's, where only live runs.
    """
    reader = AIOKafkaConsumer(
        bootstrap_servers=servers.split(","), enable_auto_commit=False, client_id="tocsin.cli", fetch_max_wait_ms=100,
        max_partition_fetch_bytes=MAX_REQUEST, fetch_max_bytes=2 * MAX_REQUEST, **load(KafkaAccess).arguments(),
    )  # fmt: skip
    async with asyncio.timeout(ASK_S):
        await reader.start()
    try:
        async with asyncio.timeout(ASK_S):
            await _assign(reader, topics, from_start=from_start, missing_ok=missing_ok)
        yield reader
    finally:
        await reader.stop()


async def _assign(reader: AIOKafkaConsumer, topics: Iterable[str], *, from_start: bool, missing_ok: bool) -> None:
    wanted = set(topics)
    known = wanted & await reader.topics()
    if wanted - known and not missing_ok:
        raise UnknownTopicOrPartitionError(*sorted(wanted - known))
    if not known:
        return
    reader.subscribe(sorted(known))  # without a group: every partition, as soon as the client has heard of them
    while {partition.topic for partition in reader.assignment()} != known:  # noqa: ASYNC110 - aiokafka has no event
        await asyncio.sleep(0.02)
    partitions = sorted(reader.assignment())
    offsets = await (reader.beginning_offsets if from_start else reader.end_offsets)(partitions)
    for partition, offset in offsets.items():
        reader.seek(partition, offset)


async def read_all(servers: str, topics: Iterable[str], *, missing_ok: bool = False) -> list[Envelope]:
    """Every record of `topics` up to where they end now."""
    found: list[Envelope] = []
    async with reading(servers, topics, from_start=True, missing_ok=missing_ok) as reader, asyncio.timeout(_READ_S):
        left = dict(await reader.end_offsets(sorted(reader.assignment())))
        while left := {p: end for p, end in left.items() if await reader.position(p) < end}:
            for records in (await reader.getmany(*left, timeout_ms=500)).values():
                found += map(envelope_of, records)
    return found


async def first_json(urls: Sequence[str], room: str) -> Any:  # noqa: ANN401 - whatever JSON the door answers
    """The JSON at the first of `urls` that answers; the last one's failure where none does."""
    for url in urls[:-1]:
        with suppress(Failure):
            return await get_json(url, room)
    return await get_json(urls[-1], room)


async def get_json(url: str, room: str) -> Any:  # noqa: ANN401 - whatever JSON the door answers
    """The JSON at `url`; None where the door answers 404."""
    try:
        limit = aiohttp.ClientTimeout(total=ASK_S)
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as answer:
            if answer.status == 404:  # noqa: PLR2004 - HTTP's own number
                return None
            answer.raise_for_status()
            return await answer.json()
    except (aiohttp.ClientError, OSError) as error:
        fail(f"{room} does not answer at {url} ({type(error).__name__}): is `tocsin up` running?", Code.MISSING)
