"""The public door as `app.py` wires it, on real SQLite and a real phonebook, with a clock that tests move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from twilio.request_validator import RequestValidator

from schemas.audience import Reply
from schemas.delivery import Receipt, Receipts
from schemas.words import Realm
from services.phonebook import keys, rows, writing
from services.phonebook.book import Phonebook
from services.phonebook.keys import Keyring
from services.place.contacts import read_place
from services.receipts.answers import AnswerTexts
from services.receipts.gathering import Gatherer
from services.receipts.handlers import Handlers
from services.receipts.metrics import ReceiptsMetrics
from services.receipts.people import People
from services.receipts.place import Place
from services.receipts.replies import Replies
from services.receipts.settings import ROOT
from services.receipts.signature import Signatures
from services.receipts.store import ReceiptsStore, metadata, outbox_rows
from services.receipts.webhook import Webhook
from services.receipts.words import Meanings, Vocabulary
from services.runtime.outbox import Outbox
from services.runtime.store import Store, sqlite_url

TOKEN, NEXT, PUBLIC = "0123456789abcdef", "fedcba9876543210", "https://hooks.ferrow.example/tocsin"
ANNA, BEN, STRANGER = "+12025550123", "+12025550124", "+12025550199"
START = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
DELIVERY = "ab" * 16
WORDS, CONTACTS = ROOT / "templates" / "words" / "replies.yaml", ROOT / "templates" / "contacts"
DEMO = ROOT / "deploy" / "jurisdictions" / "demo.yaml"


@dataclass
class MovableClock:
    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def boottime(self) -> float:
        return self.time.timestamp()

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class World:
    store: Store
    book: Phonebook
    clock: MovableClock
    client: "TestClient[Any, Any]"
    registry: CollectorRegistry
    folder: Path
    commits: list[int] = field(default_factory=list)

    async def post(self, path: str, fields: dict[str, str], token: str = TOKEN, **headers: str) -> tuple[int, str]:
        signature = RequestValidator(token).compute_signature(PUBLIC + path, fields)
        answer = await self.client.post(path, data=fields, headers={"X-Twilio-Signature": signature, **headers})
        return answer.status, await answer.text()

    async def status(self, status: str, delivery: str = DELIVERY, sid: str = "SM" + "1" * 32, **more: str) -> int:
        fields = {"MessageSid": sid, "MessageStatus": status, "To": ANNA, "AccountSid": "AC1", **more}
        return (await self.post(f"/twilio/status/{delivery}", fields))[0]

    async def says(self, number: str, text: str, sid: str, **more: str) -> str:
        fields = {"MessageSid": sid, "From": number, "To": "+12025550100", "Body": text, "NumMedia": "0", **more}
        status, body = await self.post("/twilio/reply", fields)
        assert status == 200
        return body

    def published(self) -> list[tuple[str, bytes, bytes]]:
        with self.store.begin() as connection:
            found = connection.execute(sa.select(outbox_rows).order_by(outbox_rows.c.id)).all()
        return [(row.topic, row.key, row.value) for row in found]

    def receipts(self) -> list[Receipt]:
        records = [Receipts.model_validate_json(value) for topic, _, value in self.published() if topic == "receipts"]
        return [report for record in records for report in record.reports]

    def replies(self) -> list[Reply]:
        return [Reply.model_validate_json(value) for topic, _, value in self.published() if topic == "replies"]

    def metric(self, name: str, **labels: str) -> float:
        found = self.registry.get_sample_value(name, labels)
        assert found is not None, f"no series {name} {labels}"
        return found


@asynccontextmanager
async def world(folder: Path, limit: int = 500, wait_s: float = 0.01) -> AsyncIterator[World]:
    clock, registry = MovableClock(), CollectorRegistry()
    keys.ensure(folder / "keys.json", START)
    book = Phonebook(sqlite_url(folder / "phonebook.db"), Keyring(folder / "keys.json"))
    _enter(book, ANNA, "en")
    _enter(book, BEN, "es")
    store = Store(sqlite_url(folder / "receipts.db"), metadata)
    kept = ReceiptsStore(store, Outbox(store, outbox_rows, clock, Realm.LIVE), Realm.LIVE)
    metrics = ReceiptsMetrics(registry)
    vocabulary = Vocabulary.read(WORDS)
    texts = AnswerTexts(vocabulary, Place.of(*read_place(DEMO, CONTACTS, "the demo")))
    commits: list[int] = []

    async def commit(batch: list[Receipt]) -> None:
        await kept.report(batch)
        metrics.reports(batch)
        commits.append(len(batch))

    handlers = Handlers(
        webhook=Webhook(Signatures([TOKEN, NEXT], lambda: PUBLIC), metrics, clock.boottime),
        gatherer=Gatherer(commit, limit, wait_s),
        replies=Replies(
            meanings=Meanings(vocabulary), texts=texts, people=People(lambda: book), store=kept, realm=Realm.LIVE,
            now=clock.now, metrics=metrics,
        ),
        metrics=metrics,
        now=clock.now,
    )  # fmt: skip
    async with TestClient(TestServer(handlers.application())) as client:
        yield World(store, book, clock, client, registry, folder, commits)
    book.close()
    store.close()


def _enter(book: Phonebook, number: str, language: str) -> None:
    entry = rows.Entry(
        number=number, languages=(language,), areas=("ferrow",), consent_at="2026-01-01T00:00:00.000Z",
        consent_source="form", consent_wording="yes",
    )  # fmt: skip
    writing.write(book, [entry], START)
