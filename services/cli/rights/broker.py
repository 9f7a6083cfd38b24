"""ACLs on a real broker: what stands there, and what is added or taken away.

aiokafka's admin client has no verbs for ACLs, but its protocol has their requests (KIP-140, KIP-290); they go to any
broker, which hands them to the controller.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequestStruct, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request

from services.cli.rights.acl import Acl, Operation, Pattern, Resource
from services.runtime.kafka_access import KafkaAccess

W = TypeVar("W")
WAIT_S = 30.0
_LOOK_S = 0.05
#: org.apache.kafka.common.resource.ResourceType, PatternType and common.acl.AclOperation, AclPermissionType.
RESOURCES: dict[Resource, int] = {"topic": 2, "group": 3, "cluster": 4}
PATTERNS: dict[Pattern, int] = {"literal": 3, "prefixed": 4}
OPERATIONS: dict[Operation, int] = {"read": 3, "write": 4, "create": 5, "describe": 8, "describe_configs": 10}
ANY, ALLOW = 1, 3
#: Resource, its name, pattern, principal, host, operation, permission.
Entry = tuple[int, str, int, str, str, int, int]
ANY_HOST = "*"


class _CreateAcls(Request[CreateAclsRequestStruct]):  # type: ignore[misc]  # aiokafka is not typed
    """aiokafka's own request of this kind holds one ACL, and the broker takes 30 ms for each request."""

    API_KEY = 30

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[Any]) -> Any:  # noqa: ANN401 - one of aiokafka's versions of it
        return request_struct_class(self._entries)


class Rights:
    """The ACLs of one broker."""

    def __init__(self, client: AIOKafkaClient) -> None:
        """`client` has been started."""
        self._client = client

    async def standing(self) -> tuple[set[Acl], list[str]]:
        """What stands there: the ACLs that Tocsin could have given, and a sentence for each other one.

        ClusterAuthorizationFailedError where this user may not look, SecurityDisabled where nobody is asked.
        """
        answer = await self._send(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
        _check(answer.error_code, answer.error_message)
        known: set[Acl] = set()
        others: list[str] = []
        for resource, name, pattern, acls in answer.resources:
            for entry in acls:
                found = _acl((resource, name, pattern), entry)
                if found is None:
                    principal, host, operation, permission = entry
                    others.append(f"{principal}: operation {operation} on {name}, permission {permission}, host {host}")
                else:
                    known.add(found)
        return known, others

    async def add(self, acls: Iterable[Acl]) -> None:
        """Grant these, and return when the broker goes by them: the controller confirms before a broker has heard."""
        wanted = set(acls)
        answer = await self._send(_CreateAcls([_wire(acl) for acl in wanted]))
        for code, says in answer.creation_responses:
            _check(code, says)
        async with asyncio.timeout(WAIT_S):
            while not wanted <= (await self.standing())[0]:  # noqa: ASYNC110 - the broker has no event for it
                await asyncio.sleep(_LOOK_S)

    async def remove(self, acls: Iterable[Acl]) -> None:
        """Take these away."""
        for acl in acls:
            answer = await self._send(DeleteAclsRequest(*_wire(acl)))
            for code, says, *_ in answer.filter_responses:
                _check(code, says)

    async def _send(self, request: object) -> Any:  # noqa: ANN401 - aiokafka makes answers out of schemas
        async with asyncio.timeout(WAIT_S):
            return await self._client.send(self._client.get_random_node(), request)


@asynccontextmanager
async def rights_of(servers: str, access: KafkaAccess) -> AsyncIterator[Rights]:
    """The ACLs of the broker at `servers`, as this user may see and change them."""
    client = AIOKafkaClient(bootstrap_servers=servers.split(","), client_id="tocsin.cli", **access.arguments())
    try:
        async with asyncio.timeout(WAIT_S):
            await client.bootstrap()
        yield Rights(client)
    finally:
        await client.close()


def _check(code: int, says: str | None) -> None:
    if code:
        error: type[KafkaError] = for_code(code)
        raise error(says or error.description)


def _wire(acl: Acl) -> Entry:
    return (
        RESOURCES[acl.resource], acl.name, PATTERNS[acl.pattern], acl.principal, ANY_HOST, OPERATIONS[acl.operation],
        ALLOW,
    )  # fmt: skip


def _acl(place: tuple[int, str, int], entry: tuple[str, str, int, int]) -> Acl | None:
    """None for what Tocsin never grants: another kind, a denial, a single host."""
    (resource, name, pattern), (principal, host, operation, permission) = place, entry
    whose, _, who = principal.partition(":")
    if whose != "User" or host != ANY_HOST or permission != ALLOW:
        return None
    kind, shape, step = _word(RESOURCES, resource), _word(PATTERNS, pattern), _word(OPERATIONS, operation)
    return Acl(who, kind, name, step, shape) if kind and shape and step else None


def _word(words: dict[W, int], code: int) -> W | None:
    return next((word for word, each in words.items() if each == code), None)
