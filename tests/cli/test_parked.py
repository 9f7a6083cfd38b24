"""Parked records by the command line: listed, shown, replayed to one room, dropped; on real Kafka."""

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from schemas.operations import Closing
from schemas.topics import ACCEPTED, PARKED
from schemas.words import Realm
from services.cli import wire
from services.cli.context import Context
from services.cli.kafka import Kafka
from services.cli.parked.verbs import Parked, drop, list_, open_records, replay, show
from services.runtime import topics
from services.runtime.decoding import CONTENT_TYPE_HEADER, ONLY_HEADER, Envelope, decode
from services.runtime.outbox import SCHEMA_HEADER, Message, message_of
from services.runtime.parking import parked_message

REALM = Realm.DRILL
VALUE = b"\xff not JSON"


def parked(offset: int, room: str = "compose") -> Message:
    """What the runtime parks, of a record with a key, a header and bytes that are no text."""
    headers = {CONTENT_TYPE_HEADER: "application/json", SCHEMA_HEADER: "alert/1.0"}
    envelope = Envelope(ACCEPTED.full(REALM), 3, offset, b"\x00key", VALUE, headers)
    return parked_message(REALM, room, envelope, ValueError("hidden"), datetime.now(UTC).isoformat())


def seen(message: Message) -> Envelope:
    """A message as a reader gets it."""
    return Envelope(message.topic, 0, 0, message.key, message.value, message.headers)


def test_the_last_word_of_each_record_counts() -> None:
    first, second = parked(1), parked(2)
    tombstone = Envelope(first.topic, 0, 9, first.key, None, {})
    assert list(open_records([seen(first), seen(second), tombstone])) == [second.key.decode()]


def test_a_closing_ends_it_even_before_its_tombstone() -> None:
    message = parked(1)
    closing = Closing(realm=REALM, origin="o", did="drop", person="p", reason="r", at=datetime.now(UTC))
    said = message_of(REALM, PARKED, message.key.decode(), closing)
    assert open_records([seen(message), seen(said)]) == {}


def test_a_replay_is_the_record_as_it_was_and_for_one_room() -> None:
    message = parked(1)
    found = open_records([seen(message)])[message.key.decode()]
    again = found.replay()
    assert (again.topic, again.key, again.value) == (ACCEPTED.full(REALM), b"\x00key", VALUE)
    assert again.headers == {
        CONTENT_TYPE_HEADER: "application/json", SCHEMA_HEADER: "alert/1.0", ONLY_HEADER: "compose"
    }  # fmt: skip


def test_a_list_never_shows_bytes() -> None:
    found = Parked("id", b"somebody's name", {})
    assert "somebody" not in json.dumps(found.facts)


@pytest.fixture
async def context(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Context:
    await topics.ensure(kafka.bootstrap, REALM)
    monkeypatch.setenv("TOCSIN_KAFKA", kafka.bootstrap)
    return Context(realm=REALM, as_json=True)


async def in_thread(verb: Callable[[], None]) -> None:
    """Verbs run their own event loop, so they get a thread."""
    await asyncio.to_thread(verb)


async def records(context: Context, topic: str) -> list[Envelope]:
    return await wire.read_all(context.kafka, [topic])


@pytest.mark.connected
async def test_listed_shown_replayed(context: Context, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    message = parked(uuid.uuid4().int % 10**9)
    each = message.key.decode()
    await wire.send(context.kafka, [message])
    await in_thread(lambda: list_(realm=REALM, as_json=True))
    listed = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert each in {item["id"] for item in listed}
    await in_thread(lambda: show(each, realm=REALM, raw=True))
    assert capsysbinary.readouterr().out == VALUE
    await in_thread(lambda: replay(each, "officer-1", "mended", realm=REALM, as_json=True))
    replayed = [found for found in await records(context, ACCEPTED.full(REALM)) if found.value == VALUE]
    assert [found.headers[ONLY_HEADER] for found in replayed] == ["compose"]
    await assert_closed(context, each, "replay")


@pytest.mark.connected
async def test_dropped(context: Context) -> None:
    message = parked(uuid.uuid4().int % 10**9, room="record")
    await wire.send(context.kafka, [message])
    await in_thread(lambda: drop(message.key.decode(), "officer-1", "nonsense", realm=REALM, as_json=True))
    await assert_closed(context, message.key.decode(), "drop")


async def assert_closed(context: Context, each: str, did: str) -> None:
    """A closing record that says who and why, then a tombstone."""
    found = [item for item in await records(context, PARKED.full(REALM)) if item.key == each.encode()]
    assert found[-1].value is None
    closing = decode(PARKED, found[-2])
    assert isinstance(closing, Closing)
    assert (closing.did, closing.person) == (did, "officer-1")


@pytest.mark.connected
async def test_an_id_without_a_room_means_every_room(context: Context) -> None:
    offset = uuid.uuid4().int % 10**9
    messages = [parked(offset, room) for room in ("compose", "record", "audience")]
    await wire.send(context.kafka, messages)
    record = messages[0].key.decode().partition("#")[0]
    await in_thread(lambda: drop(record, "officer-1", "nonsense", realm=REALM, as_json=True))
    waiting = open_records(await records(context, PARKED.full(REALM)))
    assert not {message.key.decode() for message in messages} & set(waiting)
