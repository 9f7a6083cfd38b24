"""Builds and wires compose."""

import asyncio

from structlog.stdlib import get_logger

from schemas.words import Realm
from services.compose import library
from services.compose.handlers import register
from services.compose.metrics import ComposeMetrics
from services.compose.reviews import Cabinet
from services.compose.service import Compose
from services.compose.settings import ComposeSettings
from services.compose.store import METADATA, OUTBOX
from services.place.jurisdiction import Jurisdiction
from services.place.reading import DataError
from services.runtime.keeper import Keeper
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop

ROOM = "compose"
HOUR_S = 3600
log = get_logger(__name__)


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(ComposeSettings)
    try:
        data = library.read(settings)
    except DataError as error:
        stop([str(error)])
    room = Room(ROOM, shared, settings)
    store = open_store(shared, settings, ROOM, METADATA)
    outbox = Outbox(store, OUTBOX, room.clock, room.realm)
    keeper = Keeper(shared, ROOM)
    warn_of_a_fictional_place(data.jurisdiction, room.realm)
    room.metrics.bundle_serial.set(keeper.serial)
    service = Compose(
        store, outbox, keeper, data, settings, realm=room.realm,
        clock=room.clock, metrics=ComposeMetrics(room.metrics.registry), room_metrics=room.metrics,
        cabinet=Cabinet(settings.approvals or shared.home / "guidance", room.realm),
    )  # fmt: skip

    async def watch_reviews() -> None:
        while True:
            service.count_overdue()
            await asyncio.sleep(HOUR_S)

    register(room, service)
    room.use_outbox(outbox)
    room.background("reviews", watch_reviews)
    room.on_close(store.close)
    return room


def warn_of_a_fictional_place(place: Jurisdiction, realm: Realm) -> None:
    """The demo's place is what is read where no other is named: in the live realm that may have been forgotten."""
    if place.fictional and realm is Realm.LIVE:
        says = "only sandbox accounts will send for it; set TOCSIN_COMPOSE_JURISDICTION to your own place's file"
        log.warning("place.fictional", place=place.id, says=says)
