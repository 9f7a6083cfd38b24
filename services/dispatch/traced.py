"""A channel whose sending shows in traces: used only while tracing is on.

Never a span a text: one from a version's first message in flight until none has been for some seconds, with
how many were sent and how many were not.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.dispatch.port import Channel, Job, Listed, LookUp, Outcome, Permit, Probe, Sent
from services.runtime.tracing import TRACING, OpenSpan

#: Seconds without a message after which a burst is over.
LINGER_S = 5.0


@dataclass
class _Burst:
    """Messages of one version that are in flight together."""

    span: OpenSpan
    flying: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    last: asyncio.TimerHandle | None = None


class TracedChannel:
    """Everything goes to `channel`; what it sends, in bursts, to the trace of the alert that caused it."""

    def __init__(self, channel: Channel, cause: Callable[[str], Awaitable[str]]) -> None:
        """`cause` gives the correlation id of a delivery."""
        self._channel, self._cause = channel, cause
        self.name, self.capabilities, self.bounds = channel.name, channel.capabilities, channel.bounds
        self._bursts: dict[tuple[str, int], _Burst] = {}

    async def open(self) -> None:
        """Open the channel."""
        await self._channel.open()

    async def close(self) -> None:
        """Close the channel; whatever is in flight has ended."""
        for key in tuple(self._bursts):
            self._end(key)
        await self._channel.close()

    async def addresses(self, targets: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        """The channel's."""
        return await self._channel.addresses(targets, reading=reading)

    async def publish(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Send one message, as part of its burst."""
        return await self._within(job, self._channel.publish(job, address, permit))

    async def withdraw(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Delete one message, as part of its burst."""
        return await self._within(job, self._channel.withdraw(job, address, permit))

    async def look_up(self, jobs: Sequence[Job], addresses: dict[str, str]) -> dict[str, LookUp]:
        """The channel's."""
        return await self._channel.look_up(jobs, addresses)

    def listing(self, since: datetime) -> AsyncIterator[Listed]:
        """The channel's."""
        return self._channel.listing(since)

    async def probe(self) -> Probe:
        """The channel's."""
        return await self._channel.probe()

    async def _within(self, job: Job, call: Awaitable[Outcome]) -> Outcome:
        key = (job.lineage, job.ordinal)
        cause = "" if key in self._bursts else await self._cause(job.id)
        burst = self._bursts.get(key) or self._begin(key, job, cause)
        burst.flying += 1
        if burst.last is not None:
            burst.last.cancel()
        kind = "raised"
        try:
            outcome = await call
            kind = type(outcome).__name__.lower()
            return outcome
        finally:
            burst.outcomes[kind] += 1
            burst.flying -= 1
            if burst.last is not None:
                burst.last.cancel()
            burst.last = None if burst.flying else asyncio.get_running_loop().call_later(LINGER_S, self._end, key)

    def _begin(self, key: tuple[str, int], job: Job, cause: str) -> _Burst:
        what = {"tocsin.channel": self.name.value, "tocsin.kind": job.kind.value, "tocsin.lineage": job.lineage}
        self._bursts[key] = _Burst(TRACING.begin(f"send {self.name}", "client", cause, what))
        return self._bursts[key]

    def _end(self, key: tuple[str, int]) -> None:
        burst = self._bursts.pop(key, None)
        if burst is None:
            return
        for kind, number in burst.outcomes.items():
            burst.span.note(f"tocsin.messages.{kind}", number)
        if set(burst.outcomes) != {Sent.__name__.lower()}:
            burst.span.failed("not all sent")
        burst.span.end()
