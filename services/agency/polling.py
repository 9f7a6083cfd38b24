"""Asks feeds for what is new: conditional requests, each alert once, all onto `alerts.incoming`.

The first time, a feed shows alerts of days: only what is in force is taken, and intake holds all of it for a person.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import sqlalchemy as sa

from schemas.topics import INCOMING
from schemas.words import Realm
from services.agency import store
from services.agency.feeds import FeedError, links
from services.agency.metrics import AgencyMetrics
from services.cap.read import read
from services.cap.reading import SIZE_LIMIT, CapError
from services.runtime.decoding import CONTENT_TYPE_HEADER
from services.runtime.outbox import Message, Outbox
from services.runtime.store import Store

#: What intake holds; see services.intake.filing.
FIRST_POLL_HEADER = "tocsin-first-poll"
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_NOT_MODIFIED = 304


@dataclass(frozen=True)
class Poller:
    """One round after the other over all feeds. `now` is the clock's, `proxy` an HTTP proxy with its credentials."""

    rows: Store
    outbox: Outbox
    realm: Realm
    feeds: tuple[str, ...]
    every_s: float
    now: Callable[[], datetime]
    metrics: AgencyMetrics
    proxy: str | None = field(default=None, repr=False)
    #: When each feed was read last; before the first time, when this process began.
    _read: dict[str, datetime] = field(default_factory=dict, repr=False)

    async def run(self) -> None:
        """Poll for ever."""
        self.begin()
        async with aiohttp.ClientSession(timeout=_TIMEOUT, proxy=self.proxy) as session:
            while True:
                for feed in self.feeds:
                    await self.poll(session, feed)
                await asyncio.sleep(self.every_s)

    def begin(self) -> None:
        """From now on each feed is to be read."""
        self._read.update(dict.fromkeys(self.feeds, self.now()))
        self._show()

    def _show(self) -> None:
        if self._read:
            self.metrics.feeds_read.set(min(self._read.values()).timestamp())

    async def poll(self, session: aiohttp.ClientSession, feed: str) -> int:
        """Ask one feed once; how many alerts were put on their way. A feed that fails is asked again next time."""
        try:
            count = await self._poll(session, feed)
        except (aiohttp.ClientError, TimeoutError, FeedError, _TooLargeError):
            self.metrics.polls.labels("failed").inc()
            return 0
        self.metrics.polls.labels("read").inc()
        self._read[feed] = self.now()
        self._show()
        return count

    async def _poll(self, session: aiohttp.ClientSession, feed: str) -> int:
        before = await self.rows.transact(store.feed, feed)
        answer = await _get(session, feed, before)
        if answer is None:
            return 0  # nothing has changed: that is read too
        count = 0
        for link in links(answer.data, feed):
            count += await self._fetch(session, feed, link, first=before is None)
        await self.rows.transact(store.keep_feed, store.Feed(feed, answer.etag, answer.modified))
        return count

    async def _fetch(self, session: aiohttp.ClientSession, feed: str, link: str, *, first: bool) -> int:
        if await self.rows.transact(store.was_fetched, link):
            return 0
        answer = await _get(session, link, None)
        data = b"" if answer is None else answer.data
        wanted = bool(data) and (not first or self._in_force(data))
        headers = {CONTENT_TYPE_HEADER: "application/cap+xml", **({FIRST_POLL_HEADER: "1"} if first else {})}
        message = Message(INCOMING.full(self.realm), feed.encode(), data, headers)
        await self.rows.transact(self._put, link, message if wanted else None)
        self.outbox.wake()
        return int(wanted)

    def _put(self, connection: sa.Connection, link: str, message: Message | None) -> None:
        """The alert on its way and the note that it is, both or neither."""
        store.fetched(connection, link, self.now())
        if message is not None:
            self.outbox.put_message(connection, message)

    def _in_force(self, data: bytes) -> bool:
        """Whether it has not ended; what cannot be read is intake's to refuse."""
        try:
            ends = [info.expires for info in read(data).alert.info]
        except CapError:
            return True
        return not ends or any(end is None or end > self.now() for end in ends)


class _TooLargeError(Exception):
    """More than any alert or feed has."""


@dataclass(frozen=True, slots=True)
class _Answer:
    data: bytes
    etag: str | None
    modified: str | None


async def _get(session: aiohttp.ClientSession, url: str, before: store.Feed | None) -> _Answer | None:
    """The answer; None when nothing has changed since `before`. Redirects are not followed: they lead elsewhere."""
    wanted = {} if before is None else {"If-None-Match": before.etag, "If-Modified-Since": before.modified}
    headers = {name: value for name, value in wanted.items() if value}
    async with session.get(url, headers=headers, allow_redirects=False, raise_for_status=True) as answer:
        if answer.status == _NOT_MODIFIED:
            return None
        data = await answer.content.read(SIZE_LIMIT + 1)
        while len(data) <= SIZE_LIMIT and (more := await answer.content.read(SIZE_LIMIT)):
            data += more
        if len(data) > SIZE_LIMIT:
            raise _TooLargeError
        return _Answer(data, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
