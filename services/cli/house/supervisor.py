"""Starts rooms, watches them, starts again what ended, and stops all in order: nothing is left."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

import aiohttp

from services.cli.house.child import Child, Health

State = Literal["starting", "waiting", "ready", "restarting", "wrong", "stopped"]
WRONG_SETTING, ROOM_STOP = 2, 3
LOOK_S = 0.25
READY_LOOK_S = 2.0
STOP_S = 30.0
#: A room that has been ready this long has recovered: its next end counts as its first.
HEALED_S = 60.0
#: What a room says of each of its topics while Kafka has not given it any (`services.runtime.room.Room.missing`).
UNASSIGNED = "no partitions assigned yet"


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a room is started again: doubled at each end, up to `most`, seconds."""

    first: float
    most: float

    def after(self, ends: int) -> float:
        """The wait after the `ends`th end in a row."""
        return min(self.most, self.first * 2.0 ** min(ends - 1, 16))


CRASHED = Backoff(0.5, 30)
#: A room that stops itself wants a person more than a restart.
STOPPED_ITSELF = Backoff(10, 120)


@dataclass(frozen=True)
class Event:
    """Something to tell a person: a room is in another state than before."""

    room: str
    realm: str
    state: State
    says: str = ""
    doors: dict[str, str] = field(default_factory=dict)
    pid: int | None = None


Show = Callable[[Event], None]


class Supervisor:
    """Keeps a set of rooms running."""

    def __init__(self, children: Sequence[Child], show: Show) -> None:
        """`show` is told of every change of a room's state."""
        self.children = children
        self._show = show
        self._now: dict[int, Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Start every room, all at once."""
        self._session = aiohttp.ClientSession()
        self._tasks = [asyncio.create_task(self._keep(child)) for child in self.children]

    @property
    def not_ready(self) -> list[Event]:
        """The last word of each room that is not ready."""
        return [event for event in self._now.values() if event.state != "ready"]

    @property
    def ready(self) -> int:
        """How many rooms are ready."""
        return len(self._now) - len(self.not_ready)

    @property
    def all_ready(self) -> bool:
        """Whether every room is ready."""
        return self.ready == len(self.children)

    async def stop(self, patience: float = STOP_S) -> None:
        """Stop wave after wave; what has not ended after `patience` seconds is killed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        by_wave = sorted(self.children, key=lambda child: child.spec.wave)
        for _, wave in groupby(by_wave, key=lambda child: child.spec.wave):
            await self._stop_wave(list(wave), patience)
        if self._session is not None:
            await self._session.close()

    async def _stop_wave(self, wave: list[Child], patience: float) -> None:
        for child in wave:
            child.terminate()
        if not await _ended(wave, patience):
            for child in wave:
                child.kill()
            await _ended(wave, patience)
        for child in wave:
            self._tell(child, "stopped", "")

    async def _keep(self, child: Child) -> None:
        ends = 0
        while True:
            healed, code = await self._life(child)
            ends = 1 if healed else ends + 1
            if code == WRONG_SETTING:
                self._tell(child, "wrong", f"{child.last_words()} (not started again: set it right, then `tocsin up`)")
                return
            wait = (STOPPED_ITSELF if code == ROOM_STOP else CRASHED).after(ends)
            self._tell(child, "restarting", f"ended with {code}, again in {wait:g} s: {child.last_words()}")
            await asyncio.sleep(wait)

    async def _life(self, child: Child) -> tuple[bool, int]:
        """One life of a room, watched to its end: whether it had been well for long, and its exit code."""
        assert self._session is not None  # noqa: S101 - `start` made it
        try:
            child.start()
        except OSError:
            return False, 1
        self._tell(child, "starting", "")
        ready_since: float | None = None
        looked = 0.0
        while (code := child.ended()) is None:
            if ready_since is None or time.monotonic() - looked >= READY_LOOK_S:
                health = await child.health(self._session)
                looked = time.monotonic()
                ready_since = (ready_since or looked) if health.ready else None
                self._tell_health(child, health)
            await asyncio.sleep(LOOK_S)
        return ready_since is not None and time.monotonic() - ready_since >= HEALED_S, code

    def _tell_health(self, child: Child, health: Health) -> None:
        if health.ready:
            self._tell(child, "ready", "", dict(health.doors))
        elif health.doors:
            self._tell(child, "waiting", _shortly(health.missing), dict(health.doors))

    def _tell(self, child: Child, state: State, says: str, doors: dict[str, str] | None = None) -> None:
        event = Event(child.spec.name, child.realm.value, state, says, doors or {}, child.pid)
        if self._now.get(id(child)) != event:
            self._now[id(child)] = event
            self._show(event)


def _shortly(missing: Sequence[str]) -> str:
    """What a room waits for, in a line. Its topics become ready one by one, and fifteen are no news at a start."""
    rest = [reason for reason in missing if not reason.endswith(UNASSIGNED)]
    return "; ".join(rest if len(rest) == len(missing) else [*rest, UNASSIGNED])


async def _ended(children: Iterable[Child], patience: float) -> bool:
    """Whether all have ended within `patience` seconds."""
    end = time.monotonic() + patience
    while any(child.ended() is None for child in children):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True
