"""The doorway of every dispatcher: one topic, one method."""

from collections.abc import Awaitable, Callable
from typing import Any

from schemas.base import Record
from schemas.topics import RECEIPTS, RELEASED, REPLIES, STOPPED, TRUST, batches
from schemas.words import PUBLIC_CHANNELS, Channel, Urgency
from services.dispatch.service import Dispatch
from services.runtime.decoding import Envelope
from services.runtime.room import RecordHandler, Room

SLOW_FETCH_MS = 500


def _to(method: Callable[[Any], Awaitable[None]]) -> RecordHandler:
    async def handle(record: Record, _envelope: Envelope) -> None:
        await method(record)

    return handle


def register(room: Room, service: Dispatch, channel: Channel) -> None:
    """Give the room's records to the service."""
    room.consume(RELEASED, _to(service.release))
    room.consume(STOPPED, _to(service.stop), every_process=True)
    room.consume(TRUST, _to(service.trust), every_process=True, fetch_wait_ms=SLOW_FETCH_MS)
    if channel in PUBLIC_CHANNELS:
        return
    room.consume(RECEIPTS, _to(service.receipts))
    room.consume(REPLIES, _to(service.reply), every_process=True, fetch_wait_ms=SLOW_FETCH_MS)
    room.consume(batches(channel, Urgency.URGENT), _to(service.batch))
    room.consume(batches(channel, Urgency.ROUTINE), _to(service.batch), fetch_wait_ms=SLOW_FETCH_MS)
