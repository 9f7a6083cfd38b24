"""Audience as it runs: its own process on real Kafka, killed at random instants while it writes batches."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.audience import AudienceEstimate, Batch
from schemas.topics import COMPOSED, ESTIMATED, RELEASED, TOPICS, batches
from schemas.words import Channel, Realm, Urgency
from services.cli import wire
from services.cli.kafka import Kafka
from services.phonebook.book import Phonebook
from services.phonebook.keys import Keyring, ensure
from services.runtime import topics, verifier
from services.runtime.doors import read_doors
from services.runtime.keeper import bundle_path
from services.runtime.outbox import message_of
from services.runtime.store import sqlite_url
from services.runtime.trust import canonical, write_key
from tests.audience.world import BATCHES, broadcast, bundle, release, row, trust_of
from tests.phonebook.books import take
from tests.support.code import REPOSITORY

PEOPLE = 10_000
BATCHES_TOPIC = batches(Channel.SMS, Urgency.URGENT).name
PATIENCE_S = 60.0


def furnish(home: Path) -> None:
    """A phonebook with people, a trust bundle, and audience's key."""
    home.mkdir(parents=True)
    bundle_path(home).write_text(bundle().model_dump_json())
    write_key(BATCHES, home / "keys" / "audience.pem")
    ensure(home / "phonebook.keys.json", datetime.now(UTC))
    book = Phonebook(sqlite_url(home / "phonebook.db"), Keyring(home / "phonebook.keys.json"))
    take(book, *(row(i, ("en", "es")[i % 2]) for i in range(PEOPLE)))
    book.close()


@contextmanager
def room(data: Path, kafka: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m services.audience`; leaves nothing running."""
    environment = {**os.environ, "TOCSIN_DATA": str(data), "TOCSIN_KAFKA": kafka, "TOCSIN_REPLICA": "one"}
    with (data / "audience.log").open("ab") as log:
        command = [sys.executable, "-m", "services.audience"]
        child = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=log)
        try:
            yield child
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(10)


async def ready(data: Path, child: subprocess.Popen[bytes]) -> None:
    """Wait until it is ready."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        doors = read_doors(data / "live", "audience")
        if str(doors.get("pid")) == str(child.pid):
            answer = await wire.get_json(doors["private"] + "/health/live", "audience")
            if answer["live"]:
                return
        assert child.poll() is None, (data / "audience.log").read_text()[-2000:]
        await asyncio.sleep(0.05)
    raise AssertionError((data / "audience.log").read_text()[-2000:])


async def batches_on(kafka: str, enough: int) -> list[Batch]:
    """The batches that stand in Kafka, once all numbers up to `enough` do."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = [Batch.model_validate_json(e.value or b"") for e in await wire.read_all(kafka, [BATCHES_TOPIC])]
        if len({each.statement.number for each in found}) >= enough:
            return found
        await asyncio.sleep(0.2)
    raise AssertionError(f"fewer than {enough} batches")


@pytest.mark.connected
@pytest.mark.crash
@pytest.mark.timeout(240)
async def test_killed_while_it_writes_every_person_is_in_one_batch_of_one_content(
    own_kafka: Kafka, tmp_path: Path
) -> None:
    kafka, now = own_kafka.bootstrap, datetime.now(UTC)
    furnish(tmp_path / "live")
    await topics.ensure(kafka, Realm.LIVE, topics=TOPICS)
    found = broadcast(sent=now, received=now, composed=now, expires=now + timedelta(hours=6))
    record = release(found, PEOPLE, now)
    await wire.send(kafka, [
        message_of(Realm.LIVE, COMPOSED, found.lineage, canonical(found)),
        message_of(Realm.LIVE, RELEASED, found.lineage, record),
    ])  # fmt: skip
    chance = random.Random(3)  # noqa: S311 - instants, not secrets
    for _ in range(5):
        with room(tmp_path, kafka) as child:
            await ready(tmp_path, child)
            await asyncio.sleep(chance.uniform(0.5, 6))
    with room(tmp_path, kafka) as child:
        await ready(tmp_path, child)
        written = await batches_on(kafka, 20)
    estimates = [
        AudienceEstimate.model_validate_json(e.value or b"") for e in await wire.read_all(kafka, [ESTIMATED.name])
    ]
    by_number = {each.statement.number: each for each in written}
    assert all(by_number[each.statement.number] == each for each in written), "one number, two contents"
    ids = [each for batch in by_number.values() for each in batch.statement.subscribers]
    assert len(ids) == len(set(ids)) == PEOPLE
    for each in by_number.values():
        verifier.batch(each, trust_of(), Realm.LIVE)
    assert {each.people for each in estimates} == {PEOPLE}
    assert await wire.read_all(kafka, ["parked"]) == []
