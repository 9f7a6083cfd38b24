"""Where a withdrawal finds the bytes: approve, record, or the topic itself, whichever of them still answers."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from schemas.broadcast import Broadcast
from schemas.topics import RELEASED, Topic
from schemas.words import BroadcastKind
from services.cli.context import Context
from services.cli.errors import Failure
from services.cli.exact_bytes import Hashed, released
from services.runtime.decoding import Envelope
from services.runtime.doors import Door, announce
from tests.support.trust import LINEAGE, broadcast, decision, release, text_of

pytestmark = pytest.mark.contract  # real HTTP on loopback

FIRST = broadcast()
SECOND = broadcast(version=2, kind=BroadcastKind.UPDATE)


@dataclass(frozen=True)
class TopicContext(Context):
    """A context whose released topic is a list."""

    topic: tuple[Broadcast, ...] = field(default=())

    def read(self, topic: Topic) -> list[Envelope]:
        """What would stand on the topic, and something that is no Release."""
        assert topic is RELEASED
        records = [release(found, decision(found)) for found in self.topic]
        values = [(r.lineage, r.model_dump_json().encode()) for r in records] + [(LINEAGE, b"no release")]
        return [Envelope("t", 0, n, key.encode(), value, {}) for n, (key, value) in enumerate(values)]


@asynccontextmanager
async def doors(home: Path, **answers: Any) -> AsyncIterator[None]:
    """Rooms that answer everything with what is given; None hangs."""
    opened = []
    for room, answer in answers.items():

        async def handle(_request: web.Request, answer: Any = answer) -> web.Response:
            if answer is None:
                await asyncio.sleep(60)
            return web.json_response(answer)

        application = web.Application()
        application.add_routes([web.get("/{rest:.*}", handle)])
        door = Door(application, "127.0.0.1", 0)
        announce(home, room, {"private": await door.start()})
        opened.append(door)
    try:
        yield
    finally:
        for door in opened:
            await door.stop()


def approve(*found: Broadcast, out: bool = True) -> list[dict[str, Any]]:
    return [{"text": text_of(each), "released_at": "2026-07-01T12:00:00.000Z" if out else None} for each in found]


def record(found: Broadcast) -> dict[str, Any]:
    return {"lineage": found.lineage, "broadcast": text_of(found)}


async def find(data: Path, topic: Iterable[Broadcast] = (), **answers: Any) -> Hashed:
    context = TopicContext(data=data, topic=tuple(topic))
    async with doors(context.home, **answers):
        return await asyncio.to_thread(released, context, LINEAGE)


async def test_the_newest_of_all_that_anybody_knows(tmp_path: Path) -> None:
    found = await find(tmp_path, approve=approve(FIRST), record=record(SECOND))
    assert (found.broadcast, found.source) == (SECOND, "record")
    found = await find(tmp_path, approve=approve(SECOND, FIRST), record=record(FIRST))
    assert (found.broadcast, found.source) == (SECOND, "approve")


async def test_record_alone_is_enough_and_so_is_the_topic(tmp_path: Path) -> None:
    found = await find(tmp_path, record=record(FIRST))
    assert (found.broadcast, found.source) == (FIRST, "record")
    found = await find(tmp_path / "other", topic=[FIRST, SECOND])
    assert (found.broadcast, found.source) == (SECOND, "the topic")


async def test_a_door_that_hangs_or_lies_does_not_stop_a_withdrawal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.exact_bytes.DOOR_S", 0.2)
    lies = [{"text": "{}", "released_at": "x"}, *approve(broadcast(lineage="m" * 64))]
    assert (await find(tmp_path, approve=lies, record=record(FIRST))).broadcast == FIRST
    assert (await find(tmp_path, approve=None, record=record(FIRST))).broadcast == FIRST


async def test_what_was_never_released_is_not_taken_back(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="tocsin reject"):
        await find(tmp_path, approve=approve(FIRST, out=False))
