"""Builds and wires receipts."""

import logging

from schemas.delivery import RECEIPTS_LIMIT, Receipt
from services.phonebook.book import open_phonebook
from services.phonebook.settings import PhonebookSettings
from services.place.contacts import read_place
from services.place.reading import DataError
from services.receipts.answers import AnswerTexts
from services.receipts.gathering import Gatherer
from services.receipts.handlers import Handlers
from services.receipts.metrics import ReceiptsMetrics
from services.receipts.people import People
from services.receipts.place import Place
from services.receipts.replies import Replies
from services.receipts.settings import ReceiptsSettings
from services.receipts.signature import Signatures
from services.receipts.store import ReceiptsStore, metadata, outbox_rows
from services.receipts.webhook import Webhook
from services.receipts.words import Meanings, Vocabulary, WordsError
from services.runtime.doors import Door
from services.runtime.opening import open_store
from services.runtime.outbox import Outbox
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop

NAME = "receipts"
GATHER_S = 0.05


def build() -> Room:
    """The room, ready to run."""
    shared, settings = load(SharedSettings), load(ReceiptsSettings)
    book_settings = load(PhonebookSettings)
    try:
        vocabulary = Vocabulary.read(settings.templates / "words" / "replies.yaml")
        place, contacts = read_place(
            settings.jurisdiction, settings.templates / "contacts", "TOCSIN_RECEIPTS_JURISDICTION"
        )
        if place.fictional and settings.is_public:
            nobodys = "is a fictional place, and people would be given a number that nobody answers"
            stop([f"{settings.jurisdiction} {nobodys}: name your own in TOCSIN_RECEIPTS_JURISDICTION"])
        texts = AnswerTexts(vocabulary, Place.of(place, contacts))
    except (WordsError, DataError) as error:
        stop([str(error)])
    room = Room(NAME, shared, settings)
    store = open_store(shared, settings, NAME, metadata)
    box = Outbox(store, outbox_rows, room.clock, room.realm)
    kept = ReceiptsStore(store, box, room.realm)
    metrics = ReceiptsMetrics(room.metrics.registry)
    signatures = Signatures(settings.tokens, lambda: settings.public_url or door.address)
    people = People(lambda: open_phonebook(shared, book_settings))

    async def commit(batch: list[Receipt]) -> None:
        with metrics.commit.time():
            await kept.report(batch)
        metrics.reports(batch)

    handlers = Handlers(
        webhook=Webhook(signatures, metrics, room.clock.boottime),
        gatherer=Gatherer(commit, RECEIPTS_LIMIT, GATHER_S),
        replies=Replies(
            meanings=Meanings(vocabulary), texts=texts, people=people, store=kept, realm=room.realm,
            now=room.clock.now, metrics=metrics,
        ),
        metrics=metrics,
        now=room.clock.now,
    )  # fmt: skip
    door = Door(handlers.application(), settings.public_bind, settings.public_port)
    room.public_door("public", door)
    room.check(lambda: people.missing)
    room.background("phonebook", people.keep_open)
    room.use_outbox(box)
    room.on_close(store.close)
    # What a caller sent badly may hold a number, and aiohttp logs it whole.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL + 1)
    return room
