"""The two channels against their stand-ins over loopback HTTP, and a raw server that counts bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from schemas.words import Channel as ChannelName
from schemas.words import Kind, Severity
from services.dispatch.lean import LeanPoster
from services.dispatch.port import Job, LookUp, Outcome
from services.dispatch.sms.service import SmsChannel
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.service import XChannel
from services.dispatch.x.settings import XSettings
from services.phonebook.book import Phonebook
from tests.sandbox.harness import PHONE, SERVICE, SID, TOKEN, Sandbox, running

ANSWER_S = 2.0
GONE = "e" * 32
NUMBERS = {"a" * 32: PHONE, "b" * 32: "+12025550124"}


class Book:
    """What a channel asks of the phonebook."""

    def number_of(self, ids: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        known = NUMBERS | ({GONE: "+12025550199"} if reading else {})
        return {each: known[each] for each in ids if each in known}


#: Every channel, and every transport of it.
WAYS = [
    pytest.param((ChannelName.X, {}), id="x"),
    pytest.param((ChannelName.SMS, {"transport": "aiohttp"}), id="sms-aiohttp"),
    pytest.param((ChannelName.SMS, {"transport": "lean"}), id="sms-lean"),
]
SMS_WAYS = WAYS[1:]
Way = tuple[ChannelName, dict[str, Any]]


def channel_of(name: ChannelName, base_url: str, **changes: Any) -> XChannel | SmsChannel:
    """A channel of settings that a test may have."""
    given = {"base_url": base_url, "sandbox": True, "answer_s": ANSWER_S, "window": 4, **changes}
    if name is ChannelName.X:
        return XChannel(XSettings(**{"token": SecretStr("made-up-bearer"), **given}))
    secrets = {"account_sid": SID, "auth_token": SecretStr(TOKEN), "messaging_service_sid": SERVICE}
    return SmsChannel(SmsSettings(**{**secrets, **given}), cast("Phonebook", Book()))


@dataclass
class Rig:
    """One channel, open, and the stand-in behind it, whose clock shows the true time until a test moves it."""

    name: ChannelName
    channel: XChannel | SmsChannel
    sandbox: Sandbox
    numbers: int = 0

    @property
    def target(self) -> str:
        return "main/en/public/1" if self.name is ChannelName.X else "a" * 32

    async def address(self) -> str:
        return (await self.channel.addresses([self.target]))[self.target]

    def job(self, text: str = "Boil your water. Ferrow Health, version 1.", **changes: Any) -> Job:
        self.numbers += 1
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            "id": f"{self.numbers:032x}", "attempt": 1, "lineage": "f" * 32, "ordinal": 200_002, "kind": Kind.ALERT,
            "target": self.target, "language": "en", "severity": Severity.SEVERE, "text": text,
            "ends": now + timedelta(hours=1), "about": None, "started": now, **changes,
        }  # fmt: skip
        return Job(**fields)

    async def publish(self, job: Job | None = None, permit: Callable[[], bool] = lambda: True) -> Outcome:
        return await self.channel.publish(job or self.job(), await self.address(), permit)

    async def look(self, *jobs: Job) -> dict[str, LookUp]:
        """A look-up as the sweep takes it: one that raises says nothing."""
        addresses = await self.channel.addresses([job.target for job in jobs], reading=True)
        try:
            return await self.channel.look_up(jobs, addresses)
        except Exception:  # noqa: BLE001 - whatever it raises
            return {job.id: LookUp(complete=False) for job in jobs}

    async def fault(self, effect: dict[str, Any], method: str = "POST", **more: Any) -> None:
        """Order a fault for this platform's requests of this method."""
        platform = "x" if self.name is ChannelName.X else "twilio"
        await self.sandbox.fault(effect, match={"platform": platform, "method": method}, **more)

    async def accepted(self) -> int:
        """How many messages the platform has accepted."""
        counts = await self.sandbox.counts()
        return int(counts["posts" if self.name is ChannelName.X else "texts"])


@asynccontextmanager
async def rigged(name: ChannelName, folder: Path, **settings: Any) -> AsyncIterator[Rig]:
    """Run one channel against its stand-in."""
    async with running(folder, x_create_limit=10_000, x_read_limit=10_000) as sandbox:
        sandbox.clock.advance((datetime.now(UTC) - sandbox.clock.now()).total_seconds())
        channel = channel_of(name, sandbox.address, **settings)
        await channel.open()
        try:
            yield Rig(name, channel, sandbox)
        finally:
            await channel.close()


def sockets_in_use(channel: XChannel | SmsChannel) -> list[socket.socket]:
    """The sockets of connections that a request holds now, whichever transport carries it."""
    if isinstance(channel, SmsChannel):
        assert channel._client is not None
        poster = channel._client.poster
        if isinstance(poster, LeanPoster):
            return [each.socket for each in poster.open if each not in poster._idle]
    assert channel._transport is not None
    connector = channel._transport.session.connector
    assert connector is not None
    return [each.transport.get_extra_info("socket") for each in connector._acquired]  # type: ignore[union-attr]  # they are connected


@dataclass
class RawServer:
    """A server that counts what reaches it, and answers each request with the same bytes, or not at all."""

    answer: bytes | None = None
    port: int = 0
    received: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        while data := await reader.read(65_536):
            self.received += len(data)
            self.requests.append(data)
            if self.answer is not None:
                writer.write(self.answer)
                await writer.drain()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def raw_server(answer: bytes | None = None) -> AsyncIterator[RawServer]:
    """Run one."""
    made = RawServer(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        made.close()


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
