"""Builds and wires approve."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from schemas.topics import COMPOSED, DECIDED, ESTIMATED, HELD, STOPPED, TRUST
from services.approve import tables
from services.approve.announcing import ROOM, Announcer
from services.approve.door import PrivateDoor
from services.approve.engine import Engine, open_engine
from services.approve.handlers import Handlers
from services.approve.metrics import ApproveMetrics
from services.approve.service import Approver
from services.approve.settings import ApproveSettings
from services.approve.settling import Settler
from services.approve.showing import Showing
from services.runtime import settings as setting
from services.runtime.clock import Clock, SystemClock
from services.runtime.keeper import Keeper
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings
from services.runtime.store import Store
from services.runtime.trusted import NotTrustedError


@dataclass(frozen=True)
class Parts:
    """Approve without Kafka: what its decisions and its door are made of."""

    store: Store
    outbox: Outbox
    keeper: Keeper
    approver: Approver
    showing: Showing


def make_parts(shared: SharedSettings, settings: ApproveSettings, engine: Engine, clock: Clock) -> Parts:
    """Open the store and the trust. NotTrustedError when the room's copy of the bundle cannot be read."""
    keeper = Keeper(shared, ROOM)
    store = open_store(shared, settings, ROOM, tables.metadata)
    outbox = Outbox(store, tables.outgoing, clock, shared.realm)
    announcer = Announcer(shared.realm, outbox)
    settler = Settler(shared.realm, keeper, engine, announcer)
    approver = Approver(
        realm=shared.realm, settler=settler, announcer=announcer, clock=clock,
        estimate_wait_s=settings.estimate_wait_s,
    )  # fmt: skip
    return Parts(store, outbox, keeper, approver, Showing(settler))


def build() -> Room:
    """The room, ready to run."""
    shared, settings = setting.load(SharedSettings), setting.load(ApproveSettings)
    try:
        return wire(shared, settings, open_engine(settings.key_path(shared)), SystemClock())
    except (OSError, ValueError, NotTrustedError) as error:
        setting.stop([str(error)])


def wire(shared: SharedSettings, settings: ApproveSettings, engine: Engine, clock: Clock) -> Room:
    """Hang store, decisions, handlers and the private door together."""
    parts = make_parts(shared, settings, engine, clock)
    room = Room(ROOM, shared, settings, clock)
    metrics = ApproveMetrics(room.metrics)
    handlers = Handlers(
        store=parts.store, outbox=parts.outbox, approver=parts.approver, keeper=parts.keeper, metrics=metrics
    )
    _consume(room, handlers)
    _show_trust(room, parts.keeper)
    room.use_outbox(parts.outbox)
    room.background("sweep", _sweeping(parts, handlers, metrics, clock, settings.sweep_s))
    for route in PrivateDoor(parts.store, parts.showing, clock).routes():
        room.private_route(route)
    room.on_close(parts.store.close)
    return room


def _consume(room: Room, handlers: Handlers) -> None:
    """Rare topics poll more slowly: an idle room is to cost nothing. A record that comes is still read at once."""
    room.consume(COMPOSED, handlers.composed)
    room.consume(ESTIMATED, handlers.estimated)
    room.consume(DECIDED, handlers.decided)
    room.consume(HELD, handlers.held, fetch_wait_ms=500)
    room.consume(STOPPED, handlers.stopped, fetch_wait_ms=500)
    room.consume(TRUST, handlers.trust, every_process=True, fetch_wait_ms=500)


def _show_trust(room: Room, keeper: Keeper) -> None:
    def show() -> None:
        room.metrics.bundle_serial.set(keeper.serial)

    show()
    keeper.on_change(show)
    room.check(keeper.missing)


def _sweeping(
    parts: Parts, handlers: Handlers, metrics: ApproveMetrics, clock: Clock, every_s: float
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Deadlines, and a bundle that was put in its place while nobody looked: before this start, or by hand."""

    async def sweep() -> None:
        seen = -1
        while True:
            if seen != parts.keeper.serial:
                seen = parts.keeper.serial
                await handlers.do(parts.approver.trust_changed)
            await handlers.do(parts.approver.sweep)
            metrics.show_waiting(*await parts.store.transact(parts.showing.counts, clock.now()))
            await asyncio.sleep(every_s)

    return sweep


def main() -> None:
    """Run until told to stop."""
    build().run()
