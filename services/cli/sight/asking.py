"""Asks every room's private door at once: is it ready, what does it count; and the record for the alerts' states."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from services.cli.context import Context
from services.cli.doors import every_door, one_door
from services.cli.house.rooms import ROOMS

WAIT_S = 5


class Sample(NamedTuple):
    """One series and its value."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Answer:
    """What one room says. `missing` is empty when it is ready; a room that does not answer has no samples."""

    missing: tuple[str, ...]
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Look:
    """One look at the house: every room's answer, alerts by state, and when (UTC)."""

    at: datetime
    answers: dict[str, Answer]
    alerts: dict[str, int] = field(default_factory=dict)


async def look(context: Context) -> Look:
    """Ask one replica of every room whose door is known."""
    doors = {spec.name: one_door(context.home, spec.name).get("private") for spec in ROOMS}
    async with _session() as session:
        answers = await asyncio.gather(*(_room(session, door) for door in doors.values()))
        alerts = await _alerts(session, doors["record"])
    return Look(datetime.now(UTC), dict(zip(doors, answers, strict=True)), alerts)


async def look_at_each(context: Context) -> dict[str, list[Answer]]:
    """Ask every replica of every room: what each counts for itself alone. A room without a door has one answer, too."""
    doors = {spec.name: every_door(context.home, spec.name) or [{}] for spec in ROOMS}
    asked = [(room, each.get("private")) for room, known in doors.items() for each in known]
    async with _session() as session:
        answers = await asyncio.gather(*(_room(session, door) for _, door in asked))
    found: dict[str, list[Answer]] = {room: [] for room in doors}
    for (room, _), answer in zip(asked, answers, strict=True):
        found[room].append(answer)
    return found


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S))


async def _room(session: aiohttp.ClientSession, door: str | None) -> Answer:
    if door is None:
        return Answer(("it does not run",))
    try:
        async with session.get(f"{door}/health/ready") as ready:
            missing = tuple(str(each) for each in (await ready.json())["missing"])
        async with session.get(f"{door}/metrics") as metrics:
            families = list(text_string_to_metric_families(await metrics.text()))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return Answer((f"does not answer ({type(error).__name__})",))
    return Answer(missing, tuple(Sample(s.name, dict(s.labels), s.value) for f in families for s in f.samples))


async def _alerts(session: aiohttp.ClientSession, door: str | None) -> dict[str, int]:
    """The newest alerts by state; nothing while the record is away."""
    try:
        async with session.get(f"{door}/alerts") as answer:
            return dict(Counter(str(each["state"]) for each in (await answer.json())["alerts"]))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
        return {}
