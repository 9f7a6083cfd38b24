"""`tocsin keys rotate` while rooms run on real Kafka: none is started again, nothing is refused, the old key ends."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.release import Release
from schemas.topics import COMPOSED, RELEASED
from schemas.words import Channel, Realm, Severity
from services.cli.context import Context
from services.cli.demo.trust import make_demo_trust
from services.cli.kafka import Kafka
from services.cli.keys import trust_files
from services.cli.keys.bundling import SourceError
from services.cli.keys.engine_keys import know_our_keys
from services.runtime.trust import new_key, read_key, write_key
from tests.support import broadcasts
from tests.support.code import REPOSITORY
from tests.support.fleet import Fleet, until
from tests.support.house import TOCSIN
from tests.support.kafka_io import publish, read_all, record

pytestmark = [pytest.mark.connected, pytest.mark.timeout(600)]
ROOMS = ("sandbox", "approve", "dispatch/x")
#: Rooms that this house never had; of others silence is never taken for "done".
NEVER = ("intake", "compose", "audience", "dispatch/sms", "record")


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(own_kafka.bootstrap, tmp_path / "data", extra={"TOCSIN_APPROVE_ESTIMATE_WAIT_S": "0"})
    yield made
    made.stop()


def rotate(fleet: Fleet, *words: str) -> subprocess.CompletedProcess[str]:
    admins = [f"--admin={name}={fleet.trust.people[name]}" for name in ("admin-1", "admin-2")]
    silent = [f"--although-silent={room}" for room in NEVER]
    return subprocess.run(
        [*TOCSIN, "keys", "rotate", "approve", *admins, *silent, "--json", *words],
        capture_output=True, text=True, timeout=240, check=False, cwd=REPOSITORY, env=fleet.environment,
    )  # fmt: skip


def signer(fleet: Fleet, number: int) -> str:
    """Give approve a Broadcast that the engine may release, and wait until it is posted; which key released it."""
    lineage = f"{number:032x}"
    value = broadcasts.broadcast(lineage, severity=Severity.MINOR, texts={Channel.X: {"en": [f"post {number}"]}})
    publish(fleet.kafka, [record(COMPOSED, lineage, broadcasts.canonical(value)[0].encode())])
    until(lambda: fleet.counts()["posts_distinct"] == number, 60, f"post {number}: {fleet.log('approve')[-1500:]}")
    mine = [r for r in map(_release, read_all(fleet.kafka, RELEASED)) if r.lineage == lineage]
    return mine[-1].decisions[0].key


def _release(found: object) -> Release:
    return Release.model_validate_json(found.value)  # type: ignore[attr-defined]


def test_a_new_key_while_the_house_runs(fleet: Fleet) -> None:
    path = fleet.home / "keys" / "approve.pem"
    old = read_key(path)
    fleet.start(*ROOMS)
    fleet.ready(*ROOMS)
    pids = {room: process.pid for room, process in fleet.processes.items()}
    assert signer(fleet, 1) == old.id

    begun = json.loads(rotate(fleet).stdout)
    new = read_key(path)
    assert (begun["key"], begun["old"], begun["serial"]) == (new.id, old.id, 2)
    assert path.stat().st_mode & 0o077 == 0
    assert signer(fleet, 2) == new.id

    assert begun["digest"].startswith("sha256:")
    again = rotate(fleet)
    assert (again.returncode, "two keys already" in again.stderr) == (1, True)
    early = rotate(fleet, "--end")
    assert (early.returncode, "may be on its way" in early.stderr) == (4, True)
    # A room looks at its lag every ten seconds; until then it may show a record that it has handled since.
    ended = until(
        lambda: rotate(fleet, "--end", "--overlap", "0").stdout, 60, "every room has read what the old signed"
    )
    assert json.loads(ended)["old"] == old.id
    assert not path.with_suffix(".retired.pem").exists()
    assert signer(fleet, 3) == new.id

    forged = broadcasts.broadcast("e" * 32, severity=Severity.MINOR, texts={Channel.X: {"en": ["by the old key"]}})
    text, digest = broadcasts.canonical(forged)
    said = broadcasts.decision(forged, old, "approve", "engine")
    made = Release(
        realm=forged.realm, lineage=forged.lineage, digest=digest, broadcast=text, decisions=(said,),
        at=forged.composed,
    )  # fmt: skip
    publish(fleet.kafka, [record(RELEASED, forged.lineage, made)])
    until(lambda: fleet.metric("dispatch/x", "tocsin_untrusted_total") >= 1, 30, "the old key is believed no more")
    assert fleet.counts()["posts_distinct"] == 3
    assert {room: process.pid for room, process in fleet.processes.items()} == pids
    assert all(process.poll() is None for process in fleet.processes.values())


def test_a_people_file_that_forgets_the_key_in_use_makes_no_bundle(tmp_path: Path) -> None:
    """Or the room would fall silent: nobody would believe what it signs."""
    made = make_demo_trust(tmp_path / "live", Realm.LIVE)
    context = Context(tmp_path)
    know_our_keys(context, made.bundle.statement)
    path = trust_files.key_path(context.home, "audience")
    path.unlink()
    write_key(new_key(), path)
    with pytest.raises(SourceError, match=r"audience signs with .*; enter its key"):
        know_our_keys(context, made.bundle.statement)
