"""Rights on the broker: whether each room, publisher and verb may do its work, and nobody may do more."""

import asyncio
from collections.abc import Iterator
from itertools import groupby

from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, SecurityDisabled

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.rights.acl import Acl
from services.cli.rights.broker import rights_of
from services.cli.rights.house import parties
from services.cli.rights.wanted import OPERATOR, user
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load

_GRANT = "tocsin kafka acls --apply, as one of the broker's super users"
_LOOPBACK = ("127.", "localhost", "[::1]")


def look(context: Context) -> Iterator[Found]:
    """What the broker's ACLs say, beside what the list of topics wants; nothing where no broker is known."""
    servers = context.known_kafka
    if servers is None:
        return
    access = load(KafkaAccess)
    if not access.asks_for_user:
        yield _open(servers)
        return
    try:
        standing = asyncio.run(_standing(servers, access))
    except SecurityDisabled:
        yield bad(
            "rights", "the broker knows users and asks for no rights", "give it an authorizer (README, Deploying)"
        )
    except ClusterAuthorizationFailedError:
        yield mind("rights", f"{access.kafka_user} may not see them", f"ask as {user(context.realm, OPERATOR)}")
    except (KafkaError, OSError, TimeoutError) as error:
        yield bad("rights", f"{servers} does not answer {access.kafka_user} ({type(error).__name__})", "see its log")
    else:
        yield from _compare(context, standing)


def _open(servers: str) -> Found:
    if all(server.strip().startswith(_LOOPBACK) for server in servers.split(",")):
        return good("rights", "Kafka asks nobody who he is, and is on this machine only")
    return mind(
        "rights", "Kafka asks nobody who he is: whoever reaches it can write any topic",
        "give it SASL and an authorizer (README, Deploying)",
    )  # fmt: skip


async def _standing(servers: str, access: KafkaAccess) -> set[Acl]:
    async with rights_of(servers, access) as rights:
        return (await rights.standing())[0]


def _compare(context: Context, standing: set[Acl]) -> Iterator[Found]:
    there = parties(context.realm)
    wanted = set(there.rights())
    surplus = {acl for acl in standing - wanted if there.is_ours(acl.user)}
    for who, found in groupby(sorted(wanted - standing), key=lambda acl: acl.user):
        yield bad("rights", f"{who} may not {_things(list(found))}", _GRANT)
    for who, found in groupby(sorted(surplus), key=lambda acl: acl.user):
        yield mind("rights", f"{who} may {_things(list(found))}, which no list gives it", f"{_GRANT}, with --prune")
    if wanted <= standing and not surplus:
        yield good("rights", f"the {len(there.users())} users of {context.realm} may do what they must, and no more")


def _things(acls: list[Acl]) -> str:
    return ", ".join(f"{acl.operation} {acl.resource} {acl.name}" for acl in acls)
