"""A post becomes a record on `alerts.incoming`; whoever posted it waits a little for what intake says."""

import asyncio
from dataclasses import dataclass

import sqlalchemy as sa

from schemas.topics import INCOMING
from schemas.words import AnswerState, Realm
from services.agency import store
from services.agency.admission import objection
from services.agency.keys import Caller
from services.agency.store import SENT, Post
from services.place.publishers import Register
from services.runtime.clock import Clock
from services.runtime.decoding import CONTENT_TYPE_HEADER
from services.runtime.outbox import Message, Outbox
from services.runtime.store import Store
from services.runtime.trust import digest_of

#: A message in one of these may be sent again: nothing came of it.
_AGAIN = frozenset({SENT, AnswerState.REFUSED})


class NotYoursError(Exception):
    """This key may not publish that; the message is a sentence for its owner."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a post got: durable before it is returned."""

    post: Post
    repeated: bool


class Agency:
    """Takes posts, answers questions."""

    def __init__(
        self, rows: Store, outbox: Outbox, clock: Clock, realm: Realm, *, publishers: Register,
        wait_s: float,
    ) -> None:  # fmt: skip
        """`wait_s` is how long a post waits for intake."""
        self._store, self._outbox, self._clock, self._realm = rows, outbox, clock, realm
        self._publishers, self._wait_s = publishers, wait_s
        self._waiting: dict[str, asyncio.Event] = {}

    async def take(self, caller: Caller, data: bytes, content_type: str) -> Taken:
        """Put a message on its way and wait a little for intake's answer. The same bytes again are the same post.

        Raises:
            NotYoursError: with this key these bytes may not be published.
        """
        if says := objection(caller, data, content_type, self._publishers):
            raise NotYoursError(says)
        source, agency = digest_of(data), caller.agency
        before = await self._store.transact(store.find, source, agency)
        if before is not None and before.state not in _AGAIN:
            return Taken(before, repeated=True)
        heard = self._waiting.setdefault(source, asyncio.Event())
        post = Post(source, agency, self._clock.now(), SENT, {})
        message = Message(INCOMING.full(self._realm), agency.encode(), data, {CONTENT_TYPE_HEADER: content_type})
        await self._store.transact(self._put, post, message)
        self._outbox.wake()
        try:
            await asyncio.wait_for(heard.wait(), self._wait_s)
        except TimeoutError:
            pass
        finally:
            self._waiting.pop(source, None)
        now = await self._store.transact(store.find, source, agency)
        return Taken(post if now is None else now, repeated=False)

    def _put(self, connection: sa.Connection, post: Post, message: Message) -> None:
        store.lock(connection)
        store.add(connection, post)
        self._outbox.put_message(connection, message)

    async def status(self, agency: str, source: str) -> Post | None:
        """What became of what this agency sent, by whichever way."""
        return await self._store.transact(store.find, source, agency)

    def wake(self, source: str) -> None:
        """Something was said of these bytes."""
        if heard := self._waiting.get(source):
            heard.set()
