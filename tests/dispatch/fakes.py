"""A clock that tests move, and a platform in memory that implements the channel's port."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.words import Channel as ChannelName
from schemas.words import Kind, Reason
from services.dispatch.bounds import Bounds
from services.dispatch.port import (
    Capabilities,
    Doubt,
    Ended,
    Job,
    Listed,
    LookUp,
    NotSent,
    Outcome,
    Permit,
    Probe,
    Refused,
    Sent,
)

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOUNDS = Bounds(fresh=10, gap=5, answer=10, accept=30, visible=30, quarantine=120)


@dataclass
class ManualClock:
    """Wall clock and boottime, moved together, or the wall clock alone: as when a time server steps it."""

    moment: datetime = START
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.moment

    def boottime(self) -> float:
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds

    def step_wall(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


#: Moods in which the platform says no.
REFUSALS = {
    "refuse": Refused(Reason.PERMANENT_RECIPIENT, 21211),
    "opted_out": Refused(Reason.OPTED_OUT, 21610),
    "unauthorized": Refused(Reason.AUTH, 20003),
}


@dataclass
class Message:
    """What the platform has accepted."""

    id: str
    address: str
    text: str
    created: datetime
    visible: datetime
    deleted: bool = False
    ended: Ended | None = None
    """How it ended, as the list says from then on."""
    code: int | None = None

    def shows(self, now: datetime) -> bool:
        return not self.deleted and self.visible <= now


@dataclass
class FakePlatform:
    """One account of one platform. What it does with the next requests is put into `moods`; without one it accepts.

    `accept` · `lag:S` accepted, and visible S later · `reset` accepted, and the connection reset · `alike` refused as
    a duplicate · `lost` neither accepted nor answered · `connect` no connection · `rate:S` 429 · `refuse` and
    `opted_out` for good · `hang` no answer until `release`, and then accepted · `raise` the channel itself fails.
    """

    clock: ManualClock
    name: ChannelName = ChannelName.SMS
    bounds: Bounds = BOUNDS
    moods: deque[str] = field(default_factory=deque)
    messages: list[Message] = field(default_factory=list)
    started: list[Job] = field(default_factory=list)
    """Every request whose permit said yes, in order."""
    gone: set[str] = field(default_factory=set)
    """Targets that the phonebook gives no number for."""
    look_up_fails: bool = False
    stall: Callable[[], Awaitable[None]] | None = None
    """What a look-up waits for between the platform's answer and its caller's."""
    addresses_fail: bool = False
    looked: list[list[Job]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    hanging: list[asyncio.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        public = self.name is ChannelName.X
        self.capabilities = Capabilities(public=public, deletes=public)

    def now(self) -> datetime:
        """The platform's own clock, which no step of ours moves."""
        return START + timedelta(seconds=self.clock.boottime() - ManualClock.seconds)

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return

    async def addresses(self, targets: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        if self.addresses_fail:
            raise ConnectionError
        return {target: address_of(target) for target in targets if reading or target not in self.gone}

    async def publish(self, job: Job, address: str, permit: Permit) -> Outcome:
        mood, _, seconds = (self.moods.popleft() if self.moods else "accept").partition(":")
        if mood == "connect":
            return NotSent(Reason.TRANSIENT)
        if not permit():
            return NotSent(Reason.TRANSIENT, 0.0)
        self.started.append(job)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answer(mood, float(seconds or 0), job, address)
        finally:
            self.in_flight -= 1

    async def _answer(self, mood: str, seconds: float, job: Job, address: str) -> Outcome:
        match mood:
            case "lost":
                return Doubt()
            case "alike":
                return Doubt(Reason.DUPLICATE)
            case "rate":
                return NotSent(Reason.RATE_LIMITED, seconds)
            case "refuse" | "opted_out" | "unauthorized":
                return REFUSALS[mood]
            case "raise":
                raise ValueError
            case "hang":
                event = asyncio.Event()
                self.hanging.append(event)
                await event.wait()
        message = self.accept(address, job.text, seconds)
        return Doubt() if mood == "reset" else Sent(message.id, message.created)

    def accept(self, address: str, text: str, lag: float = 0) -> Message:
        """Take one message, as a request that was under way does when it arrives."""
        now = self.now()
        message = Message(f"M{len(self.messages)}", address, text, now, now + timedelta(seconds=lag))
        self.messages.append(message)
        return message

    async def withdraw(self, job: Job, address: str, permit: Permit) -> Outcome:
        mood = self.moods.popleft() if self.moods else "accept"
        if not permit():
            return NotSent(Reason.TRANSIENT, 0.0)
        self.started.append(job)
        if mood == "lost":
            return Doubt()
        for message in self.messages:
            if message.id == job.about:
                message.deleted = True
        return Doubt() if mood == "reset" else Sent(f"deleted:{job.about}")

    async def look_up(self, jobs: Sequence[Job], addresses: dict[str, str]) -> dict[str, LookUp]:
        self.looked.append(list(jobs))
        if self.look_up_fails:
            raise ConnectionError
        now = self.now()
        found = {}
        for job in jobs:
            mine = [m for m in self.messages if (m.address, m.text) == (addresses[job.target], job.text)]
            sent = () if job.kind is Kind.DELETION else tuple(Sent(m.id, m.created) for m in mine if m.shows(now))
            found[job.id] = LookUp(complete=True, found=sent)
        if self.stall:
            await self.stall()
        return found

    async def listing(self, since: datetime) -> AsyncIterator[Listed]:
        if self.look_up_fails:
            raise ConnectionError
        for m in self.messages:
            if m.shows(self.now()) and m.created >= since:
                yield Listed(m.id, m.address, m.text, m.created, m.ended, m.code)

    async def probe(self) -> Probe:
        return Probe(ok=True, says="fake")

    def counts(self) -> Counter[tuple[str, str]]:
        """How often each (address, text) was accepted: the platform's side of the story."""
        return Counter((message.address, message.text) for message in self.messages)

    def texts(self, target: str) -> list[str]:
        """What this target has got, in order."""
        return [message.text for message in self.messages if message.address == address_of(target)]

    def standing(self) -> list[str]:
        """The texts that stand, in order."""
        return [message.text for message in self.messages if not message.deleted]


def address_of(target: str) -> str:
    """A subscriber's number, or a public account's timeline."""
    return f"@{target.partition('/')[0]}" if "/" in target else f"+{target}"
