"""What runs: Kafka and its topics, and every room's own word on whether it is ready."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import TOPICS
from services.cli.checks import cures
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.rooms import ROOMS
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
        doors = {spec.name: read_doors(context.home, spec.name).get("private") for spec in ROOMS}
        known = [(name, door) for name, door in doors.items() if door]
        pids = {name: read_doors(context.home, name).get("pid", "?") for name, _ in known}
        found = await asyncio.gather(*(_room(session, name, door, pids[name], context.home) for name, door in known))
    if known:
        found += [
            bad(name, "it does not run", f"see its log in {context.home / 'logs'}") for name in doors if not doors[name]
        ]
    return found


async def _room(session: aiohttp.ClientSession, name: str, door: str, pid: str, home: Path) -> Found:
    try:
        async with session.get(f"{door}/health/ready") as answer:
            missing = (await answer.json())["missing"]
    except TimeoutError:
        return bad(name, f"its process {pid} is there and does not answer at {door}: it hangs", _again(name, pid))
    except (aiohttp.ClientError, ValueError, KeyError) as error:
        says = f"does not answer at {door} ({type(error).__name__})"
        if _lives(name, pid):
            return bad(name, f"{says}, and its process {pid} is there: it is ending, or hangs", _again(name, pid))
        log = home / "logs" / f"{name.replace('/', '-')}.log"
        return bad(name, says, f"tocsin up starts it again; its last words: {log}")
    if not missing:
        return good(name, f"ready at {door}")
    says = "; ".join(missing)
    return bad(name, says, cures.cure(name, says, str(home)))


def _lives(name: str, pid: str) -> bool:
    """Whether this very room has that number here: in a container, or after a restart, another program may."""
    try:
        return f"services.{name.replace('/', '.')}" in psutil.Process(int(pid)).cmdline()
    except (psutil.Error, ValueError):
        return False


def _again(name: str, pid: str) -> str:
    return f"kill -9 {pid}, and tocsin up starts it again; or docker compose restart {name.replace('/', '-')}"
