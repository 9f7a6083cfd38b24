"""Builds and wires the agencies' door."""

from schemas.topics import ACCEPTED, REFUSED
from services.agency.handlers import Handlers
from services.agency.keys import Keys, KeysError
from services.agency.metrics import AgencyMetrics
from services.agency.polling import Poller
from services.agency.rate import Rate
from services.agency.service import Agency
from services.agency.settings import AgencySettings
from services.agency.store import METADATA, OUTBOX
from services.runtime.doors import Door
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop

NAME = "agency"


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(AgencySettings)
    try:
        keys = Keys.read(settings.keys)
    except KeysError as error:
        stop([str(error)])
    room = Room(NAME, shared, settings)
    store = open_store(shared, settings, NAME, METADATA)
    outbox = Outbox(store, OUTBOX, room.clock, room.realm)
    agency = Agency(store, outbox, room.clock, room.realm, settings.answer_wait_s)
    rate = Rate(settings.per_minute, room.clock.boottime)
    metrics = AgencyMetrics(room.metrics.registry)
    handlers = Handlers(agency, keys, rate, metrics)
    poller = Poller(store, outbox, room.realm, settings.feeds, settings.poll_s, room.clock.now, metrics)
    room.consume(ACCEPTED, handlers.accepted)
    room.consume(REFUSED, handlers.refused)
    room.public_door("public", Door(handlers.application(), settings.public_bind, settings.public_port))
    if settings.feeds:
        room.background("feeds", poller.run)
    room.use_outbox(outbox)
    room.on_close(store.close)
    return room
