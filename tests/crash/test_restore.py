"""A backup made while texts go out, everything killed and lost, restored: nobody hears it twice, nobody is left out.

Real Kafka, the real rooms, and the sandbox's own count.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.topics import RELEASED
from schemas.words import Channel
from services.cli.kafka import Kafka
from tests.crash.killing import PACE, URGENT, bounds
from tests.support import broadcasts
from tests.support.code import REPOSITORY
from tests.support.fleet import Fleet, until
from tests.support.house import TOCSIN
from tests.support.kafka_io import publish, record

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]

TEXTS = 240
DISPATCHERS = ("dispatch/sms", "dispatch/x")
ROOMS = ("sandbox", *DISPATCHERS, "receipts")


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    """Slow enough that the backup is made, and everything falls, while texts are on their way."""
    pace = {"TOCSIN_SMS_RATE_PER_S": 15, "TOCSIN_X_RATE_PER_S": 2}
    made = Fleet(
        own_kafka.bootstrap, tmp_path / "data", extra=bounds("SMS", "X") | {k: str(v) for k, v in (PACE | pace).items()}
    )
    yield made
    made.stop()


def tocsin(fleet: Fleet, *words: str) -> dict[str, object]:
    """What a verb says, as an object."""
    result = subprocess.run(
        [*TOCSIN, *words, "--json"], capture_output=True, text=True, timeout=240, check=False, cwd=REPOSITORY,
        env=fleet.environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


def release(fleet: Fleet, lineage: str, people: list[str]) -> None:
    texts = {channel: {"en": [f"{channel} of {lineage[:4]}"]} for channel in Channel}
    value = broadcasts.broadcast(lineage, texts=texts)
    publish(fleet.kafka, [
        record(RELEASED, lineage, broadcasts.release(value, fleet.trust, len(people))),
        *(record(URGENT, lineage, batch) for batch in broadcasts.batches(value, fleet.trust, people)),
    ])  # fmt: skip


def sent(fleet: Fleet) -> int:
    return int(fleet.counts()["texts_distinct"])


def test_restored_under_load_nothing_is_doubled_and_nothing_is_lost(fleet: Fleet, tmp_path: Path) -> None:
    people = fleet.people(TEXTS, ["ferrow-north"])
    half = TEXTS // 2
    fleet.start(*ROOMS)
    fleet.ready(*ROOMS)
    release(fleet, "a" * 32, people[:half])
    until(lambda: sent(fleet) >= half // 4, 60, "a quarter of the first alert is out")
    keys = tmp_path / "keys.tar.gz"
    made = tocsin(fleet, "backup", str(tmp_path / "backups"), "--keys", str(keys))
    at_backup = sent(fleet)
    assert made["offsets"] is True
    release(fleet, "b" * 32, people[half:])  # of this one the backup knows nothing
    until(lambda: sent(fleet) >= half + half // 4, 60, "the first is out whole and the second in part")
    for room in (*DISPATCHERS, "receipts"):
        fleet.kill(room)
    shutil.rmtree(fleet.home)  # the disk is lost, keys and all; Kafka and the platforms are not
    fleet.home.mkdir()
    answer = tocsin(fleet, "restore", str(tmp_path / "backups"), "--keys", str(keys), "--kafka", fleet.kafka)
    assert answer["again"], answer
    fleet.start(*DISPATCHERS, "receipts")
    fleet.ready(*DISPATCHERS, "receipts")
    until(lambda: sent(fleet) == TEXTS, 120, f"everybody has it; {fleet.counts()}")
    until(lambda: fleet.metric("dispatch/sms", "tocsin_oldest_doubt_seconds") == 0, 60, "no doubt is left")
    counts = fleet.counts()
    print(f"\n{at_backup} of {TEXTS} texts were out at the backup; the sandbox: {counts}")
    assert (counts["texts_distinct"], counts["texts_extra"]) == (TEXTS, 0)
    assert (counts["posts_distinct"], counts["posts_extra"]) == (2, 0)
    assert "ledger.restored" in fleet.log("dispatch/sms")
