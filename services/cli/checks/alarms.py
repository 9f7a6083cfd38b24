"""The alarms that are not over, each with what it says itself to do; from record's private door."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp

from services.cli.checks.finding import Found, mind
from services.cli.context import Context
from services.cli.doors import one_door

_WAIT_S = 5


def look(context: Context) -> Iterator[Found]:
    """Nothing while record is away: `running` says that."""
    door = one_door(context.home, "record").get("private")
    for each in asyncio.run(_ask(door)) if door else ():
        about = f" (alert {each['lineage']})" if each.get("lineage") else ""
        yield mind(str(each["room"]), f"alarm: {each['says']}{about}", str(each["do"]))


async def _ask(door: str) -> list[dict[str, Any]]:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_WAIT_S)) as session,
            session.get(f"{door}/alarms") as answer,
        ):
            found: list[dict[str, Any]] = (await answer.json())["alarms"]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
        return []
    return found
