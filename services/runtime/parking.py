"""Parking: a record that cannot be handled waits on `parked` for a person, and the next one goes on.

Only when parking itself fails is the record left unacknowledged. Too many parked in a row mean that the room is
broken, not the records: it stops and says so.
"""

import base64
from collections.abc import Awaitable, Callable

from structlog.stdlib import get_logger

from schemas.topics import PARKED
from schemas.words import Realm
from services.runtime.clock import Clock
from services.runtime.decoding import Envelope, NewerSchemaError
from services.runtime.metrics import RoomMetrics
from services.runtime.outbox import Message, Publisher

log = get_logger(__name__)
CAUSE_LIMIT = 300


class RoomStop(Exception):  # noqa: N818 - it is no error of the caller's: the room must end, and this says why
    """The room stops with this sentence."""


class Parking:
    """Guards one room's handlers."""

    def __init__(
        self, *, room: str, realm: Realm, publish: Publisher, clock: Clock, metrics: RoomMetrics, limit: int
    ) -> None:
        """`limit` is how many records in a row may be parked before the room stops."""
        self._room, self._realm, self._publish, self._clock = room, realm, publish, clock
        self._metrics, self._limit, self._in_a_row = metrics, limit, 0

    async def guard(
        self, envelope: Envelope, handle: Callable[[], Awaitable[None]], failed: Callable[[str], None] = lambda _: None
    ) -> None:
        """Run `handle`; what it raises is parked, and `failed` hears its type.

        Raises RoomStop, or whatever made parking itself fail.
        """
        try:
            await handle()
        except NewerSchemaError as error:
            raise RoomStop(str(error)) from error
        except Exception as error:  # noqa: BLE001 - anything a handler raises is parked: that is the promise
            failed(type(error).__name__)
            await self._park(envelope, error)
        else:
            self._in_a_row = 0

    async def _park(self, envelope: Envelope, error: Exception) -> None:
        log.error("record.parked", origin=envelope.origin, error=type(error).__name__, where=_where(error))
        await self._publish(parked_message(self._realm, self._room, envelope, error, self._clock.now().isoformat()))
        self._metrics.parked.inc()
        self._in_a_row += 1
        if self._in_a_row >= self._limit:
            message = f"{self._in_a_row} records in a row were parked: the room is broken, not the records"
            raise RoomStop(message)


def parked_message(realm: Realm, room: str, envelope: Envelope, error: Exception, at: str) -> Message:
    """The parked record: the raw bytes, and in headers why, whence and all that a replay needs."""
    headers = {
        **{f"original-{name}": value for name, value in envelope.headers.items()},
        "tocsin-room": room,
        "tocsin-origin": envelope.origin,
        "tocsin-topic": envelope.topic,
        "tocsin-key": base64.b64encode(envelope.key or b"").decode(),
        "tocsin-error": type(error).__name__,
        "tocsin-cause": _cause(error),
        "tocsin-at": at,
    }
    key = f"{envelope.origin}#{room}".encode()
    return Message(PARKED.full(realm), key, envelope.value if envelope.value is not None else b"", headers)


def _cause(error: Exception) -> str:
    """A sentence without values: our own errors say one; any other names only its place."""
    module = type(error).__module__
    if module.startswith(("services.", "schemas.")):
        return str(error)[:CAUSE_LIMIT]
    return f"{type(error).__name__} at {_where(error)}"


def _where(error: BaseException) -> str:
    """The last place of our own code in the traceback."""
    found, step = "unknown", error.__traceback__
    while step is not None:
        name = step.tb_frame.f_globals.get("__name__", "")
        if name.startswith(("services.", "schemas.")):
            found = f"{name}:{step.tb_lineno}"
        step = step.tb_next
    return found
