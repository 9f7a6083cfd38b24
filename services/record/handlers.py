"""The doorway of record: one topic, one method."""

import dataclasses
from collections.abc import Awaitable, Callable

from schemas.alert import Refusal
from schemas.delivery import Deliveries
from schemas.release import Release, Stop
from schemas.topics import (
    ACCEPTED,
    ALARMS,
    APPROVALS,
    COMPOSED,
    DECIDED,
    DELIVERIES,
    ESTIMATED,
    HELD,
    PARKED,
    READINGS,
    RECOMPOSITIONS,
    REFUSED,
    RELEASED,
    STOPPED,
    TRUST,
    WITHHELD,
)
from schemas.trust import Bundle, Revocation
from services.record.projection import Projection
from services.runtime.decoding import Envelope
from services.runtime.keeper import Keeper
from services.runtime.room import Room
from services.runtime.trusted import NotTrustedError

#: Topics where nothing is busy enough to be starved by a long poll; a shorter one costs processor time for nothing.
SLOW_FETCH_MS = 500
STORY = (ACCEPTED, COMPOSED, HELD, RECOMPOSITIONS, ESTIMATED, DECIDED, APPROVALS, WITHHELD, READINGS)
#: Parked records are any bytes: they are not decoded here, or what cannot be read would be parked again.
PARKED_BYTES = dataclasses.replace(PARKED, values=())


class Handlers:
    """Gives each record to the projection."""

    def __init__(self, projection: Projection, keeper: Keeper, on_refused: Callable[[str], None]) -> None:
        """`on_refused` counts the rules by which something was not believed."""
        self._projection, self._keeper, self._on_refused = projection, keeper, on_refused

    def register(self, room: Room) -> None:
        """Consume every topic that tells of an alert."""
        for topic in STORY:
            room.consume(topic, self._projection.take, fetch_wait_ms=SLOW_FETCH_MS)
        room.consume(ALARMS, self._projection.alarm, fetch_wait_ms=SLOW_FETCH_MS)
        room.consume(REFUSED, self.refused, fetch_wait_ms=SLOW_FETCH_MS)
        room.consume(RELEASED, self.released, fetch_wait_ms=SLOW_FETCH_MS)
        room.consume(STOPPED, self.stopped, fetch_wait_ms=SLOW_FETCH_MS)
        room.consume(DELIVERIES, self.deliveries)
        room.consume(PARKED_BYTES, self._projection.parked, fetch_wait_ms=SLOW_FETCH_MS)
        room.consume(TRUST, self.trust, every_process=True, fetch_wait_ms=SLOW_FETCH_MS)

    async def refused(self, record: Refusal, _envelope: Envelope) -> None:
        """`alerts.refused`."""
        await self._projection.refused(record)

    async def released(self, record: Release, envelope: Envelope) -> None:
        """`broadcasts.released`."""
        await self._count(self._projection.released(record, envelope))

    async def stopped(self, record: Stop, envelope: Envelope) -> None:
        """`broadcasts.stopped`."""
        await self._count(self._projection.stopped(record, envelope))

    async def deliveries(self, record: Deliveries, _envelope: Envelope) -> None:
        """`deliveries`."""
        await self._projection.deliveries(record)

    async def trust(self, record: Bundle | Revocation, _envelope: Envelope) -> None:
        """`trust`: what is not believed is counted and changes nothing."""
        try:
            self._keeper.take(record)
        except NotTrustedError as error:
            self._on_refused(error.rule)
        await self._projection.judge_again()

    async def _count(self, judged: Awaitable[str | None]) -> None:
        rule = await judged
        if rule is not None:
            self._on_refused(rule)
