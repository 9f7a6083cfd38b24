"""One room: its broker, its private door, its outbox, its background work, and an orderly end.

A room's `app.py` makes a `Room`, gives handlers to `consume`, work to `background`, and calls `run`. `run` waits for
Kafka as long as it takes, makes the topics that are missing, is ready when every partition is assigned, and ends at
SIGTERM or SIGINT within a bounded time, or with status 3 and a sentence at a RoomStop and whenever its work ends.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage
from structlog.stdlib import get_logger

from schemas.base import Record
from schemas.topics import TOPICS, Topic
from schemas.words import Realm
from services.runtime import broker as kafka
from services.runtime import collector, correlation, logging, topics
from services.runtime.background import Background
from services.runtime.clock import Clock, SystemClock
from services.runtime.decoding import ONLY_HEADER, Envelope, decode, envelope_of
from services.runtime.doors import Door, announce, private_application, retract
from services.runtime.lag import Lag
from services.runtime.metrics import RoomMetrics
from services.runtime.outbox import Message, Outbox
from services.runtime.parking import Parking, RoomStop
from services.runtime.patience import Patience
from services.runtime.reach import Reach
from services.runtime.settings import RoomSettings, SharedSettings
from services.runtime.spans import process_span, publish_span
from services.runtime.tracing import TRACING

log = get_logger(__name__)
STOP_S = 25.0
START_WAIT_S = 5.0

RecordHandler = Callable[[Any, Envelope], Awaitable[None]]


class Room:
    """The frame of one consumer service."""

    def __init__(self, name: str, shared: SharedSettings, settings: RoomSettings, clock: Clock | None = None) -> None:
        """`name` is the room's, with its channel: `compose`, `dispatch/x`."""
        self.name, self.shared, self.settings = name, shared, settings
        self.realm: Realm = shared.realm
        self.clock = clock or SystemClock()
        self.metrics = RoomMetrics(name, shared.realm)
        self.metrics.watch_disk(shared.home)
        self._reach = Reach(shared.kafka, shared.kafka_user)
        self._lag = Lag(self.metrics.lag, self.metrics.kafka, self._reach)
        self.broker: KafkaBroker = kafka.make_broker(
            shared.kafka, f"tocsin.{self._slug}.{shared.replica}", access=shared
        )
        self._parking = Parking(
            room=name, realm=shared.realm, publish=self.publish, clock=self.clock, metrics=self.metrics,
            limit=shared.park_limit,
        )  # fmt: skip
        self._assignments: dict[str, kafka.Assignment] = {}
        self._topics: list[Topic] = []
        self._closers: list[Callable[[], None]] = []
        self._patience = Patience()
        self._background = Background(self._patience)
        self._checks: list[Callable[[], str | None]] = [self._reach.missing, self._patience.missing]
        self._routes: list[web.RouteDef] = []
        self._doors: list[tuple[str, Door]] = []
        self._stop = asyncio.Event()
        self._status = 0

    @property
    def _slug(self) -> str:
        return self.name.replace("/", "-")

    # --- what app.py calls ---

    def consume(
        self, topic: Topic, handler: RecordHandler, *, every_process: bool = False, fetch_wait_ms: int = 100,
        of: Realm | None = None,
    ) -> None:  # fmt: skip
        """Give every record of `topic` to `handler(record, envelope)`; raw bytes where the topic has no schema.

        `every_process` puts this process in a group of its own, so that each replica sees every record. `of` is the
        realm whose topic it is, where that is not the room's own: a door tells agencies what became of their drills.
        """
        full = topic.full(of or self.realm)
        if full != topic.full(self.realm):
            self._topics.append(replace(topic, name=full))
        name = topic.name if full == topic.full(self.realm) else full
        group = f"{self.realm.value}.{self._slug}.{name}" + (f".{self.shared.replica}" if every_process else "")
        assignment = self._assignments[name] = kafka.Assignment(self._show_readiness)
        instance = f"{self._slug}.{self.shared.replica}"
        subscriber = self.broker.subscriber(full, **kafka.subscription(group, instance, assignment, fetch_wait_ms))
        subscriber(self._doorway(topic, handler))
        self.metrics.handled.labels(topic.name)
        self.metrics.seconds.labels(topic.name)
        self._lag.watch(name, lambda: subscriber.consumer)

    def make_topics(self, more: Iterable[Topic]) -> None:
        """Make these topics of the room's realm too, before it consumes or publishes anything."""
        self._topics.extend(more)

    def background(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work()` beside the handlers until the room stops; if it ends or fails, the room stops."""
        self._background.add(name, work)

    def use_outbox(self, outbox: Outbox) -> None:
        """Relay `outbox` and show its age."""

        async def watch() -> None:
            while True:
                oldest = await outbox.oldest()
                age = (self.clock.now() - oldest).total_seconds() if oldest else 0.0
                self.metrics.outbox_age.set(max(0.0, age))
                await asyncio.sleep(2)

        self.background("outbox", lambda: outbox.relay(self.publish))
        self.background("outbox-age", watch)

    def check(self, question: Callable[[], str | None]) -> None:
        """A readiness check: a sentence that says what is missing, or None."""
        self._checks.append(question)

    def private_route(self, route: web.RouteDef) -> None:
        """Add private JSON to the private door."""
        self._routes.append(route)

    def public_door(self, name: str, door: Door) -> None:
        """Open another door, on a port of its own."""
        self._doors.append((name, door))

    def on_close(self, closer: Callable[[], None]) -> None:
        """Call `closer` when everything else has stopped: stores are closed here."""
        self._closers.append(closer)

    async def publish(self, message: Message) -> None:
        """Publish one message with the broker's confirmation. Rooms publish through their outbox, not by this."""
        with publish_span(message):
            carried = {**message.headers, **TRACING.carried()}
            await kafka.publish(self.broker, message._replace(headers=carried))

    def stop(self, status: int, sentence: str) -> None:
        """End the room and say why on standard error."""
        if not self._stop.is_set():
            self._status = status
            if sentence:
                print(f"tocsin {self.name}: {sentence}", file=sys.stderr)  # noqa: T201 - for whoever runs the room
            self._stop.set()

    def partitions(self, topic: Topic) -> set[int]:
        """The partitions of `topic` that the group has given this process."""
        assignment = self._assignments[topic.name]
        return assignment.partitions.get(topic.full(self.realm), set()) if assignment.settled else set()

    # --- handling ---

    def _doorway(self, topic: Topic, handler: RecordHandler) -> Callable[[StreamMessage[Any]], Awaitable[None]]:
        async def consume(message: StreamMessage[Any]) -> None:
            raw: ConsumerRecord[bytes, bytes] = message.raw_message
            envelope = envelope_of(raw)
            only = envelope.headers.get(ONLY_HEADER)
            if (only is not None and only != self.name) or (envelope.value is None and topic.compacted):
                return
            started = time.perf_counter()
            try:
                with (
                    correlation.bound(envelope.correlation, origin=envelope.origin),
                    process_span(envelope) as span,
                    self._lag.handling(topic.name),
                ):
                    await self._parking.guard(envelope, lambda: self._handle(topic, handler, envelope), span.failed)
            except RoomStop as error:
                self.stop(3, str(error))
                await asyncio.sleep(STOP_S)  # not acknowledged, and nothing after it either: the room is ending
                raise
            self.metrics.handled.labels(topic.name).inc()
            self.metrics.seconds.labels(topic.name).observe(time.perf_counter() - started)

        return consume

    async def _handle(self, topic: Topic, handler: RecordHandler, envelope: Envelope) -> None:
        record: Record | bytes = decode(topic, envelope) if topic.values else (envelope.value or b"")
        await self._patience.with_store(topic.name, lambda: handler(record, envelope))

    # --- life ---

    def missing(self) -> list[str]:
        """What keeps this room from being ready, in sentences."""
        found = [sentence for question in self._checks if (sentence := question())]
        return found + [f"{name}: no partitions assigned yet" for name, a in self._assignments.items() if not a.settled]

    def _show_readiness(self) -> None:
        self.metrics.ready.set(0 if self.missing() else 1)

    def run(self) -> None:
        """Run until told to stop; the process ends here, with the status that `stop` was given."""
        logging.configure(self.shared.log_level, room=self.name, realm=self.realm.value, replica=self.shared.replica)
        if self.shared.traces_url:
            TRACING.start(
                self.shared.traces_url, room=self.name, realm=self.realm.value, replica=self.shared.replica
            )  # fmt: skip
        collector.settle()
        # Not asyncio.run: at its end it waits for whatever does not hear that it is cancelled, as clients of Kafka may.
        status = asyncio.new_event_loop().run_until_complete(self._live())
        self.close()
        TRACING.stop()
        sys.stderr.flush()
        os._exit(status)  # a Kafka client that waits for a dead broker must not keep the process alive

    def close(self) -> None:
        """Close the stores; `run` does it at the end, whoever only builds a room does it instead."""
        for closer in self._closers:
            closer()

    async def _live(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, 0, "")
        await self._open_doors()
        life = asyncio.create_task(self._work_life())
        life.add_done_callback(self._has_ended)
        await self._stop.wait()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(STOP_S):
                while not life.done():
                    life.cancel()  # again each second: a client of Kafka that is just being closed swallows it
                    await asyncio.wait({life}, timeout=1)
                await self.broker.stop()
        for _, door in self._doors:
            await door.stop()
        retract(self.shared.home, self.name, self.shared.replica)
        return self._status

    async def _open_doors(self) -> None:
        private = Door(
            private_application(self.metrics.registry, self.missing, self._routes), self.shared.bind,
            self.settings.private_port,
        )  # fmt: skip
        self._doors.append(("private", private))
        try:
            addresses = {name: await door.start() for name, door in self._doors}
        except OSError as error:
            self.stop(2, f"a door cannot open: {error.strerror}; choose another port")
            return
        announce(self.shared.home, self.name, addresses, self.shared.replica)

    async def _work_life(self) -> None:
        self.background("readiness", self._watch_readiness)
        self.background("lag", self._lag.run)
        await self._start_broker()
        await self._background.run()

    def _has_ended(self, life: asyncio.Task[None]) -> None:
        """Whatever it was that ended the work, the room ends with it, and a supervisor starts it again."""
        if self._stop.is_set():
            return
        error = asyncio.CancelledError() if life.cancelled() else life.exception()
        if not isinstance(error, RoomStop):
            log.error("room.failed", exc_info=error)
            error = RoomStop(f"its work ended with {type(error).__name__}; the log says where")
        self.stop(3, str(error))

    async def _start_broker(self) -> None:
        """Start as often as it takes: a room that comes up before Kafka waits for it."""
        while True:
            try:
                made = await topics.ensure(
                    self.shared.kafka, self.realm, self.shared.replication, (*TOPICS, *self._topics),
                    access=self.shared, needed=set(self._assignments),
                )  # fmt: skip
                await self.broker.start()
            except (KafkaError, OSError, TimeoutError) as error:
                self._reach.failed(error)
                log.warning("kafka.waiting", error=type(error).__name__, servers=self.shared.kafka)
                with contextlib.suppress(Exception):
                    await self.broker.stop()
                await asyncio.sleep(START_WAIT_S / 5)
            else:
                self._reach.well()
                log.info("room.started", topics_made=len(made))
                return

    async def _watch_readiness(self) -> None:
        while True:
            self._show_readiness()
            await asyncio.sleep(1)
