"""Builds and wires audience."""

import asyncio

from schemas.topics import ACCEPTED, COMPOSED, RELEASED, REPLIES, STOPPED, TRUST
from services.audience import tables
from services.audience.handlers import Handlers
from services.audience.metrics import AudienceMetrics
from services.audience.service import Audience
from services.audience.settings import AudienceSettings
from services.audience.signing import BatchKey
from services.audience.turn import Turn
from services.audience.worker import Means, Worker
from services.phonebook.book import open_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings
from services.runtime.keeper import Keeper
from services.runtime.opening import open_store, when_there
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop
from services.runtime.trusted import NotTrustedError

NAME = "audience"


def build() -> Room:
    """The room, ready to run."""
    shared, settings, phonebook = load(SharedSettings), load(AudienceSettings), load(PhonebookSettings)
    try:
        book = when_there(lambda: open_phonebook(shared, phonebook), f"tocsin {NAME}: waiting for the phonebook")
        keeper = Keeper(shared, NAME)
    except (PhonebookError, NotTrustedError) as error:
        stop([str(error)])
    room = Room(NAME, shared, settings)
    store = open_store(shared, settings, NAME, tables.metadata)
    box = Outbox(store, tables.outbox_rows, room.clock, room.realm)
    metrics = AudienceMetrics(room.metrics.registry)
    key, turn = BatchKey(settings.key_path(shared), lambda: keeper.trust), Turn(store)
    means = Means(room.realm, store, box, book, room.clock, metrics, lambda: keeper.trust, key.read)
    worker = Worker(means, turn.mine, turn.must_hold)

    def refused(rule: str) -> None:
        room.metrics.refused.labels(rule).inc()

    service = Audience(
        realm=room.realm, store=store, book=book, clock=room.clock, trusted=lambda: keeper.trust, metrics=metrics,
        refused=refused, wake=worker.wake,
    )  # fmt: skip
    handlers = Handlers(service, keeper, refused)
    room.consume(ACCEPTED, handlers.accepted, fetch_wait_ms=500)
    room.consume(COMPOSED, handlers.composed)
    room.consume(RELEASED, handlers.released)
    room.consume(STOPPED, handlers.stopped)
    room.consume(REPLIES, handlers.replied, fetch_wait_ms=500)
    room.consume(TRUST, handlers.trust, every_process=True, fetch_wait_ms=500)

    changed = asyncio.Event()

    def trust_changed() -> None:
        room.metrics.bundle_serial.set(keeper.serial)
        changed.set()
        worker.wake()

    trust_changed()
    keeper.on_change(trust_changed)
    room.background("doubts", lambda: service.watch(changed))
    room.use_outbox(box)
    room.background("audience", worker.run)
    room.background("turn", turn.keep)
    room.check(key.missing)
    for closer in (turn.close, store.close, book.close):
        room.on_close(closer)
    return room
