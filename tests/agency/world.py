"""One door with its store, and rooms that speak when a test lets them."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import aiohttp
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from schemas.alert import Alert, Refusal
from schemas.words import Realm
from services.agency.handlers import Handlers
from services.agency.keys import Caller, Keys
from services.agency.metrics import AgencyMetrics
from services.agency.rate import Rate
from services.agency.service import Agency
from services.agency.store import METADATA, OUTBOX
from services.agency.telling import Teller
from services.place.publishers import Publisher, register_of
from services.runtime.doors import Door
from services.runtime.outbox import Outbox
from services.runtime.store import Store, sqlite_url
from tests.intake.desk import SENDER, Desk, Hands

KEY, OTHER, TEST_KEY = "kestrel-key", "water-key", "kestrel-test-key"


@dataclass
class World:
    """A door; `teller` hears what a test says in the rooms' place."""

    KEYS: ClassVar = {KEY: Caller("kestrel"), OTHER: Caller("water"), TEST_KEY: Caller("kestrel", test=True)}

    agency: Agency
    teller: Teller
    store: Store
    session: aiohttp.ClientSession
    clock: Hands

    async def post(self, data: bytes, key: str = KEY) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cap+xml"}
        async with self.session.post("/alerts", data=data, headers=headers) as answer:
            return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())

    async def get(self, path: str, key: str = KEY) -> tuple[int, Any]:
        async with self.session.get(path, headers={"Authorization": f"Bearer {key}"}) as answer:
            return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())

    def _outbox(self) -> list[Any]:
        with self.store.begin() as connection:
            return list(connection.execute(sa.select(OUTBOX).order_by(OUTBOX.c.id)).all())

    def incoming(self) -> list[Any]:
        return [row for row in self._outbox() if row.topic == "alerts.incoming"]

    def answers(self) -> list[Any]:
        return [row for row in self._outbox() if "answers." in row.topic]

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(row.value) for row in self.answers()]

    async def sent(self, count: int) -> None:
        while len(self.incoming()) < count:  # noqa: ASYNC110 - the room has no event for a test to wait on
            await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(folder: Path, answers: Literal["json", "cap", "none"] = "json") -> AsyncIterator[World]:
    """A live door; two agencies are registered."""
    clock, metrics = Hands(), AgencyMetrics(CollectorRegistry())
    store = Store(sqlite_url(folder / "agency.db"), METADATA)
    kestrel = Publisher(id="kestrel", name="Kestrel", senders=(SENDER,), answers=answers)
    water = Publisher(id="water", name="Water", senders=("alerts@water.example",))
    publishers = register_of((kestrel, water))
    outbox = Outbox(store, OUTBOX, clock, Realm.LIVE)
    agency = Agency(store, outbox, clock, Realm.LIVE, publishers=publishers, wait_s=0.2)
    pages, us = "https://alerts.example", "answers@tocsin.example"
    teller = Teller(store, outbox, clock, Realm.LIVE, publishers, metrics, pages, us, agency.wake)
    keys = Keys({hashlib.sha256(key.encode()).hexdigest(): caller for key, caller in World.KEYS.items()})
    door = Door(Handlers(agency, teller, keys, Rate(5, clock.boottime), metrics).application(), "127.0.0.1", 0)
    async with aiohttp.ClientSession(await door.start()) as session:
        yield World(agency, teller, store, session, clock)
    await door.stop()
    store.close()


async def judged(folder: Path, data: bytes, *, drill: bool = False) -> Alert | Refusal:
    """What intake says of these bytes."""
    (folder / "intake").mkdir(exist_ok=True)
    desk = Desk(folder / "intake", Realm.DRILL if drill else Realm.LIVE)
    await desk.take(data)
    said = desk.published()[-1]
    return (Alert if said.topic.endswith("accepted") else Refusal).model_validate_json(said.value)
