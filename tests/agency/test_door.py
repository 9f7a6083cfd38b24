"""The agencies' door over HTTP on loopback: keys, limits, and intake's answer as the agency hears it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from schemas.alert import Alert, Refusal
from schemas.words import Realm
from services.agency.handlers import LIMIT, Handlers
from services.agency.keys import Keys, KeysError
from services.agency.metrics import AgencyMetrics
from services.agency.openapi import DOCUMENT
from services.agency.rate import Rate
from services.agency.service import Agency
from services.agency.store import METADATA, OUTBOX
from services.runtime.doors import Door
from services.runtime.outbox import Outbox
from services.runtime.store import Store, sqlite_url
from services.runtime.trust import digest_of
from tests.cap.messages import boil_water
from tests.intake.desk import Desk, Hands, message

pytestmark = pytest.mark.contract

KEY, OTHER = "kestrel-key", "water-key"
HASHES = {hashlib.sha256(key.encode()).hexdigest(): name for key, name in ((KEY, "kestrel"), (OTHER, "water"))}


@dataclass
class World:
    """One door with its store, and an intake that answers when told to."""

    agency: Agency
    store: Store
    registry: CollectorRegistry
    session: aiohttp.ClientSession
    clock: Hands

    async def post(self, data: bytes, key: str = KEY) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cap+xml"}
        async with self.session.post("/alerts", data=data, headers=headers) as answer:
            return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())

    async def get(self, path: str, key: str = KEY) -> tuple[int, Any]:
        async with self.session.get(path, headers={"Authorization": f"Bearer {key}"}) as answer:
            return answer.status, await (answer.json() if answer.content_type == "application/json" else answer.text())

    def incoming(self) -> list[Any]:
        with self.store.begin() as connection:
            return list(connection.execute(sa.select(OUTBOX)).all())

    async def sent(self, count: int) -> None:
        while len(self.incoming()) < count:  # noqa: ASYNC110 - the room has no event for a test to wait on
            await asyncio.sleep(0.01)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock, registry = Hands(), CollectorRegistry()
    store = Store(sqlite_url(tmp_path / "agency.db"), METADATA)
    agency = Agency(store, Outbox(store, OUTBOX, clock, Realm.LIVE), clock, Realm.LIVE, wait_s=0.2)
    handlers = Handlers(agency, Keys(HASHES), Rate(5, clock.boottime), AgencyMetrics(registry))
    door = Door(handlers.application(), "127.0.0.1", 0)
    async with aiohttp.ClientSession(await door.start()) as session:
        yield World(agency, store, registry, session, clock)
    await door.stop()
    store.close()


async def _judged(folder: Path, data: bytes) -> Alert | Refusal:
    desk = Desk(folder / "intake")
    await desk.take(data)
    said: list[Alert | Refusal] = [*desk.alerts(), *desk.refusals()]
    return said[0]


async def test_a_post_stands_in_the_outbox_and_hears_what_intake_says(world: World, tmp_path: Path) -> None:
    (tmp_path / "intake").mkdir()
    said = await _judged(tmp_path, message("a"))
    asked = asyncio.ensure_future(world.post(message("a")))
    await world.sent(1)
    assert isinstance(said, Alert)
    await world.agency.accepted(said)
    status, body = await asked
    assert (status, body["state"], body["lineage"], body["version"]) == (201, "accepted", said.lineage, 1)
    (row,) = world.incoming()
    assert (row.topic, row.key, row.value) == ("alerts.incoming", b"kestrel", message("a"))
    assert row.headers["content-type"] == "application/cap+xml"
    assert await world.post(message("a")) == (201, body)
    assert len(world.incoming()) == 1


async def test_a_refusal_says_why_and_what_would_be_right(world: World, tmp_path: Path) -> None:
    (tmp_path / "intake").mkdir()
    data = boil_water(severity="High")
    said = await _judged(tmp_path, data)
    asked = asyncio.ensure_future(world.post(data))
    await world.sent(1)
    assert isinstance(said, Refusal)
    await world.agency.refused(said)
    status, body = await asked
    assert (status, body["state"], body["findings"][0]["rule"]) == (422, "refused", "unknown-value")
    assert body["findings"][0]["expected"] == "one of Extreme, Severe, Moderate, Minor, Unknown"


async def test_without_an_answer_in_time_it_says_where_to_ask(world: World) -> None:
    status, body = await world.post(message("a"))
    assert (status, body["state"]) == (202, "sent")
    assert await world.get(body["status"]) == (200, body)
    assert (await world.get(body["status"], OTHER))[0] == 404


async def test_strangers_too_much_and_nothing(world: World) -> None:
    assert (await world.post(message("a"), "wrong"))[0] == 401
    assert (await world.get(f"/alerts/{digest_of(b'x')}", "wrong"))[0] == 401
    assert (await world.post(b"  "))[0] == 400
    assert (await world.post(b"x" * (LIMIT + 1)))[0] == 413
    assert world.incoming() == []


async def test_a_key_may_post_so_many_a_minute(world: World) -> None:
    answers = [(await world.post(b""))[0] for _ in range(7)]
    assert answers == [400] * 5 + [429] * 2
    assert (await world.post(b"", OTHER))[0] == 400
    world.clock.forward(12)
    assert (await world.post(b""))[0] == 400


async def test_the_document_is_served(world: World) -> None:
    assert await world.get("/openapi.json") == (200, DOCUMENT)


@pytest.mark.parametrize("text", [None, "keys: [", "[{agency: a}]", "[{agency: a, sha256: short}]"])
def test_wrong_keys_say_what_to_do(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "keys.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(KeysError, match=r"keys.yaml"):
        Keys.read(path)


def test_keys_are_read_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text(f"[{{agency: kestrel, sha256: {hashlib.sha256(b'k').hexdigest()}}}]")
    keys = Keys.read(path)
    assert (keys.agency("Bearer k"), keys.agency("Bearer x"), keys.agency("k"), keys.agency(None)) == (
        "kestrel",
        None,
        None,
        None,
    )
