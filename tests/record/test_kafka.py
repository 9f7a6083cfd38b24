"""Record as a process of its own on real Kafka: killed in the middle, fed poison, and right in the end."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.base import Record
from schemas.delivery import Deliveries, DeliveryRow
from schemas.topics import ACCEPTED, COMPOSED, DELIVERIES, PARKED, RELEASED
from schemas.words import Channel, Kind, Realm, State
from services.cli.kafka import Kafka
from services.runtime.outbox import Message
from tests.record.world import alert
from tests.support import broadcasts, kafka_io
from tests.support.fleet import Fleet, http, until

pytestmark = pytest.mark.connected
PEOPLE, BATCH = 6_000, 500
LINEAGE = "5eed" * 16


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(own_kafka.bootstrap, tmp_path / "data")
    yield made
    made.stop()


def rows(digest: str, state: State, seq: int) -> Iterator[Message]:
    for start in range(0, PEOPLE, BATCH):
        made = tuple(
            DeliveryRow(
                id=f"{number:032x}", version=1, revision=1, kind=Kind.ALERT, target=f"{number:032x}", state=state,
                attempt=1, seq=seq, at=datetime.now(UTC),
            )
            for number in range(start, start + BATCH)
        )  # fmt: skip
        record = Deliveries(realm=Realm.LIVE, channel=Channel.SMS, lineage=LINEAGE, digest=digest, rows=made)
        yield kafka_io.record(DELIVERIES, f"{LINEAGE}#{start // BATCH}", record)


def status(fleet: Fleet) -> dict[str, object]:
    found: dict[str, object] = http(f"{fleet.door('record')}/alerts/{LINEAGE}")
    return found


def test_killed_in_the_middle_record_ends_with_the_ledgers_counts(own_kafka: Kafka, fleet: Fleet) -> None:
    found = broadcasts.broadcast(LINEAGE)
    digest = broadcasts.canonical(found)[1]
    text = broadcasts.canonical(found)[0].encode()
    released = broadcasts.release(found, fleet.trust)

    def of(topic: object, record: Record) -> Message:
        return kafka_io.record(topic, LINEAGE, record)  # type: ignore[arg-type]  # a Topic

    fleet.start("record")
    fleet.ready("record")
    story = [of(ACCEPTED, alert(LINEAGE)), of(COMPOSED, found)._replace(value=text), of(RELEASED, released)]
    kafka_io.publish(own_kafka.bootstrap, [*story, *rows(digest, State.SENDING, 1), *rows(digest, State.SENT, 2)])
    fleet.kill("record")
    fleet.start("record")
    poison = kafka_io.record(RELEASED, LINEAGE, b"\xff no JSON")
    kafka_io.publish(own_kafka.bootstrap, [poison, *rows(digest, State.SENT, 2), *rows(digest, State.DELIVERED, 3)])
    fleet.kill("record")
    fleet.start("record")
    fleet.ready("record")
    until(lambda: status(fleet).get("deliveries") == {"sms": {"delivered": PEOPLE}}, 60, "every row is delivered")
    seen = status(fleet)
    assert (seen["state"], seen["digest"]) == ("released", digest)
    page = fleet.home / "pages" / f"{LINEAGE}.json"
    until(page.exists, 10, "the public page")
    assert json.loads(page.read_text())["state"] == "in_force"
    parked = until(lambda: http(f"{fleet.door('record')}/parked")["parked"], 10, "the poison is listed")
    assert [each["room"] for each in parked] == ["record"]
    assert len(kafka_io.read_all(own_kafka.bootstrap, PARKED)) == 1, "what is parked is not parked again"
    assert str(PEOPLE) not in fleet.log("record")
