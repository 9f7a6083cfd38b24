"""The eight failures of the runbook, staged on a running house. Each is settled by what doctor and the commands say.

Bad credential, full disk, stuck room, wrong clock, parked poison, old bundle, unreachable webhook, unresolved texts.
What was unclear when they were first played stands in `deploy/played.md`.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from schemas.topics import RELEASED
from schemas.trust import BundleStatement
from schemas.words import Channel, Realm
from services.cli.checks import configuration, machine, platforms, running, waiting, webhook
from services.cli.checks.finding import Found
from services.cli.context import Context
from services.cli.doctor import everything
from services.cli.kafka import Kafka
from services.cli.keys import trust_files
from services.cli.sight.asking import look
from services.runtime.outbox import Message
from tests.crash.killing import PACE, URGENT, bounds
from tests.support import broadcasts
from tests.support.code import REPOSITORY
from tests.support.fleet import TOKEN, Fleet, http, until
from tests.support.house import TOCSIN
from tests.support.kafka_io import publish, record
from tests.support.serving import served

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]
ROOMS = ("sandbox", "dispatch/sms", "receipts", "record")
AS = ("--as", "anna", "--reason", "looked at the platform's page")


@pytest.fixture(scope="module")
def house(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Some rooms of a house, with everybody's token in a file, as in production; short bounds, one failing look-up."""
    folder = tmp_path_factory.mktemp("staged")
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with Kafka(folder / "kafka") as kafka:
        extra = bounds("SMS") | {k: str(v) for k, v in PACE.items()} | {"TOCSIN_SMS_PATIENCE_S": "1"}
        made = Fleet(kafka.bootstrap, folder / "data", extra=extra)
        del made.environment["TOCSIN_SMS_AUTH_TOKEN"]
        made.environment["TOCSIN_SMS_AUTH_TOKEN_FILE"] = str(token)
        made.start(*ROOMS)
        try:
            made.ready(*ROOMS)
            yield made
        finally:
            made.stop()


