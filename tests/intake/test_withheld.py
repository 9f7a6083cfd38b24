"""Held and refused bytes: listed without their text, read in a role that decides, and each reading on record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from schemas.answer import BytesRead
from schemas.decision import ReadRequest, ReadStatement
from schemas.trust import Bundle
from schemas.words import Realm
from services.cli.demo.trust import DemoTrust, make_demo_trust
from services.intake.door import PrivateDoor
from services.intake.store import OUTBOX
from services.runtime.doors import Door
from services.runtime.keeper import Keeper
from services.runtime.outbox import Outbox
from services.runtime.settings import SharedSettings
from services.runtime.trust import digest_of
from tests.intake.desk import Desk, message

pytestmark = pytest.mark.contract
PATIENT = message("p", description="Patient Jane Doe, MRN 55512345, is ill.")


class World:
    """An intake that took three messages, its private door, and people who may sign."""

    def __init__(self, desk: Desk, trust: DemoTrust, session: aiohttp.ClientSession) -> None:
        self.desk, self.trust, self.session = desk, trust, session

    def wish(self, data: bytes = PATIENT, nonce: str = "0" * 32, **more: Any) -> ReadRequest:
        said = {
            "realm": Realm.LIVE, "source": digest_of(data), "person": "officer-1", "role": "duty-officer",
            "reason": "the agency asks why it is held", "issued": self.desk.clock.now(), "nonce": nonce, **more,
        }  # fmt: skip
        statement, key = ReadStatement.model_validate(said), self.trust.key("officer-1")
        return ReadRequest(statement=statement, key=key.id, signature=key.sign("reading", statement))

    async def ask(self, wish: ReadRequest) -> tuple[int, bytes]:
        async with self.session.post("/readings", data=wish.model_dump_json()) as answer:
            return answer.status, await answer.read()

    async def get(self, path: str) -> Any:
        async with self.session.get(path) as answer:
            return await answer.json()

    def readings(self) -> list[BytesRead]:
        return [BytesRead.model_validate_json(one.value) for one in self.desk.published("bytes.read")]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    shared = SharedSettings(data=folder)
    trust = make_demo_trust(shared.home, Realm.LIVE)
    assert isinstance(trust.bundle, Bundle)
    desk = Desk(folder)
    for data in (message("fine"), PATIENT, message("d", status="Draft")):
        await desk.take(data)
    outbox = Outbox(desk.store, OUTBOX, desk.clock, Realm.LIVE)
    application = web.Application()
    keeper = Keeper(shared, "intake")
    application.add_routes(PrivateDoor(desk.store, outbox, keeper, desk.clock, shared).routes())
    door = Door(application, "127.0.0.1", 0)
    async with aiohttp.ClientSession(await door.start()) as session:
        yield World(desk, trust, session)
    await door.stop()
    desk.store.close()


async def test_what_is_held_and_refused_is_listed_without_its_text(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        found = (await world.get("/withheld"))["withheld"]
        assert sorted((one["state"], one["rule"]) for one in found) == [("held", "personal"), ("refused", "draft")]
        assert "Jane" not in str(found)
        fine = await world.get(f"/originals/{digest_of(message('fine'))}")
        assert (fine["state"], fine["version"]) == ("accepted", 1)
        assert "says" in await world.get(f"/originals/{digest_of(b'never')}")


async def test_the_bytes_are_read_and_it_is_on_record_who_did(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        assert await world.ask(world.wish()) == (200, PATIENT)
        (reading,) = world.readings()
        assert (reading.person, reading.role, reading.source) == ("officer-1", "duty-officer", digest_of(PATIENT))
        assert reading.lineage is not None
        assert (await world.ask(world.wish()))[0] == 409
        assert (await world.ask(world.wish(nonce="1" * 32)))[0] == 200
        assert len(world.readings()) == 2


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"person": "admin-1"}, 403),
        ({"role": "health-officer"}, 403),
        ({"realm": Realm.DRILL}, 403),
        ({"issued": datetime(2026, 11, 24, 13, 0, tzinfo=UTC)}, 403),
        ({"data": b"never came"}, 404),
        ({"reason": "Patient Jane Doe, MRN 55512345, asks"}, 422),
    ],
)
async def test_nobody_else_reads_and_no_wish_is_good_twice_or_late(
    tmp_path: Path, more: dict[str, Any], status: int
) -> None:
    async with opened(tmp_path) as world:
        assert (await world.ask(world.wish(**more)))[0] == status
        assert world.readings() == []


async def test_a_changed_wish_is_not_believed(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        wish = world.wish()
        other = wish.statement.model_copy(update={"source": digest_of(message("fine"))})
        assert (await world.ask(wish.model_copy(update={"statement": other})))[0] == 403
        async with world.session.post("/readings", data=b"{}") as answer:
            assert answer.status == 400


async def test_a_finding_carries_where_it_stands_and_a_refusal_never_what(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        held = next(one for one in world.desk.alerts() if one.cap.identifier == "p")
        (finding,) = [one for one in held.findings if one.rule == "personal"]
        text = held.cap.info[0].description or ""
        assert "Jane Doe" in [text[span.start : span.end] for span in finding.spans or ()]
        assert "Jane" not in finding.says
        (refusal,) = world.desk.refusals()
        assert (refusal.publisher, refusal.sent) == ("kestrel", datetime(2026, 11, 24, 14, tzinfo=UTC))
