"""What runs: Kafka and its topics, and every room's own word on whether it is ready."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import TOPICS
from services.cli.checks import cures
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.house.rooms import ROOMS, RoomSpec
from services.cli.kafka.process import live_process
from services.runtime.doors import read_doors
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load

_WAIT_S = 5


def look(context: Context) -> Iterator[Found]:
    """Everything that should be running on this data folder."""
    servers = context.known_kafka
    if servers is None:
        yield mind("kafka", f"none is known in {context.data}", "tocsin up, or tocsin kafka up")
    else:
        yield asyncio.run(_kafka(servers, context))
    found = asyncio.run(_rooms(context))
    if not found:
        yield mind("rooms", f"none runs on {context.home}", f"tocsin up --realm {context.realm}")
    yield from found


async def _kafka(servers: str, context: Context) -> Found:
    access = load(KafkaAccess).arguments()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.split(","), request_timeout_ms=_WAIT_S * 1000, **access)
    try:
        async with asyncio.timeout(_WAIT_S):
            await admin.start()
            there = set(await admin.list_topics())
    except (KafkaError, OSError, TimeoutError) as error:
        return bad(
            "kafka", f"{servers} does not answer ({type(error).__name__}): nothing goes on, withdrawals neither",
            "has its disk room (see disk)? `tocsin up` starts it again by itself; else tocsin kafka up",
        )  # fmt: skip
    finally:
        await admin.close()
    wanted = [topic.full(context.realm) for topic in TOPICS if not topic.is_pattern]
    missing = [name for name in wanted if name not in there]
    if missing:
        return mind("kafka", f"{servers} answers; {len(missing)} topics are missing", "tocsin up makes them")
    return good("kafka", f"{servers} answers, and has every topic")


async def _rooms(context: Context) -> list[Found]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WAIT_S)) as session:
        doors = {spec: read_doors(context.home, spec.name) for spec in ROOMS}
        known = [(spec, found) for spec, found in doors.items() if found.get("private")]
        found = await asyncio.gather(*(_room(session, spec, each, context.home) for spec, each in known))
    if known:
        found += [
            bad(spec.name, "it does not run", f"see its log in {context.home / 'logs'}")
            for spec, each in doors.items() if not each.get("private")
        ]  # fmt: skip
    return found


async def _room(session: aiohttp.ClientSession, spec: RoomSpec, doors: dict[str, str], home: Path) -> Found:
    name, door, pid = spec.name, doors["private"], doors.get("pid", "?")
    again = f"kill -9 {pid}, and tocsin up starts it again; or docker compose restart {spec.slug}"
    try:
        async with session.get(f"{door}/health/ready") as answer:
            missing = (await answer.json())["missing"]
    except TimeoutError:
        return bad(name, f"its process {pid} is there and does not answer at {door}: it hangs", again)
    except (aiohttp.ClientError, ValueError, KeyError) as error:
        says = f"does not answer at {door} ({type(error).__name__})"
        if live_process(pid, spec.module):
            return bad(name, f"{says}, and its process {pid} is there: it is ending, or hangs", again)
        return bad(name, says, f"tocsin up starts it again; its last words: {home / 'logs' / spec.slug}.log")
    if not missing:
        return good(name, f"ready at {door}")
    says = "; ".join(missing)
    return bad(name, says, cures.cure(name, says, str(home)))
