"""The outbox: what a room publishes is written in the same transaction as the change that it tells of.

A relay, woken by the commit, publishes every row with the broker's confirmation and then deletes it. A process killed
between the two publishes again: readers are idempotent by ids of their own. Rows of one key keep their order, also when
several processes share the store: one of them relays at a time, and a frozen one loses its turn. A process that has its
store to itself deletes when it is quiet: at once, the delete's way to the disk was in the way of the next rooms, which
had just been given the record.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import sqlalchemy as sa
from structlog.stdlib import get_logger

from schemas.base import Record
from schemas.topics import Topic
from schemas.words import Realm
from services.runtime import correlation
from services.runtime.clock import Clock
from services.runtime.postgres import TurnTakenError
from services.runtime.prepared import Prepared
from services.runtime.store import Moment, Runner, Store
from services.runtime.tracing import TRACING

log = get_logger(__name__)
CHUNK = 200
#: After so many seconds without a wake, or with so many rows published, those are deleted.
QUIET_S, MANY = 0.1, 50
#: Seconds of publishing after which a turn starts no further row, of waiting for another process's turn, and until a
#: process that stands still has lost its own: longer than the first and one publish's time-out together.
TURN_S, WAIT_S, HOLD_S = 8.0, 3.0, 25.0
SCHEMA_HEADER = "tocsin-schema"
CORRELATION_HEADER = "tocsin-correlation"


def table(metadata: sa.MetaData) -> sa.Table:
    """The outbox table, one in every store of a room that publishes."""
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sqlite_autoincrement=True,
    )


class Message(NamedTuple):
    """One record to publish: the full topic name, key, value (null is a tombstone) and headers."""

    topic: str
    key: bytes
    value: bytes | None
    headers: dict[str, str]


class Publisher(Protocol):
    """Something that publishes one message and returns only when the broker has confirmed it."""

    async def __call__(self, message: Message) -> None:
        """Publish, or raise."""
        ...


def message_of(
    realm: Realm, topic: Topic, key: str, value: Record | bytes, headers: Mapping[str, str] | None = None
) -> Message:
    """A message for `topic`; a Record says its schema in a header, bytes say what the caller says."""
    more = dict(headers or {})
    if isinstance(value, Record):
        more[SCHEMA_HEADER] = f"{value.schema_name}/{value.schema_version}"
        value = value.model_dump_json(by_alias=True, exclude_none=True).encode()
    return Message(topic.full(realm), key.encode(), value, more)


class Outbox:
    """The writing half, used inside a handler's transaction, and the relay that empties it."""

    def __init__(self, store: Store, rows: sa.Table, clock: Clock, realm: Realm) -> None:
        """Use the `rows` table (see `table`) of `store`."""
        self._store, self._rows, self._clock, self._realm = store, rows, clock, realm
        self._insert = Prepared(sa.insert(rows).inline(), (*Message._fields, "at"))
        self._chunk = sa.select(rows).order_by(rows.c.id).limit(MANY + CHUNK)
        self._woken = asyncio.Event()
        #: Rows that are published and not deleted yet, fewer than MANY between two turns.
        self._published: set[int] = set()

    def put(
        self,
        connection: sa.Connection,
        topic: Topic,
        key: str,
        value: Record | bytes,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Write one message for `topic` of this realm, in the caller's transaction.

        It carries the correlation id in `headers`, or else that of what is being handled.
        """
        now = correlation.current()
        more = {**({CORRELATION_HEADER: now} if now else {}), **(headers or {})}
        self.put_message(connection, message_of(self._realm, topic, key, value, more))

    def put_message(self, connection: sa.Connection, message: Message) -> None:
        """Write one message for any topic by its full name, in the caller's transaction."""
        message = message._replace(headers={**message.headers, **TRACING.carried()})
        self._insert(connection, at=self._clock.now(), **message._asdict())

    def wake(self) -> None:
        """Tell the relay that something was committed. Call after the transaction, from the event loop."""
        self._woken.set()

    async def oldest(self) -> datetime | None:
        """When the oldest unpublished row was written."""
        query = sa.select(self._rows.c.id, self._rows.c.at).order_by(self._rows.c.id).limit(MANY + 1)
        found = await self._store.transact(lambda c: c.execute(query).all())
        return next((row.at for row in found if row.id not in self._published), None)

    async def relay(self, publish: Publisher, idle_s: float = 1.0) -> None:
        """Publish rows for ever. `idle_s` is how long a missed wake may cost."""
        wait = idle_s
        try:
            while True:
                woken = await self._wait(min(QUIET_S, wait) if self._published else wait)
                try:
                    if not woken:
                        await self._forget(self._store.transact)
                    while await self.relay_once(publish) >= CHUNK:
                        pass
                    wait = idle_s
                except TurnTakenError:
                    wait = idle_s
                except Exception as error:  # noqa: BLE001 - whatever failed, the rows are still there and must go out
                    log.warning("outbox.retry", error=type(error).__name__, wait_s=wait)
                    wait = min(5.0, max(0.2, wait * 2))
        finally:
            await self._forget(self._store.transact)

    async def _wait(self, wait_s: float) -> bool:
        """Until something was committed, and whether it was, or `wait_s` seconds have passed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), wait_s)
        woken = self._woken.is_set()
        self._woken.clear()
        return woken

    async def relay_once(self, publish: Publisher) -> int:
        """Publish one chunk, rows of one key in order, different keys at once; the number published.

        Raises:
            TurnTakenError: another process relays this store's rows, and has been at it for long.
        """
        async with self._store.alone("outbox", WAIT_S, HOLD_S) as run:
            found = await run(lambda c: c.execute(self._chunk).all())
            fresh = [row for row in found if row.id not in self._published]
            done, failed = await self._publish_all(fresh, publish)
            self._published.update(done)
            if len(self._published) >= MANY or not self._store.is_sqlite:  # others must not find them on their turn
                await self._forget(run)
        if failed:
            raise failed
        return len(done)

    async def _forget(self, run: Runner) -> None:
        """Delete what is published."""
        gone = sorted(self._published)
        if gone:
            await run(lambda c: c.execute(sa.delete(self._rows).where(self._rows.c.id.in_(gone))))
            self._published.difference_update(gone)

    async def _publish_all(
        self, found: Sequence["sa.Row[tuple[object, ...]]"], publish: Publisher
    ) -> tuple[list[int], BaseException | None]:
        """The ids of the rows that were published, and the first failure; a key stops at its first."""
        by_key: dict[tuple[str, bytes], list[sa.Row[tuple[object, ...]]]] = defaultdict(list)
        for row in found:
            by_key[row.topic, row.key].append(row)
        end, done = self._clock.boottime() + TURN_S, list[int]()

        async def in_order(rows: "list[sa.Row[tuple[object, ...]]]") -> None:
            for row in rows:
                if self._clock.boottime() > end:
                    return  # frozen meanwhile, or slow: whoever has the next turn goes on
                await publish(Message(row.topic, row.key, row.value, row.headers))
                done.append(row.id)

        results = await asyncio.gather(*map(in_order, by_key.values()), return_exceptions=True)
        return done, next((result for result in results if isinstance(result, BaseException)), None)
