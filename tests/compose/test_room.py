"""Compose as it runs: its own process on real Kafka, killed at random instants; each alert ends as one thing only."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.alert import Alert
from schemas.broadcast import Broadcast, Held
from schemas.topics import ACCEPTED, COMPOSED, HELD, RECOMPOSITIONS, TOPICS
from schemas.words import Realm
from services.cli import wire
from services.cli.kafka import Kafka
from services.runtime import topics
from services.runtime.doors import read_doors
from services.runtime.keeper import bundle_path
from services.runtime.outbox import message_of
from services.runtime.trust import digest_of
from tests.compose.alerts import an_alert, an_info
from tests.compose.people import bundle, wish
from tests.support.code import REPOSITORY

READY_S = 60.0
EVENTS = ("Boil Water Advisory", "Heat Advisory", "Air Quality Alert", "Heat Advisory and Air Quality Alert")


@contextmanager
def room(data: Path, kafka: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m services.compose`; leaves nothing running."""
    environment = {**os.environ, "TOCSIN_DATA": str(data), "TOCSIN_KAFKA": kafka, "TOCSIN_REPLICA": "one"}
    with (data / "compose.log").open("ab") as log:
        command = [sys.executable, "-m", "services.compose"]
        child = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=log)
        try:
            yield child
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(10)


def wait_until_ready(data: Path, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        assert child.poll() is None, (data / "compose.log").read_text()[-2000:]
        doors = read_doors(data / "live", "compose")
        if str(doors.get("pid")) == str(child.pid):
            try:
                with urllib.request.urlopen(f"{doors['private']}/health/ready", timeout=2) as answer:  # noqa: S310 - loopback
                    if json.load(answer)["ready"]:
                        return
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError((data / "compose.log").read_text()[-2000:])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "live").mkdir()
    bundle_path(tmp_path / "live").write_text(bundle().model_dump_json())
    return tmp_path


def fresh(number: int) -> Alert:
    """An alert of this hour, of a lineage of its own."""
    now = datetime.now(UTC).replace(microsecond=0)
    info = an_info(event=EVENTS[number % len(EVENTS)], expires=(now + timedelta(hours=6)).isoformat())
    return an_alert(info, lineage=f"{number:032x}", sent=now.isoformat(), identifier=f"n{number}")


async def send(kafka: str, alerts: list[Alert]) -> None:
    await wire.send(kafka, [message_of(Realm.LIVE, ACCEPTED, alert.lineage, alert) for alert in alerts])


def kept(data: Path) -> int:
    """How many alerts the killed room had taken in."""
    with closing(sqlite3.connect(data / "live" / "compose.db")) as connection:
        [count] = connection.execute("select count(*) from alerts").fetchone()
    return int(count)


async def read(kafka: str, topic: str, enough: int) -> list[bytes]:
    """The values of a topic, once there are `enough` of them and no more come for a while."""
    found: list[bytes] = []
    async with wire.reading(kafka, [topic], from_start=True) as reader:
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            batch = await reader.getmany(timeout_ms=1500)
            new = [record.value or b"" for records in batch.values() for record in records]
            found += new
            if len(found) >= enough and not new:
                break
    return found


@pytest.mark.connected
@pytest.mark.timeout(180)
async def test_an_alert_becomes_a_broadcast_and_a_wish_its_next_revision(own_kafka: Kafka, data: Path) -> None:
    kafka = own_kafka.bootstrap
    with room(data, kafka) as child:
        wait_until_ready(data, child)
        boil, unsure = fresh(0), fresh(3)
        await send(kafka, [boil, unsure, boil])
        [held] = [Held.model_validate_json(value) for value in await read(kafka, HELD.name, 1)]
        record = wish(unsure.lineage, pack="boil-water")
        await wire.send(kafka, [message_of(Realm.LIVE, RECOMPOSITIONS, unsure.lineage, record)])
        values = await read(kafka, COMPOSED.name, 3)
    assert (held.lineage, held.findings[0].rule) == (unsure.lineage, "pack.unsure")
    made = [Broadcast.model_validate_json(value) for value in values]
    assert len({digest_of(v) for v, b in zip(values, made, strict=True) if b.lineage == boil.lineage}) == 1
    assert [(b.hazard, b.authors) for b in made if b.lineage == unsure.lineage] == [("boil-water", ("ana", "ben"))]


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_killed_at_random_instants_each_alert_ends_as_one_thing(own_kafka: Kafka, data: Path) -> None:
    kafka, dice = own_kafka.bootstrap, random.Random(7)  # noqa: S311 - instants, no secrets
    alerts = [fresh(number) for number in range(120)]
    await topics.ensure(kafka, Realm.LIVE, topics=TOPICS)
    await send(kafka, alerts)
    done: list[int] = []
    for _ in range(10):
        with room(data, kafka) as child:
            wait_until_ready(data, child)
            await asyncio.sleep(dice.uniform(0, 0.4))
        done.append(kept(data))
    with room(data, kafka) as child:
        wait_until_ready(data, child)
        composed = await read(kafka, COMPOSED.name, 90)
        held = await read(kafka, HELD.name, 30)
    ends: dict[str, set[str]] = {}
    for value in composed:
        ends.setdefault(Broadcast.model_validate_json(value).lineage, set()).add(digest_of(value))
    for value in held:
        ends.setdefault(Held.model_validate_json(value).lineage, set()).add("held")
    assert any(0 < count < len(alerts) for count in done), f"no kill fell into the work: {done}"
    assert ends.keys() == {alert.lineage for alert in alerts}
    assert all(len(end) == 1 for end in ends.values())
