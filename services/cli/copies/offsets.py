"""How far each room has read, beside its store's copy: a restored room reads on from there.

A room acknowledges a record after its store has it. So offsets that were read *before* a store was copied are never
ahead of the copy, and what is read again changes nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.group import LeaveGroupRequest

from schemas.words import Realm
from services.cli.copies.manifest import Offsets
from services.cli.rights.wanted import OPERATOR, user
from services.runtime.kafka_access import KafkaAccess
from services.runtime.reach import REFUSALS
from services.runtime.settings import load

ASK_S = 20.0
#: So long a broker may take to load what it knows of groups; where there are none, nobody has read anything.
LOADING_S = 10.0


#: What a broker says that has just started, or has had no group yet.
_NOT_YET = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


class RightError(Exception):
    """Kafka does not let this user see or set back what the rooms have read; the sentence says what it needs."""


@asynccontextmanager
async def _admin(servers: str, realm: Realm) -> AsyncIterator[AIOKafkaAdminClient]:
    access = load(KafkaAccess)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.split(","), client_id="tocsin.cli", **access.arguments())
    try:
        with refusals(realm, access.kafka_user):
            async with asyncio.timeout(ASK_S):
                await admin.start()
            yield admin
    finally:
        await admin.close()


@contextmanager
def refusals(realm: Realm, who: str | None) -> Iterator[None]:
    """What Kafka refuses inside becomes a RightError."""
    try:
        yield
    except REFUSALS as error:
        what = "the realm's topics" if isinstance(error, TopicAuthorizationFailedError) else f"the groups `{realm}.…`"
        raise RightError(
            f"Kafka does not let {who or 'this user'} at {what} ({type(error).__name__}): a backup needs `describe` on "
            f"the groups with the prefix `{realm}.`, a restore `read` on them and on the topics; "
            f"{user(realm, OPERATOR)} has all of it once `tocsin kafka acls --apply` has been run"
        ) from None


async def read(servers: str, realm: Realm) -> Offsets:
    """The committed offsets of every room of the realm.

    KafkaError, OSError or TimeoutError when Kafka is away, RightError when it does not tell.
    """
    found: Offsets = {}
    async with _admin(servers, realm) as admin:
        for group in await _groups(admin, realm):
            committed = await admin.list_consumer_group_offsets(group)
            for partition, at in sorted(committed.items()):
                found.setdefault(group, {}).setdefault(partition.topic, {})[str(partition.partition)] = at.offset
    return found


async def ask(servers: str, realm: Realm) -> None:
    """Whether `put_back` may do what it does, before anything is changed. Fails as `read`.

    The dead are asked to leave a group whom nobody knows: that takes the right that committing takes.
    """
    async with _admin(servers, realm) as admin:
        for group in await _loaded_groups(admin, realm):
            await admin.list_consumer_group_offsets(group)
        group = _nobodys(realm)
        left = await admin._client.send(await _coordinator(admin, group), LeaveGroupRequest(group, "nobody"))  # noqa: SLF001 - as in `_empty`
        if left.error_code == GroupAuthorizationFailedError.errno:
            raise GroupAuthorizationFailedError(group)


def _nobodys(realm: Realm) -> str:
    """A group that no room has, under the prefix that all of them have; asking makes none."""
    return f"{realm.value}.tocsin.asks"


async def _groups(admin: AIOKafkaAdminClient, realm: Realm) -> list[str]:
    """The realm's groups. A broker leaves out those that one may not see, so it is asked for one that is nobody's."""
    with contextlib.suppress(*_NOT_YET):
        await admin.find_coordinator(_nobodys(realm))
    listed = await admin.list_consumer_groups()
    return sorted(str(each[0]) for each in listed if str(each[0]).startswith(f"{realm.value}."))


async def _coordinator(admin: AIOKafkaAdminClient, group: str) -> int:
    """The broker of a group; one that has never had a group first makes the topic in which it keeps them."""
    end = asyncio.get_running_loop().time() + LOADING_S
    while True:
        try:
            found: int = await admin.find_coordinator(group)
        except _NOT_YET:
            if asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(0.5)
        else:
            return found


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

    Members that died and whose session still runs are taken out of their group: only call it when no room runs. Fails
    as `read`.
    """
    async with _admin(servers, realm) as admin:
        groups = sorted({*await _loaded_groups(admin, realm), *(wanted or {})})
        there = await _partitions(admin)
        for group in groups:
            await _empty(admin, group)
        return {group: await _set(servers, group, (wanted or {}).get(group, {}), admin, there) for group in groups}


async def _empty(admin: AIOKafkaAdminClient, group: str) -> None:
    """Take the dead out of a group: a killed room stays a member for its session's 45 s. KafkaError where not let."""
    coordinator = await _coordinator(admin, group)
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
