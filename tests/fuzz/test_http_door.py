"""Broken alerts, keys and addresses at the agencies' door: each request has an answer, and nothing taken is lost."""

import asyncio
import hashlib
import random
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

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
from services.runtime.trust import digest_of
from tests.fuzz.inputs import broken
from tests.intake.desk import SENDER, Hands

pytestmark = pytest.mark.contract
KEY, POSTS, STRANGE = "a-key", 300, 300
TAKEN, ANSWERS = {202}, {202, 400, 403}
LETTERS = "abz09:/.%-_~?#[]@!$&'()*+,;= \u00e9\u20ac\\\"<>{}|^`"


def door(store: Store) -> Door:
    """The real door over a store, without a limit and without waiting."""
    clock, metrics = Hands(), AgencyMetrics(CollectorRegistry())
    publishers = register_of((Publisher(id="kestrel", name="Kestrel", senders=(SENDER,)),))
    outbox = Outbox(store, OUTBOX, clock, Realm.LIVE)
    agency = Agency(store, outbox, clock, Realm.LIVE, publishers=publishers, wait_s=0)
    teller = Teller(store, outbox, clock, Realm.LIVE, publishers, metrics, None, "us@tocsin.example", agency.wake)
    keys = Keys({hashlib.sha256(KEY.encode()).hexdigest(): Caller("kestrel")})
    handlers = Handlers(agency, teller, keys, Rate(10**9, clock.boottime), metrics)
    return Door(handlers.application(), "127.0.0.1", 0)


async def test_every_broken_post_is_answered_and_what_is_taken_stands_in_the_outbox(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "agency.db"), METADATA)
    opened = door(store)
    taken: set[str] = set()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/cap+xml"}
    async with aiohttp.ClientSession(await opened.start(), headers=headers) as session:
        for data in broken(11, 0, POSTS):
            async with session.post("/alerts", data=data) as answer:
                assert answer.status in ANSWERS, await answer.text()
                if answer.status in TAKEN:
                    taken.add(digest_of(data))
                    assert (await answer.json())["source"] == digest_of(data)
    await opened.stop()
    with store.begin() as connection:
        kept = connection.execute(sa.select(OUTBOX.c.value)).scalars().all()
    store.close()
    assert {digest_of(value) for value in kept} == taken
    assert len(taken) > POSTS // 3


async def test_no_request_breaks_the_door(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "agency.db"), METADATA)
    opened, chance = door(store), random.Random(5)  # noqa: S311 - no secret
    port = int((await opened.start()).rpartition(":")[2])
    answers = Counter([await _raw(port, _request(chance)) for _ in range(STRANGE)])
    whole = f"GET /openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    assert await _raw(port, whole.encode()) == 200
    await opened.stop()
    store.close()
    assert set(answers) <= {200, 202, 400, 401, 403, 404, 405, 413}, answers
    assert len(answers) > 3


def _request(chance: random.Random) -> bytes:
    """A request line, headers and a body, each sometimes right."""
    method = chance.choice(["GET", "POST", "PUT", "HEAD", "OPTIONS", _word(chance)])
    known = chance.choice(["", "alerts", "alerts/", "openapi.json", "alerts/sha256:"])
    path = f"/{known}{chance.choice(['', _word(chance)])}"
    key = chance.choice([f"Bearer {KEY}", "Bearer ", "Basic ", ""]) + chance.choice(["", _word(chance)])
    length = chance.choice(["1", "0", "-1", "99999999999999999999", "one", "1, 1"])  # never more than is sent
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: {key}", f"Content-Length: {length}"]
    lines += [f"Content-Type: {_word(chance)}", "Connection: close"][: chance.randrange(3)]
    return "\r\n".join(lines).encode() + b"\r\n\r\nx"


async def _raw(port: int, request: bytes) -> int:
    """The status of whatever was asked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    line = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    return int(line.split()[1])


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.randrange(20)))
