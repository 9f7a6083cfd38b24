"""Builds and wires intake."""

from schemas.topics import INCOMING
from services.intake.answers import ROOM
from services.intake.filing import Filing
from services.intake.handlers import Handlers
from services.intake.metrics import IntakeMetrics
from services.intake.publishers import RegisterError, read_register
from services.intake.service import Intake
from services.intake.settings import IntakeSettings
from services.intake.store import METADATA, OUTBOX
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(IntakeSettings)
    try:
        register = read_register(settings.publishers)
    except RegisterError as error:
        stop([str(error)])
    room = Room(ROOM, shared, settings)
    store = open_store(shared, settings, ROOM, METADATA)
    outbox = Outbox(store, OUTBOX, room.clock, room.realm)
    filing = Filing(outbox, room.clock, room.realm, register, settings.orphan_wait, settings.stale)
    intake = Intake(store, filing, IntakeMetrics(room.metrics.registry))
    room.consume(INCOMING, Handlers(intake).incoming)
    room.use_outbox(outbox)
    room.background("waits", intake.sweep)
    room.on_close(store.close)
    return room
