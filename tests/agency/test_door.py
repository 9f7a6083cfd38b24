"""The agencies' door over HTTP on loopback: keys, limits, and every word about a message as its publisher hears it."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from schemas.alert import Alert, Refusal
from services.agency.keys import Caller, Keys, KeysError
from services.agency.openapi import DOCUMENT
from services.cap.reading import SIZE_LIMIT
from services.runtime.trust import digest_of
from tests.agency.world import KEY, OTHER, TEST_KEY, World, judged, opened
from tests.cap.messages import boil_water
from tests.intake.desk import message

pytestmark = pytest.mark.contract


async def test_a_post_stands_in_the_outbox_and_hears_what_intake_says(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        said = await judged(tmp_path, message("a"))
        asked = asyncio.ensure_future(world.post(message("a")))
        await world.sent(1)
        assert isinstance(said, Alert)
        await world.teller.accepted(said)
        status, body = await asked
        assert (status, body["state"], body["lineage"], body["version"]) == (201, "accepted", said.lineage, 1)
        (row,) = world.incoming()
        assert (row.key, row.value) == (b"kestrel", message("a"))
        assert row.headers["content-type"] == "application/cap+xml"
        assert await world.post(message("a")) == (201, body)
        assert len(world.incoming()) == 1


async def test_a_refusal_says_why_and_what_would_be_right(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        data = boil_water(scope="High")
        said = await judged(tmp_path, data)
        asked = asyncio.ensure_future(world.post(data))
        await world.sent(1)
        assert isinstance(said, Refusal)
        await world.teller.refused(said)
        status, body = await asked
        assert (status, body["state"], body["findings"][0]["rule"]) == (422, "refused", "unknown-value")
        assert body["findings"][0]["expected"] == "one of Public, Restricted, Private"
        assert "High" not in str(body)


async def test_without_an_answer_in_time_it_says_where_to_ask(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        status, body = await world.post(message("a"))
        assert (status, body["state"]) == (202, "sent")
        assert await world.get(body["status"]) == (200, body)
        assert (await world.get(body["status"], OTHER))[0] == 404


async def test_strangers_too_much_and_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        assert (await world.post(message("a"), "wrong"))[0] == 401
        assert (await world.get(f"/alerts/{digest_of(b'x')}", "wrong"))[0] == 401
        assert (await world.post(b"  "))[0] == 400
        assert (await world.post(b"x" * (SIZE_LIMIT + 1)))[0] == 413
        assert world.incoming() == []


async def test_a_key_publishes_in_its_own_name_only(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        status, says = await world.post(message("a"), OTHER)
        assert (status, world.incoming()) == (403, [])
        assert "own name" in says


async def test_a_test_key_publishes_nothing_for_people_and_hears_of_its_drill(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        status, says = await world.post(message("a"), TEST_KEY)
        assert (status, world.incoming()) == (403, [])
        assert "test key" in says
        drill = message("t", status="Test")
        said = await judged(tmp_path, drill, drill=True)
        asked = asyncio.ensure_future(world.post(drill, TEST_KEY))
        await world.sent(1)
        assert isinstance(said, Alert)
        await world.teller.accepted(said)
        status, body = await asked
        assert (status, body["state"], body["realm"]) == (201, "accepted", "drill")
        assert world.answers() == []  # the drill's own room writes on the drill's topic


async def test_a_key_may_post_so_many_a_minute(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        answers = [(await world.post(b""))[0] for _ in range(7)]
        assert answers == [400] * 5 + [429] * 2
        assert (await world.post(b"", OTHER))[0] == 400
        world.clock.forward(12)
        assert (await world.post(b""))[0] == 400


async def test_the_document_is_served(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
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
    first, second = (hashlib.sha256(key).hexdigest() for key in (b"k", b"t"))
    path.write_text(f"[{{agency: kestrel, sha256: {first}}}, {{agency: kestrel, sha256: {second}, test: true}}]")
    keys = Keys.read(path)
    assert keys.caller("Bearer k") == Caller("kestrel")
    assert keys.caller("Bearer t") == Caller("kestrel", test=True)
    assert [keys.caller(header) for header in ("Bearer x", "k", None)] == [None, None, None]


def test_world_is_one_of_two_agencies() -> None:
    assert {KEY, OTHER, TEST_KEY} == set(World.KEYS)
