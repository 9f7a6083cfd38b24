"""X as a channel: one account, no idempotency, identical text refused, taken back by a new post and a deletion."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from schemas.words import Channel as ChannelName
from schemas.words import Kind
from services.dispatch.port import Capabilities, Job, Listed, LookUp, Outcome, Permit, Probe, Sent
from services.dispatch.transport import Limits, Transport
from services.dispatch.x.client import XClient, normal
from services.dispatch.x.settings import XSettings
from services.runtime import proxy

#: Look-ups and probes need connections of their own beside the W requests in flight.
SPARE_CONNECTIONS = 4


class XChannel:
    """See `services.dispatch.port.Channel`."""

    name = ChannelName.X
    capabilities = Capabilities(public=True, deletes=True)

    def __init__(self, settings: XSettings) -> None:
        """Nothing is opened before `open`."""
        self._settings = settings
        self.bounds = settings.bounds
        self._transport: Transport | None = None
        self._client: XClient | None = None

    async def open(self) -> None:
        """Make the pooled session."""
        settings = self._settings
        limits = Limits(settings.window + SPARE_CONNECTIONS, settings.answer_s, proxy.address(settings.proxy))
        self._transport = Transport(limits)
        self._client = XClient(self._settings, self._transport)

    async def close(self) -> None:
        """Close the session."""
        if self._transport:
            await self._transport.close()

    @property
    def _open(self) -> XClient:
        if self._client is None:
            message = "the channel is not open"
            raise RuntimeError(message)
        return self._client

    async def addresses(self, targets: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        """A post has no address but its account's timeline."""
        del reading
        return dict.fromkeys(targets, await self._open.me())

    async def publish(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Post one text."""
        del address
        return await self._open.post(job.text, permit)

    async def withdraw(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Delete the post `job.about`."""
        del address
        return await self._open.delete(job.about or "", permit)

    async def look_up(self, jobs: Sequence[Job], addresses: dict[str, str]) -> dict[str, LookUp]:
        """Read the account's own timeline once, all pages, and match exact texts.

        A deletion in doubt is simply tried again: deleting what is gone is no harm.
        """
        del addresses
        posts: dict[str, list[Sent]] = {}
        started = [job.started for job in jobs if job.started is not None]
        if started:
            async for item in self._open.timeline(min(started)):
                posts.setdefault(item.text, []).append(Sent(item.platform_id, item.created))
        return {
            job.id: LookUp(
                complete=True, found=() if job.kind is Kind.DELETION else tuple(posts.get(normal(job.text), ()))
            )
            for job in jobs
        }

    def listing(self, since: datetime) -> AsyncIterator[Listed]:
        """The account's own timeline."""
        return self._open.timeline(since)

    async def probe(self) -> Probe:
        """Ask X who we are."""
        return await self._open.probe()
