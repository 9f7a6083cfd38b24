"""What all doors of the sandbox share: clock, dice, store, rules and faults, given from outside."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from services.runtime.clock import Clock, SystemClock
from services.runtime.store import Store
from services.sandbox.faults import Faults, Plan
from services.sandbox.journal import Journal
from services.sandbox.settings import Rules, SandboxSettings

Sleep = Callable[[float], Awaitable[object]]


@dataclass
class World:
    """One sandbox: everything that a handler may touch."""

    settings: SandboxSettings
    store: Store
    rules: Rules
    clock: Clock = field(default_factory=SystemClock)
    sleep: Sleep = asyncio.sleep
    dice: random.Random = field(default_factory=random.Random)
    """Draws message ids. Seed it and they repeat."""
    faults: Faults = field(default_factory=Faults)
    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """How often each (platform, method, status) was answered; status 0 is a connection that was dropped."""

    def __post_init__(self) -> None:
        self.journal = Journal(self.store)

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock.now().timestamp() * 1000)


WORLD = web.AppKey("world", World)
PLAN = web.RequestKey("plan", Plan)
ARRIVED = web.RequestKey("arrived", int)
