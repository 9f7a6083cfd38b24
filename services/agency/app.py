"""Builds and wires the agencies' door."""

from schemas.topics import ACCEPTED, ANSWERS, APPROVALS, HELD, REFUSED, WITHHELD
from schemas.words import Realm
from services.agency.handlers import Handlers
from services.agency.keys import Keys, KeysError
from services.agency.metrics import AgencyMetrics
from services.agency.polling import Poller
from services.agency.rate import Rate
from services.agency.service import Agency
from services.agency.settings import AgencySettings
from services.agency.tables import METADATA, OUTBOX
from services.agency.telling import Teller
from services.place.publishers import read_publishers
from services.place.reading import DataError
from services.runtime import proxy
from services.runtime.doors import Door
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop

NAME = "agency"
#: Nobody waits at the door for longer than a second for what comes after intake.
_SLOW_MS = 500


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(AgencySettings)
    try:
        keys = Keys.read(settings.keys) if settings.keys else Keys({})
        publishers = read_publishers(settings.publishers, "TOCSIN_AGENCY_PUBLISHERS")
    except (DataError, KeysError) as error:
        stop([str(error)])
    room = Room(NAME, shared, settings)
    store = open_store(shared, settings, NAME, METADATA)
    outbox = Outbox(store, OUTBOX, room.clock, room.realm)
    metrics = AgencyMetrics(room.metrics.registry)
    agency = Agency(store, outbox, room.clock, room.realm, publishers=publishers, wait_s=settings.answer_wait_s)
    teller = Teller(
        store, outbox, room.clock, room.realm, publishers, metrics, settings.pages_url, settings.sender, agency.wake
    )
    rate = Rate(settings.per_minute, room.clock.boottime)
    handlers = Handlers(agency, teller, keys, rate, metrics)
    _listen(room, handlers)
    room.make_topics(ANSWERS.of(publisher) for publisher in publishers.on_topics)
    room.public_door("public", Door(handlers.application(), settings.public_bind, settings.public_port))
    if settings.feeds:
        way = proxy.address(settings.proxy)
        poller = Poller(store, outbox, room.realm, settings.feeds, settings.poll_s, room.clock.now, metrics, way)
        room.background("feeds", poller.run)
    room.use_outbox(outbox)
    room.on_close(store.close)
    return room


def _listen(room: Room, handlers: Handlers) -> None:
    """To the room's own realm; in live to the drill too, where intake hands over what publishers try out."""
    for realm in dict.fromkeys((room.realm, Realm.DRILL)):
        wait_ms = 100 if realm is room.realm else _SLOW_MS
        room.consume(ACCEPTED, handlers.accepted, of=realm, fetch_wait_ms=wait_ms)
        room.consume(REFUSED, handlers.refused, of=realm, fetch_wait_ms=wait_ms)
        room.consume(HELD, handlers.held, of=realm, fetch_wait_ms=_SLOW_MS)
        room.consume(APPROVALS, handlers.approval, of=realm, fetch_wait_ms=_SLOW_MS)
        room.consume(WITHHELD, handlers.withheld, of=realm, fetch_wait_ms=_SLOW_MS)
