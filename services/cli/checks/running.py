"""What runs: every room's own word on whether it is ready; and which rooms cannot be seen from here."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from services.cli.checks import cures
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.doors import every_door, named
from services.cli.house.rooms import ROOMS, RoomSpec
from services.cli.kafka.process import live_process

_WAIT_S = 5
_NAME_THEM = "TOCSIN_CLI_DOORS=room=http://host:port,... says where they are; or ask where their data folder is"


def look(context: Context) -> Iterator[Found]:
    """Every replica whose door is known; of the other rooms, whether they do not run or cannot be seen from here."""
    doors = {spec: every_door(context.home, spec.name) for spec in ROOMS}
    if not any(doors.values()):
        yield mind("rooms", f"none runs on {context.home}", f"tocsin up --realm {context.realm}; or {_NAME_THEM}")
        return
    yield from asyncio.run(_rooms(context, doors))
    unknown = [spec.name for spec, found in doors.items() if not found]
    if _is_theirs(context, doors):
        for room in unknown:
            yield bad(room, "it does not run", f"see its log in {context.home / 'logs'}")
    elif unknown:
        yield mind("rooms", f"not looked at, for their doors are not known here: {', '.join(unknown)}", _NAME_THEM)


def _is_theirs(context: Context, doors: dict[RoomSpec, list[dict[str, str]]]) -> bool:
    """Whether all rooms work in this data folder, so that one without a door does not run: not so in a room's pod."""
    elsewhere = named()
    here = [spec for spec, found in doors.items() if found and spec.name not in elsewhere]
    return len(here) > 1 or (context.data / "up.lock").exists()


async def _rooms(context: Context, doors: dict[RoomSpec, list[dict[str, str]]]) -> list[Found]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WAIT_S)) as session:
        asked = [_room(session, spec, each, context.home) for spec, known in doors.items() for each in known]
        return await asyncio.gather(*asked)


async def _room(session: aiohttp.ClientSession, spec: RoomSpec, doors: dict[str, str], home: Path) -> Found:
    name, door, pid = spec.name, doors["private"], doors.get("pid")
    again = f"docker compose restart {spec.slug}, or delete its pod"
    again = f"kill -9 {pid}, and tocsin up starts it again; or {again}" if pid else again
    try:
        async with session.get(f"{door}/health/ready") as answer:
            missing = (await answer.json())["missing"]
    except TimeoutError:
        if not pid:
            return bad(name, f"does not answer at {door} in time: it hangs, or the way there is closed", again)
        return bad(name, f"its process {pid} is there and does not answer at {door}: it hangs", again)
    except (aiohttp.ClientError, ValueError, KeyError) as error:
        says = f"does not answer at {door} ({type(error).__name__})"
        if pid and live_process(pid, spec.module):
            return bad(name, f"{says}, and its process {pid} is there: it is ending, or hangs", again)
        return bad(name, says, f"tocsin up starts it again; its last words: {_log(home, spec)}")
    if not missing:
        return good(name, f"ready at {door}")
    says = "; ".join(missing)
    return bad(name, says, cures.cure(name, says, str(home)))


def _log(home: Path, spec: RoomSpec) -> str:
    path = home / "logs" / f"{spec.slug}.log"
    return str(path) if path.exists() else f"docker compose logs {spec.slug}, or kubectl logs of its pod"
