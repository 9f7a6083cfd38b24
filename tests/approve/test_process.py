"""Approve as it runs: its own process on real Kafka, killed at random instants; the command line beside it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.base import Record
from schemas.broadcast import Broadcast
from schemas.decision import Decision, Statement
from schemas.release import Release, Stop
from schemas.topics import COMPOSED, DECIDED, ESTIMATED, RELEASED, STOPPED, Topic
from schemas.words import DecisionWord, Realm, Severity
from services.cli import wire
from services.cli.demo.trust import DemoTrust, make_demo_trust
from services.cli.kafka import Kafka
from services.runtime import topics, trust, verifier
from services.runtime.doors import read_doors
from services.runtime.outbox import Message, message_of
from services.runtime.trusted import Trust
from tests.support.code import REPOSITORY
from tests.support.trust import broadcast, digest_of, estimate, nonce

READY_S, SETTLE_S = 60.0, 60.0
ROLE = {"officer-1": "duty-officer", "officer-2": "communications-lead"}


class Running:
    """One approve on a data folder of its own, in the realm `drill`, so that no other test shares its topics."""

    def __init__(self, data: Path, kafka: str) -> None:
        self.data, self.kafka = data, kafka
        self.home = data / "drill"
        self.demo: DemoTrust = make_demo_trust(self.home, Realm.DRILL)
        self.trust = Trust(self.demo.bundle.statement)
        self.environment = {
            **os.environ, "TOCSIN_DATA": str(data), "TOCSIN_KAFKA": kafka, "TOCSIN_REPLICA": "one",
            "TOCSIN_REALM": "drill",
        }  # fmt: skip
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.data / "approve.log").open("ab") as log:
            command = [sys.executable, "-m", "services.approve"]
            self.child = subprocess.Popen(command, cwd=REPOSITORY, env=self.environment, stderr=log)

    def kill(self) -> None:
        if self.child:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(10)
            self.child = None

    def get(self, path: str) -> Any:
        """The private door's answer; None while it is shut."""
        doors = read_doors(self.home, "approve")
        if self.child is None or str(doors.get("pid")) != str(self.child.pid):
            return None
        try:
            with urllib.request.urlopen(doors["private"] + path, timeout=5) as answer:  # noqa: S310 - loopback
                return json.load(answer)
        except OSError:
            return None

    def wait(self, question: Callable[[], bool], seconds: float = SETTLE_S) -> None:
        end = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < end, (self.data / "approve.log").read_text()[-3000:]
            assert self.child is None or self.child.poll() is None, (self.data / "approve.log").read_text()[-3000:]
            time.sleep(0.05)

    def wait_ready(self) -> None:
        self.wait(lambda: bool((self.get("/health/ready") or {}).get("ready")), READY_S)

    def send(self, *messages: Message) -> None:
        wire.run(wire.send(self.kafka, messages))

    def read(self, topic: Topic) -> list[Record]:
        found = wire.run(wire.read_all(self.kafka, [topic.full(Realm.DRILL)]))
        return [topic.values[0].model_validate_json(envelope.value or b"") for envelope in found]

    def tocsin(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command, as somebody would type it."""
        command = [sys.executable, "-m", "services.cli.main", *words]
        return subprocess.run(
            command, cwd=REPOSITORY, env=self.environment, text=True, capture_output=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def key(self, person: str) -> str:
        return str(self.demo.people[person])


@contextmanager
def running(data: Path, kafka: str) -> Iterator[Running]:
    found = Running(data, kafka)
    wire.run(topics.ensure(kafka, Realm.DRILL))
    found.start()
    try:
        yield found
    finally:
        found.kill()


def fresh(number: int, severity: Severity = Severity.SEVERE) -> Broadcast:
    now = datetime.now(UTC).replace(microsecond=0)
    return broadcast(
        severity, lineage=f"{number:032x}", realm=Realm.DRILL, identifier=f"n{number}", sent=now, received=now,
        composed=now, expires=now + timedelta(hours=1),
    )  # fmt: skip


def composed(found: Broadcast) -> Message:
    return message_of(Realm.DRILL, COMPOSED, found.lineage, trust.canonical(found))


def estimated(found: Broadcast, people: int) -> Message:
    return message_of(Realm.DRILL, ESTIMATED, found.lineage, estimate(found, people, datetime.now(UTC)))


def decided(room: Running, found: Broadcast, person: str, reach: int) -> Message:
    """A decision with a key of the demo's."""
    key = room.demo.key(person)
    said = Statement(
        realm=Realm.DRILL, decision=DecisionWord.APPROVE, digest=digest_of(found), person=person, role=ROLE[person],
        issued=found.composed, expires=found.expires, reach=reach, nonce=nonce(),
    )  # fmt: skip
    record = Decision(lineage=found.lineage, statement=said, key=key.id, signature=key.sign("decision", said))
    return message_of(Realm.DRILL, DECIDED, found.lineage, record)


@pytest.mark.crash
@pytest.mark.timeout(300)
def test_killed_while_people_decide_each_alert_is_released_once_and_each_decision_counted(
    tmp_path: Path, own_kafka: Kafka
) -> None:
    """40 alerts, every fourth Extreme with two signatures, on three topics at once, with 4 kills between."""
    chance = random.Random(7)  # noqa: S311 - which instant, not a secret
    severities = (Severity.EXTREME, Severity.SEVERE, Severity.MODERATE, Severity.MINOR)
    alerts = [fresh(number, severities[number % 4]) for number in range(40)]
    with running(tmp_path, own_kafka.bootstrap) as room:
        messages = [composed(found) for found in alerts] + [estimated(found, 10) for found in alerts]
        messages += [decided(room, found, "officer-1", 10) for found in alerts]
        messages += [decided(room, found, "officer-2", 10) for found in alerts[::4]]
        chance.shuffle(messages)
        room.wait_ready()
        for number in range(0, len(messages), 20):
            room.send(*messages[number : number + 20])
            if number % 40 == 0:
                time.sleep(chance.uniform(0, 0.6))
                room.kill()
                room.start()
        room.wait_ready()
        room.wait(lambda: len({r.digest for r in releases(room)}) == len(alerts))
        found = releases(room)
    by_digest = {record.digest: [r for r in found if r.digest == record.digest] for record in found}
    assert by_digest.keys() == {digest_of(each) for each in alerts}
    for each in alerts:
        # A kill between publishing and deleting publishes the same record again: readers know it by its decisions.
        # The engine decides anew when the reach comes late: a new Release of the same bytes. People do not.
        automatic = each.severity is Severity.MINOR
        distinct = {r.broadcast if automatic else r.model_dump_json() for r in by_digest[digest_of(each)]}
        assert len(distinct) == 1, each.severity
        believed = verifier.release(
            by_digest[digest_of(each)][0], room.trust, Realm.DRILL, datetime.now(UTC), each.severity
        )
        if each.severity is not Severity.MINOR:
            assert len(believed.people) == (2 if each.severity is Severity.EXTREME else 1)


def releases(room: Running) -> list[Release]:
    return [record for record in room.read(RELEASED) if isinstance(record, Release)]


@pytest.mark.connected
@pytest.mark.timeout(240)
def test_the_whole_way_at_the_command_line_and_a_withdrawal_when_approve_is_gone(
    tmp_path: Path, own_kafka: Kafka
) -> None:
    alert = fresh(1)
    digest = digest_of(alert)
    with running(tmp_path, own_kafka.bootstrap) as room:
        room.wait_ready()
        room.send(composed(alert), estimated(alert, 1000))
        room.wait(lambda: any(item["reach"] == 1000 for item in (room.get("/pending") or {"waiting": []})["waiting"]))

        shown = room.tocsin("pending", "--json")
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["digest"] == digest

        wrong = room.tocsin("approve", digest[7:17], "--as", "officer-1", "--key", room.key("officer-2"))
        assert (wrong.returncode, room.read(DECIDED)) == (1, [])

        done = room.tocsin("approve", digest[7:17], "--as", "officer-1", "--key", room.key("officer-1"), "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["state"] == "released"
        (record,) = releases(room)
        assert verifier.release(record, room.trust, Realm.DRILL, datetime.now(UTC)).reach == 1000

        room.kill()
        taken = room.tocsin(
            "withdraw", alert.lineage, "--as", "officer-2", "--key", room.key("officer-2"), "--reason", "wrong"
        )
        assert taken.returncode == 0, taken.stderr
        (stop,) = room.read(STOPPED)
        assert isinstance(stop, Stop)
        assert verifier.stop(stop, room.trust, Realm.DRILL, datetime.now(UTC)).digest == digest

        room.start()
        room.wait_ready()
        room.wait(lambda: bool((room.get(f"/digests/{digest[7:]}") or [{}])[0].get("withdrawn")))

        person = room.demo.people["officer-1"]
        key = trust.read_key(person).id
        revoked = room.tocsin(
            "keys", "revoke", key, "--as", "admin-1", "--key", room.key("admin-1"), "--reason", "lost"
        )
        assert revoked.returncode == 0, revoked.stderr
        later = fresh(2)
        room.send(composed(later), estimated(later, 5), decided(room, later, "officer-1", 5))
        room.wait(lambda: "revoked" in json.dumps(room.get(f"/digests/{digest_of(later)[7:]}")))
        assert len(releases(room)) == 1
