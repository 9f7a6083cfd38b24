"""Builds and wires intake."""

from schemas.topics import INCOMING, TRUST
from services.intake.answers import ROOM
from services.intake.door import PrivateDoor
from services.intake.filing import Filing
from services.intake.handlers import Handlers
from services.intake.metrics import IntakeMetrics
from services.intake.publishers import read_register
from services.intake.service import Intake
from services.intake.settings import IntakeSettings
from services.intake.store import METADATA, OUTBOX
from services.place.reading import DataError
from services.runtime.keeper import Keeper
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop
from services.runtime.trusted import NotTrustedError


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(IntakeSettings)
    try:
        register, keeper = read_register(settings.publishers), Keeper(shared, ROOM)
    except (DataError, NotTrustedError) as error:
        stop([str(error)])
    room = Room(ROOM, shared, settings)
    store = open_store(shared, settings, ROOM, METADATA)
    outbox = Outbox(store, OUTBOX, room.clock, room.realm)
    filing = Filing(outbox, room.clock, room.realm, register, settings.orphan_wait, settings.stale)
    intake = Intake(store, filing, IntakeMetrics(room.metrics.registry))
    handlers = Handlers(intake, keeper, lambda rule: room.metrics.refused.labels(rule).inc())
    room.consume(INCOMING, handlers.incoming)
    room.consume(TRUST, handlers.trust, every_process=True, fetch_wait_ms=500)
    for route in PrivateDoor(store, outbox, keeper, room.clock, shared).routes():
        room.private_route(route)
    room.metrics.bundle_serial.set(keeper.serial)
    keeper.on_change(lambda: room.metrics.bundle_serial.set(keeper.serial))
    room.use_outbox(outbox)
    room.background("waits", intake.sweep)
    room.on_close(store.close)
    return room