@pytest.fixture(autouse=True)
def as_operations_are(house: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the house, as whoever types `tocsin doctor` there has them."""
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    for name, value in house.environment.items():
        if name.startswith("TOCSIN_"):
            monkeypatch.setenv(name, value)


def tocsin(house: Fleet, *words: str) -> str:
    result = subprocess.run(
        [*TOCSIN, *words], capture_output=True, text=True, timeout=180, check=False, cwd=REPOSITORY,
        env=house.environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def context(house: Fleet) -> Context:
    return Context(house.data, house.realm)


def bad(found: Iterator[Found]) -> dict[str, Found]:
    """What must be set right, by its subject."""
    return {each.subject: each for each in found if each.verdict == "bad"}


def release(house: Fleet, lineage: str, number: int) -> None:
    """A release to so many people, and its batches."""
    value = broadcasts.broadcast(lineage, texts={Channel.SMS: {"en": [f"of staged failure {lineage[0]}"]}})
    people = house.people(number, ["ferrow-north"])
    publish(house.kafka, [
        record(RELEASED, value.lineage, broadcasts.release(value, house.trust, number)),
        *(record(URGENT, value.lineage, batch) for batch in broadcasts.batches(value, house.trust, people)),
    ])  # fmt: skip


def rows(house: Fleet, state: str) -> float:
    """How many of the ledger's rows stand in this state, as its own metric says."""
    answer = asyncio.run(look(context(house))).answers["dispatch/sms"]
    return sum(s.value for s in answer.samples if s.name == "tocsin_ledger_rows" and s.labels["state"] == state)


def _only_if(long: bool) -> None:
    """Those that start rooms again take their time."""
    if not long:
        pytest.skip("with --long")


def waiting_for(house: Fleet, reason: str) -> int:
    """How many texts are planned again, and why."""
    with closing(sqlite3.connect(house.home / "dispatch-sms.db")) as ledger:
        query = "SELECT count(*) FROM delivery WHERE state = 'planned' AND reason = ?"
        return int(ledger.execute(query, (reason,)).fetchone()[0])


def test_a_bad_credential(house: Fleet, long: bool) -> None:
    _only_if(long)
    token = Path(house.environment["TOCSIN_SMS_AUTH_TOKEN_FILE"])
    token.write_text("b" * 31 + "c")
    house.kill("dispatch/sms", signal.SIGTERM)
    house.start("dispatch/sms")
    until(lambda: "refuses the credentials" in str(bad(running.look(context(house)))), 60, "the room says so itself")
    assert house.metric("dispatch/sms", "tocsin_channel_credentials_ok") == 0  # TocsinChannelCredentials
    found = bad(platforms.look())["dispatch/sms"]
    assert "Twilio refuses the credentials" in found.says
    assert "renew them in TOCSIN_SMS_… (or the file that …_FILE names), then start the room again" in found.do
    assert "what is planned waits for that" in bad(running.look(context(house)))["dispatch/sms"].do
    before = house.counts()["texts_distinct"]
    release(house, "c" * 32, 3)
    until(lambda: waiting_for(house, "auth") == 3, 60, "they are tried, refused with us, and wait")
    token.write_text(TOKEN)
    house.kill("dispatch/sms", signal.SIGTERM)
    house.start("dispatch/sms")
    house.ready("dispatch/sms")
    assert bad(platforms.look()) == {}
    until(lambda: house.counts()["texts_distinct"] == before + 3, 60, "nobody is forgotten")


def test_a_webhook_that_cannot_be_reached(house: Fleet, long: bool) -> None:
    _only_if(long)
    assert bad(webhook.look()) == {}
    house.kill("receipts", signal.SIGTERM)
    found = bad(webhook.look())["webhook"]
    assert "no report and no STOP comes" in found.says
    assert "the proxy before receipts" in found.do
    house.start("receipts")
    house.ready("receipts")
    assert bad(webhook.look()) == {}


def test_parked_poison(house: Fleet) -> None:
    publish(house.kafka, [Message(RELEASED.name, b"f" * 32, b'{"hello": "world"}', {})])
    until(lambda: house.metric("record", "tocsin_record_parked") == 2, 60, "both rooms that read it have parked it")
    found = bad(waiting.look(context(house)))["parked"]
    assert "2 records wait for a person" in found.says
    assert found.do == "tocsin parked list, then replay or drop each"
    listed = tocsin(house, "parked", "list")
    assert "-> tocsin parked drop broadcasts.released/" in listed
    assert "a release is not carried out by this room" in listed
    assert "it is nothing that this topic carries" in listed
    identifier = listed.split("#", maxsplit=1)[0]
    tocsin(house, "parked", "drop", identifier, *AS)
    until(lambda: house.metric("record", "tocsin_record_parked") == 0, 60, "nothing is parked")
    assert "parked" not in bad(waiting.look(context(house)))


def test_an_old_bundle(house: Fleet) -> None:
    """It was signed, and written to the file while Kafka was away."""
    before = house.trust.bundle.statement
    changes = {"serial": before.serial + 1, "issued": datetime.now(UTC).replace(microsecond=0)}
    statement = BundleStatement.model_validate(before.model_copy(update=changes).model_dump())
    administrators = {name: house.trust.key(name) for name in ("admin-1", "admin-2")}
    trust_files.write_bundle(house.home, trust_files.sign_bundle(statement, administrators))
    found = bad(waiting.look(context(house)))["dispatch/sms"]
    assert "works by bundle 1" in found.says
    assert "tocsin keys publish" in found.do
    tocsin(house, "keys", "publish")
    until(lambda: not bad(waiting.look(context(house))), 60, "every room works by the new bundle")


def test_a_room_that_hangs(house: Fleet, long: bool) -> None:
    _only_if(long)
    process = house.processes["record"]
    process.send_signal(signal.SIGSTOP)
    found = bad(running.look(context(house)))["record"]
    assert "it hangs" in found.says
    assert found.do.startswith(f"kill -9 {process.pid}, ")
    house.kill("record")
    house.start("record")  # what `tocsin up` does by itself
    house.ready("record")
    assert "record" not in bad(running.look(context(house)))


def test_a_store_that_another_process_holds(house: Fleet, long: bool) -> None:
    """The other way to be stuck: a restart does not help, and doctor names the file to look who has it."""
    _only_if(long)
    before = house.counts()["texts_distinct"]
    file = house.home / "dispatch-sms.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        release(house, "e" * 32, 2)
        until(lambda: f"({file}: fuser" in str(bad(running.look(context(house)))), 120, "the room says what is away")
        assert house.counts()["texts_distinct"] == before
        other.execute("ROLLBACK")
    until(lambda: house.counts()["texts_distinct"] == before + 2, 120, "it goes on by itself, and nobody is forgotten")
    house.ready("dispatch/sms")


def test_a_wrong_clock(house: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen against whatever answers with a date: here a platform whose clock is right, and ours is an hour behind."""
    ahead = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with served(lambda _: web.json_response({"messages": []}, headers={"Date": ahead})) as url:
        monkeypatch.setenv("TOCSIN_SMS_BASE_URL", url)
        found = bad(platforms.look())["clock"]
    assert "behind that of the platform of sms" in found.says
    assert "timedatectl set-ntp true" in found.do
    monkeypatch.undo()
    assert "clock" not in bad(platforms.look())
    assert house.environment["TOCSIN_SMS_BASE_URL"] != url


def test_unresolved_texts(house: Fleet) -> None:
    """Three connections are reset and the look-up keeps failing: two are surely not there, one no longer matters."""
    before = house.counts()["texts_distinct"]
    house.fault(match={"platform": "twilio", "method": "POST"}, effect={"type": "reset"}, times=3)
    house.fault(match={"platform": "twilio", "method": "GET"}, effect={"type": "broken"})
    release(house, "d" * 32, 3)
    until(lambda: "of 3 messages nobody knows" in str(bad(waiting.look(context(house)))), 120, "three are unresolved")
    assert bad(waiting.look(context(house)))["dispatch/sms"].do == "tocsin doubt list"
    listed = tocsin(house, "doubt", "list")
    assert "tocsin doubt sent|planned|failed sms" in listed
    ids = [line.split()[1] for line in listed.splitlines() if line.startswith("sms ")]
    assert len(ids) == 3
    assert tocsin(house, "doubt", "check", "sms").count("cannot be known -> see what `tocsin doctor` says") == 3
    http(house.sandbox + "/_sandbox/faults", method="DELETE")
    asked = tocsin(house, "doubt", "check", "sms")
    assert all(f"{each}: not there -> tocsin doubt planned sms {each}" in asked for each in ids)
    at_once = asked.splitlines()[-1]
    assert at_once.startswith("at once: tocsin doubt planned sms ")
    assert set(ids) == set(at_once.split()[6:9])
    for word, each in zip(("planned", "planned", "failed"), ids, strict=True):
        tocsin(house, "doubt", word, "sms", each, *AS)
    until(lambda: "dispatch/sms" not in bad(waiting.look(context(house))), 60, "nothing is unresolved")
    until(lambda: house.counts()["texts_distinct"] == before + 2, 60, "who had got nothing has it now")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, where this machine lets us make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk(house: Fleet, small_disk: Path, long: bool) -> None:
    """What cannot be written down is not sent; when there is room it goes on by itself, and nobody gets it twice."""
    _only_if(long)
    other = Fleet(
        house.kafka, small_disk / "data", realm=Realm.DRILL, extra=bounds("SMS") | {k: str(v) for k, v in PACE.items()}
    )
    people = other.people(3, ["ferrow-north"])
    try:
        other.start("sandbox", "dispatch/sms")
        other.ready("sandbox", "dispatch/sms")
        filler = fill(small_disk)
        assert "start no Kafka before" in bad(machine.look(other.data, kafka_named=True))["disk"].do
        value = broadcasts.broadcast("c" * 32, realm=Realm.DRILL, texts={Channel.SMS: {"en": ["of a full disk"]}})
        released = record(RELEASED, value.lineage, broadcasts.release(value, other.trust, 3), Realm.DRILL)
        batches = broadcasts.batches(value, other.trust, people)
        publish(other.kafka, [released, *(record(URGENT, value.lineage, b, Realm.DRILL) for b in batches)], Realm.DRILL)
        until(
            lambda: "store" in str(bad(running.look(context(other))).get("dispatch/sms")),
            60,
            "the room says what is away",
        )
        assert other.counts()["texts"] == 0
        filler.unlink()
        until(lambda: other.counts()["texts_distinct"] == 3, 120, "all have it")
        other.ready("dispatch/sms")
        assert other.counts()["texts_extra"] == 0
    finally:
        other.stop()


def test_afterwards_nothing_must_be_set_right(house: Fleet) -> None:
    """Everything that doctor looks at; only rooms that this house never had are missing, and its tokens are none."""
    assert bad(configuration.look()) == {}
    absent = {"agency", "intake", "compose", "approve", "audience", "dispatch/x"}
    assert set(bad(everything(context(house)))) == absent | {"secrets"}
