"""Records that cannot be handled, on real Kafka: parked or handled, listed, never lost, and the next one at once."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from schemas.topics import PARKED, RELEASED, Topic
from services.cli.kafka import Kafka
from services.runtime.outbox import Message
from tests.support import broadcasts
from tests.support.fleet import Fleet, until
from tests.support.kafka_io import publish, read_all, record

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

ROOM = "dispatch/x"


@pytest.fixture(scope="module")
def shared(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One Kafka and one dispatcher for all that does not stop it: poison upon poison, as in life."""
    folder = tmp_path_factory.mktemp("poison")
    with Kafka(folder / "kafka") as kafka:
        yield from _started(Fleet(kafka.bootstrap, folder / "data"))


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    """A dispatcher to be stopped."""
    yield from _started(Fleet(own_kafka.bootstrap, tmp_path / "data"))


def _started(made: Fleet) -> Iterator[Fleet]:
    made.start("sandbox", ROOM)
    try:
        made.ready("sandbox", ROOM)
        yield made
    finally:
        made.stop()


def _raw(topic: Topic, value: bytes | None, **headers: str) -> Message:
    return Message(topic.name, b"f" * 32, value, headers)


#: What is wrong, the record, and whether it is parked (else it is handled or refused).
POISON = {
    "no JSON": _raw(RELEASED, b"\xff\xfe not json at all"),
    "JSON of no schema": _raw(RELEASED, b'{"hello": "world"}'),
    "another record's schema": _raw(RELEASED, b"{}", **{"tocsin-schema": "alert/1.0"}),
    "an unknown schema": _raw(RELEASED, b"{}", **{"tocsin-schema": "nonsense/1.0"}),
    "no value": _raw(RELEASED, None),
    "a JSON array": _raw(RELEASED, b"[]"),
}


@pytest.mark.parametrize("what", POISON)
def test_poison_is_parked_and_the_next_record_is_handled_within_a_second(shared: Fleet, what: str) -> None:
    before, counted = len(read_all(shared.kafka, PARKED)), shared.metric(ROOM, "tocsin_records_parked_total")
    _one_good_release(shared)
    publish(shared.kafka, [POISON[what]])
    taken = _one_good_release(shared)
    parked = read_all(shared.kafka, PARKED)[before:]
    assert [message.value or None for message in parked] == [POISON[what].value or None]
    headers = dict(parked[0].headers)
    assert headers["tocsin-room"] == ROOM.encode()
    assert headers["tocsin-cause"]
    assert shared.metric(ROOM, "tocsin_records_parked_total") == counted + 1
    assert taken < 1.0


@pytest.mark.parametrize("header", [("strange", None), ("strange", b"\xff\xfe"), ("tocsin-correlation", b"\xff")])
def test_a_header_that_is_null_or_no_utf_8_loses_nothing(shared: Fleet, header: tuple[str, bytes | None]) -> None:
    before = len(read_all(shared.kafka, PARKED))
    _one_good_release(shared, more_headers=[header])
    assert len(read_all(shared.kafka, PARKED)) == before


def test_a_newer_major_schema_stops_the_room_and_parks_nothing(fleet: Fleet) -> None:
    publish(fleet.kafka, [_raw(RELEASED, b"{}", **{"tocsin-schema": "release/2.0"})])
    assert fleet.processes[ROOM].wait(60) == 3
    assert "update this room" in fleet.log(ROOM)
    assert read_all(fleet.kafka, PARKED) == []


def test_too_many_parked_in_a_row_stop_the_room(fleet: Fleet) -> None:
    publish(fleet.kafka, [POISON["no JSON"]] * 25)
    assert fleet.processes[ROOM].wait(60) == 3
    assert "the room is broken, not the records" in fleet.log(ROOM)
    assert len(read_all(fleet.kafka, PARKED)) == 20


def _one_good_release(fleet: Fleet, more_headers: Sequence[tuple[str, bytes | None]] = ()) -> float:
    """Seconds from the confirmed publish of one release to its post."""
    posts = fleet.counts()["posts"]
    value = broadcasts.broadcast(f"{posts:032x}")
    release = record(RELEASED, value.lineage, broadcasts.release(value, fleet.trust))
    publish(fleet.kafka, [release], more_headers=more_headers)
    started = time.monotonic()
    until(lambda: fleet.counts()["posts"] == posts + 1, 20, "the post")
    return time.monotonic() - started
