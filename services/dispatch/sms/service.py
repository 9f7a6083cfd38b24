"""Text messages as a channel: no idempotency, doubt settled by callbacks or by a list, taken back by a second text."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from schemas.words import Channel as ChannelName
from schemas.words import Reason
from services.dispatch.port import Capabilities, Job, Listed, LookUp, Outcome, Permit, Probe, Refused, Sent
from services.dispatch.sms.client import TwilioClient
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.transport import Limits, Transport
from services.phonebook.book import Phonebook
from services.runtime import proxy

LOOK_UPS_AT_ONCE = 8


class SmsChannel:
    """See `services.dispatch.port.Channel`."""

    name = ChannelName.SMS
    capabilities = Capabilities(public=False, deletes=False)

    def __init__(self, settings: SmsSettings, phonebook: Phonebook) -> None:
        """Nothing is opened before `open`; numbers are read from `phonebook` at the moment of sending."""
        self._settings, self._phonebook = settings, phonebook
        self.bounds = settings.bounds
        self._transport: Transport | None = None
        self._client: TwilioClient | None = None

    async def open(self) -> None:
        """Make the pooled session."""
        settings = self._settings
        limits = Limits(settings.window + LOOK_UPS_AT_ONCE, settings.answer_s, proxy.address(settings.proxy))
        self._transport = Transport(limits)
        self._client = TwilioClient(self._settings, self._transport)

    async def close(self) -> None:
        """Close the session."""
        if self._client:
            await self._client.poster.close()
        if self._transport:
            await self._transport.close()

    @property
    def _open(self) -> TwilioClient:
        if self._client is None:
            message = "the channel is not open"
            raise RuntimeError(message)
        return self._client

    async def addresses(self, targets: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        """The numbers of subscribers; who opted out has none, except for a look-up."""
        return await asyncio.to_thread(self._phonebook.number_of, targets, reading=reading)

    async def publish(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Send one text."""
        return await self._open.send(address, job.text, job.id, job.ends, permit)

    async def withdraw(self, job: Job, address: str, permit: Permit) -> Outcome:
        """A text cannot be deleted; nothing plans this."""
        del job, address, permit
        return Refused(Reason.FORBIDDEN_CAPABILITY)

    async def look_up(self, jobs: Sequence[Job], addresses: dict[str, str]) -> dict[str, LookUp]:
        """List what went to each number, all pages, and match the exact text."""
        gate = asyncio.Semaphore(LOOK_UPS_AT_ONCE)

        async def one(job: Job) -> LookUp:
            if job.target not in addresses or job.started is None:
                return LookUp(complete=False)
            async with gate:
                try:
                    found: list[Sent] = await self._open.find(addresses[job.target], job.text, job.started)
                except Exception:  # noqa: BLE001 - a look-up that fails proves nothing
                    return LookUp(complete=False)
            return LookUp(complete=True, found=tuple(found))

        return dict(zip((job.id for job in jobs), await asyncio.gather(*map(one, jobs)), strict=True))

    def listing(self, since: datetime) -> AsyncIterator[Listed]:
        """Everything that the account has sent."""
        return self._open.listing(since)

    async def probe(self) -> Probe:
        """Ask Twilio for one line of its list."""
        return await self._open.probe()
