"""How far each room has read, beside its store's copy: a restored room reads on from there.

A room acknowledges a record after its store has it. So offsets that were read *before* a store was copied are never
ahead of the copy, and what is read again changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.group import LeaveGroupRequest

from schemas.words import Realm
from services.cli.copies.manifest import Offsets
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load

ASK_S = 20.0
#: So long a broker may take to load what it knows of groups; where there are none, nobody has read anything.
LOADING_S = 10.0


@asynccontextmanager
async def _admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=servers.split(","), client_id="tocsin.cli", **load(KafkaAccess).arguments()
    )
    try:
        async with asyncio.timeout(ASK_S):
            await admin.start()
        yield admin
    finally:
        await admin.close()


async def read(servers: str, realm: Realm) -> Offsets:
    """The committed offsets of every room of the realm. KafkaError, OSError or TimeoutError when Kafka is away."""
    found: Offsets = {}
    async with _admin(servers) as admin:
        for group in await _groups(admin, realm):
            committed = await admin.list_consumer_group_offsets(group)
            for partition, at in sorted(committed.items()):
                found.setdefault(group, {}).setdefault(partition.topic, {})[str(partition.partition)] = at.offset
    return found


async def _groups(admin: AIOKafkaAdminClient, realm: Realm) -> list[str]:
    listed = await admin.list_consumer_groups()
    return sorted(str(each[0]) for each in listed if str(each[0]).startswith(f"{realm.value}."))


async def _loaded_groups(admin: AIOKafkaAdminClient, realm: Realm) -> list[str]:
    """The groups of a broker that may have started a moment ago, and first reads which it has."""
    end, before = asyncio.get_running_loop().time() + LOADING_S, [""]
    while (found := await _groups(admin, realm)) != before or not found:
        if asyncio.get_running_loop().time() > end:
            break
        before = found
        await asyncio.sleep(1)
    return found


async def put_back(servers: str, realm: Realm, wanted: Offsets | None) -> dict[str, int]:
    """Set every room back to `wanted` (None: to the first record there is); by group, how many records come again.

    Members that died and whose session still runs are taken out of their group: only call it when no room runs.
    """
    async with _admin(servers) as admin:
        groups = sorted({*await _loaded_groups(admin, realm), *(wanted or {})})
        there = await _partitions(admin)
        for group in groups:
            await _empty(admin, group)
        return {group: await _set(servers, group, (wanted or {}).get(group, {}), admin, there) for group in groups}


async def _empty(admin: AIOKafkaAdminClient, group: str) -> None:
    """Take the dead out of a group: a killed room stays a member for its session's 45 s. KafkaError where not let."""
    coordinator = await admin.find_coordinator(group)
    for answer in await admin.describe_consumer_groups([group]):
        for described in answer.groups:
            for member in described[-1] if isinstance(described[-1], list) else described[5]:
                left = await admin._client.send(coordinator, LeaveGroupRequest(group, member[0]))  # noqa: SLF001 - aiokafka has no public call for it
                if left.error_code:
                    raise for_code(left.error_code)(group)


async def _set(
    servers: str,
    group: str,
    wanted: Mapping[str, Mapping[str, int]],
    admin: AIOKafkaAdminClient,
    known: set[TopicPartition],
) -> int:
    """Commit the offsets of one group; the number of records that will be read again."""
    committed = await admin.list_consumer_group_offsets(group)
    asked = {TopicPartition(topic, int(partition)) for topic, each in wanted.items() for partition in each}
    there = sorted(known & {*committed, *asked})
    if not there:
        return 0
    reader = AIOKafkaConsumer(
        bootstrap_servers=servers.split(","), group_id=group, enable_auto_commit=False, client_id="tocsin.cli",
        **load(KafkaAccess).arguments(),
    )  # fmt: skip
    async with asyncio.timeout(ASK_S):
        await reader.start()
    try:
        first, last = await reader.beginning_offsets(there), await reader.end_offsets(there)
        target = {
            each: min(max(wanted.get(each.topic, {}).get(str(each.partition), 0), first[each]), last[each])
            for each in there
        }
        reader.assign(there)
        await reader.commit(target)
    finally:
        await reader.stop()
    return sum(max(0, committed[each].offset - at) for each, at in target.items() if each in committed)


async def _partitions(admin: AIOKafkaAdminClient) -> set[TopicPartition]:
    """Every partition that this Kafka has."""
    found = await admin.describe_topics(await admin.list_topics())
    return {TopicPartition(each["topic"], part["partition"]) for each in found for part in each["partitions"]}
