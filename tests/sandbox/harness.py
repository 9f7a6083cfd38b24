"""A sandbox over real loopback HTTP with a clock of the test's own, and a receiver for its webhooks."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from services.runtime.doors import Door
from services.runtime.store import Store, sqlite_url
from services.sandbox.server import build
from services.sandbox.settings import Rules, SandboxSettings
from services.sandbox.store import TABLES
from services.sandbox.world import World
from tests.sandbox.clock import FakeClock

SID = "AC" + "a1" * 16
TOKEN = "made-up-token"
SERVICE = "MG" + "b2" * 16
MESSAGES = f"/2010-04-01/Accounts/{SID}/Messages.json"
BASIC = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
BEARER = {"Authorization": "Bearer made-up-bearer"}
PHONE = "+12025550123"


@dataclass
class Sandbox:
    """One running sandbox and a session to it."""

    world: World
    clock: FakeClock
    address: str
    session: aiohttp.ClientSession

    async def json(self, method: str, path: str, status: int = 200, **request: Any) -> Any:
        """The JSON of an answer that must have this status."""
        async with self.session.request(method, self.address + path, **request) as answer:
            assert answer.status == status, (answer.status, await answer.text())
            return await answer.json()

    async def text(self, to: str = PHONE, body: str = "Boil water.", status: int = 201, **more: str) -> Any:
        form = {"To": to, "Body": body, "MessagingServiceSid": SERVICE, **more}
        return await self.json("POST", MESSAGES, status, data=form, headers=BASIC)

    async def post(self, text: str = "Boil water.", status: int = 201, **more: Any) -> Any:
        return await self.json("POST", "/2/tweets", status, json={"text": text, **more}, headers=BEARER)

    async def me(self) -> str:
        found = await self.json("GET", "/2/users/me", headers=BEARER)
        return str(found["data"]["id"])

    async def timeline(self, **query: str) -> Any:
        return await self.json("GET", f"/2/users/{await self.me()}/tweets", params=query, headers=BEARER)

    async def listed(self, **query: str) -> Any:
        return await self.json("GET", MESSAGES, params=query, headers=BASIC)

    async def fault(self, effect: dict[str, Any], status: int = 201, **order: Any) -> Any:
        return await self.json("POST", "/_sandbox/faults", status, json={"effect": effect, **order})

    async def counts(self, **query: str) -> Any:
        return await self.json("GET", "/_sandbox/counts", params=query)

    async def rules(self, **changes: Any) -> Any:
        return await self.json("PATCH", "/_sandbox/rules", json=changes)


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Sandbox]:
    """Run one sandbox; its state stays in `folder`."""
    clock = FakeClock()
    asked = SandboxSettings(**settings)
    store = Store(sqlite_url(folder / "sandbox.db"), TABLES)
    world = World(asked, store, Rules.of(asked), clock=clock, sleep=clock.sleep, dice=random.Random(7))  # noqa: S311
    door = Door(build(world), "127.0.0.1", 0)
    address = await door.start()
    async with aiohttp.ClientSession() as session:
        try:
            yield Sandbox(world, clock, address, session)
        finally:
            await door.stop()


@dataclass
class Receiver:
    """A webhook that keeps what it gets, and answers as it is told."""

    address: str = ""
    got: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """URL as it was called, parameters, signature."""
    answer: Callable[[dict[str, str]], web.Response] = lambda _: web.Response()
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.got.append((str(request.url), form, request.headers["X-Twilio-Signature"]))
        self._more.set()
        return self.answer(form)

    async def until(self, count: int) -> list[tuple[str, dict[str, str], str]]:
        """Wait (bounded) for so many calls."""
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self._more.clear()
                await self._more.wait()
        return self.got


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run one receiver."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.receive)
    door = Door(app, "127.0.0.1", 0)
    receiver.address = await door.start()
    try:
        yield receiver
    finally:
        await door.stop()
