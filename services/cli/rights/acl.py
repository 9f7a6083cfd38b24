"""One right on the broker: an ACL that allows, in Kafka's words.

Names: https://kafka.apache.org/documentation/#security_authz; a resource that no ACL names is closed to everybody
where the broker's `allow.everyone.if.no.acl.found` is false, which is its default.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Resource = Literal["topic", "group", "cluster"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal["read", "write", "create", "describe", "describe_configs"]

#: The one name of a cluster resource (org.apache.kafka.common.resource.Resource.CLUSTER_NAME).
CLUSTER = "kafka-cluster"


@dataclass(frozen=True, order=True)
class Acl:
    """`user` may do `operation` to the resource; `prefixed` is every resource whose name begins so."""

    user: str
    resource: Resource
    name: str
    operation: Operation
    pattern: Pattern = "literal"

    @property
    def principal(self) -> str:
        """The user as the broker writes it."""
        return f"User:{self.user}"

    @property
    def sentence(self) -> str:
        """For a person."""
        named = f"{self.resource}s that begin with {self.name}" if self.pattern == "prefixed" else self.name
        return f"{self.user} may {self.operation.replace('_', ' ')} {named}"


def commands(acls: Iterable[Acl], servers: str = "$KAFKA") -> list[str]:
    """Kafka's own command line for them, one line for each user and resource."""

    def place(acl: Acl) -> tuple[str, Resource, str, Pattern]:
        return acl.user, acl.resource, acl.name, acl.pattern

    return [
        f'kafka-acls.sh --bootstrap-server "{servers}" --command-config "$KAFKA_ADMIN" --add '
        f"--allow-principal User:{user} {' '.join(f'--operation {_option(each.operation)}' for each in found)} "
        + ("--cluster" if resource == "cluster" else f"--{resource} {name} --resource-pattern-type {pattern}")
        for (user, resource, name, pattern), found in groupby(sorted(acls, key=place), key=place)
    ]


def _option(operation: Operation) -> str:
    """kafka-acls.sh writes `DescribeConfigs` for what the protocol calls DESCRIBE_CONFIGS."""
    return operation.title().replace("_", "")
