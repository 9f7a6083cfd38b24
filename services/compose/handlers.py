"""The doorway: one topic, one method."""

from collections.abc import Awaitable, Callable
from typing import Any

from schemas.base import Record
from schemas.topics import ACCEPTED, RECOMPOSITIONS, TRUST, WITHHELD
from services.compose.service import Compose
from services.runtime.decoding import Envelope
from services.runtime.room import RecordHandler, Room

SLOW_FETCH_MS = 500


def _to(method: Callable[[Any], Awaitable[None]]) -> RecordHandler:
    async def handle(record: Record, _envelope: Envelope) -> None:
        await method(record)

    return handle


def register(room: Room, service: Compose) -> None:
    """Give the room's records to the service."""
    room.consume(ACCEPTED, _to(service.accept))
    room.consume(RECOMPOSITIONS, _to(service.recompose))
    room.consume(WITHHELD, _to(service.withheld))
    room.consume(TRUST, _to(service.trust), every_process=True, fetch_wait_ms=SLOW_FETCH_MS)
