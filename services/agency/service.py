"""A post becomes a record on `alerts.incoming`; what intake says of it becomes the answer."""

import asyncio
from dataclasses import dataclass

import sqlalchemy as sa

from schemas.alert import Alert, Refusal
from schemas.topics import INCOMING
from schemas.words import Grade, Realm
from services.agency import store
from services.agency.store import Post
from services.runtime.clock import Clock
from services.runtime.decoding import CONTENT_TYPE_HEADER
from services.runtime.outbox import Message, Outbox
from services.runtime.store import Store
from services.runtime.trust import digest_of

_DONE = frozenset({"accepted", "held"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What a post got: durable before it is returned."""

    post: Post
    repeated: bool


class Agency:
    """Takes posts, hears intake, answers questions."""

    def __init__(self, rows: Store, outbox: Outbox, clock: Clock, realm: Realm, wait_s: float) -> None:
        """`wait_s` is how long a post waits for intake."""
        self._store, self._outbox, self._clock, self._realm, self._wait_s = rows, outbox, clock, realm, wait_s
        self._waiting: dict[str, asyncio.Event] = {}

    async def take(self, agency: str, data: bytes, content_type: str) -> Taken:
        """Put a message on its way and wait a little for intake's answer. The same bytes again are the same post."""
        source = digest_of(data)
        before = await self._store.transact(store.find, source, agency)
        if before is not None and before.state in _DONE:
            return Taken(before, repeated=True)
        heard = self._waiting.setdefault(source, asyncio.Event())
        post = Post(source, agency, self._clock.now(), "sent", {})
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
        store.add(connection, post)
        self._outbox.put_message(connection, message)

    async def status(self, agency: str, source: str) -> Post | None:
        """What became of what this agency posted."""
        return await self._store.transact(store.find, source, agency)

    async def accepted(self, alert: Alert) -> None:
        """Intake took it, or holds it for a person."""
        state = "held" if alert.grade is Grade.HOLD else "accepted"
        findings = [
            {"rule": one.rule, "grade": one.grade, "element": one.element, "message": one.says}
            for one in alert.findings
        ]
        await self._hear(
            alert.source, state, {"lineage": alert.lineage, "version": alert.version, "findings": findings}
        )

    async def refused(self, refusal: Refusal) -> None:
        """Intake did not take it."""
        finding = {
            "rule": refusal.rule, "grade": "refuse", "element": refusal.element, "message": refusal.says,
            "expected": refusal.expected,
        }  # fmt: skip
        await self._hear(refusal.source, "refused", {"findings": [finding]})

    async def _hear(self, source: str, state: str, said: dict[str, object]) -> None:
        answered = await self._store.transact(store.answer, source, state, said)
        if answered and (heard := self._waiting.get(source)):
            heard.set()
