"""Builds and wires record."""

from services.place.jurisdiction import read_jurisdiction
from services.place.reading import DataError
from services.record.belief import Belief
from services.record.handlers import Handlers
from services.record.labels import Labels, LabelsError
from services.record.metrics import RecordMetrics
from services.record.pages import Pages
from services.record.projection import Projection
from services.record.rendering import Renderer
from services.record.routes import Routes
from services.record.settings import RecordSettings
from services.record.tables import metadata
from services.record.watching import Watch
from services.runtime.keeper import Keeper
from services.runtime.opening import open_store
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop
from services.runtime.trusted import NotTrustedError

NAME = "record"


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(RecordSettings)
    try:
        place = read_jurisdiction(settings.jurisdiction, "TOCSIN_RECORD_JURISDICTION")
        labels = Labels.read(settings.templates / "pages" / "words.yaml", settings.templates / "guidance", place.zone)
        keeper = Keeper(shared, NAME)
    except (DataError, LabelsError, NotTrustedError) as error:
        stop([str(error)])
    room = Room(NAME, shared, settings)
    store = open_store(shared, settings, NAME, metadata)
    metrics = RecordMetrics(room.metrics.registry)
    pages = Pages(
        store=store, clock=room.clock, realm=room.realm, folder=settings.pages_folder(shared),
        renderer=Renderer(settings.templates / "pages", labels), metrics=metrics,
    )  # fmt: skip
    watch = Watch(store, room.clock, metrics)
    projection = Projection(store, Belief(keeper, room.realm), pages.changed, watch.moved, metrics.alarm)
    handlers = Handlers(projection, keeper, lambda rule: room.metrics.refused.labels(rule).inc())
    handlers.register(room)
    for route in Routes(store, room.clock).all():
        room.private_route(route)
    room.check(keeper.missing)
    room.metrics.bundle_serial.set(keeper.serial)
    keeper.on_change(lambda: room.metrics.bundle_serial.set(keeper.serial))
    room.background("pages", pages.run)
    room.background("watch", watch.run)
    room.background("trust", projection.keep_judging)
    room.on_close(store.close)
    return room
