"""Asks every room's private door at once: is it ready, what does it count; and the record for the alerts' states."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from services.cli.context import Context
from services.cli.doors import every_door
from services.cli.house.rooms import ROOMS
from services.cli.sight.adding import together
from services.cli.sight.answer import Answer, Sample

__all__ = ["Answer", "Look", "Sample", "look", "look_at_each"]

WAIT_S = 5


@dataclass(frozen=True)
class Look:
    """One look at the house: every room's answer, alerts by state, and when (UTC).

    `each` are the answers of a room's replicas, of which its one is made; without it that is the only replica's.
    """

    at: datetime
    answers: dict[str, Answer]
    alerts: dict[str, int] = field(default_factory=dict)
    each: dict[str, list[Answer]] = field(default_factory=dict)

    def replicas(self, room: str) -> Sequence[Answer]:
        """What each replica of a room says, those too that do not answer."""
        return self.each.get(room) or (self.answers[room],)


async def look(context: Context) -> Look:
    """Ask every replica of every room whose door is known."""
    doors = _doors(context)
    async with _session() as session:
        each, alerts = await asyncio.gather(_each(session, doors), _alerts(session, doors["record"]))
    return Look(datetime.now(UTC), {room: together(answers) for room, answers in each.items()}, alerts, each)


async def look_at_each(context: Context) -> dict[str, list[Answer]]:
    """Ask every replica of every room: what each counts for itself alone. A room without a door has one answer, too."""
    async with _session() as session:
        return await _each(session, _doors(context))


def _doors(context: Context) -> dict[str, list[str]]:
    """The private doors of each room's replicas."""
    return {spec.name: [each["private"] for each in every_door(context.home, spec.name)] for spec in ROOMS}


async def _each(session: aiohttp.ClientSession, doors: dict[str, list[str]]) -> dict[str, list[Answer]]:
    asked = [(room, door) for room, known in doors.items() for door in known or [""]]
    answers = await asyncio.gather(*(_room(session, door) for _, door in asked))
    found: dict[str, list[Answer]] = {room: [] for room in doors}
    for (room, _), answer in zip(asked, answers, strict=True):
        found[room].append(answer)
    return found


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S))


async def _room(session: aiohttp.ClientSession, door: str) -> Answer:
    if not door:
        return Answer(("it does not run",))
    try:
        async with session.get(f"{door}/health/ready") as ready:
            missing = tuple(str(each) for each in (await ready.json())["missing"])
        async with session.get(f"{door}/metrics") as metrics:
            families = list(text_string_to_metric_families(await metrics.text()))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return Answer((f"does not answer ({type(error).__name__})",), door=door)
    return Answer(missing, tuple(Sample(s.name, dict(s.labels), s.value) for f in families for s in f.samples), door)


async def _alerts(session: aiohttp.ClientSession, doors: Iterable[str]) -> dict[str, int]:
    """The newest alerts by state, from whichever replica says them; nothing while the record is away."""
    for door in doors:
        try:
            async with session.get(f"{door}/alerts") as answer:
                return dict(Counter(str(each["state"]) for each in (await answer.json())["alerts"]))
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
            continue
    return {}
