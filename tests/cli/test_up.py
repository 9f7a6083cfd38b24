"""`tocsin up` on real Kafka: everything starts, what dies is started again, and nothing is ever left."""

import json
import os
import signal
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.cli.house.rooms import ROOMS, SANDBOX
from tests.support.code import REPOSITORY
from tests.support.house import Up, left_of, said, tocsin

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]
EVERY_ROOM = [spec.name for spec in (*ROOMS, SANDBOX)]
ALERT = REPOSITORY / "deploy" / "demo" / "boil-water.xml"


@pytest.fixture(scope="module")
def up(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One house for the tests that leave it as it was."""
    with Up(tmp_path_factory.mktemp("up"), "--sandbox") as house:
        house.wait_ready(EVERY_ROOM)
        yield house


def test_every_room_says_where_its_doors_are(up: Up) -> None:
    for room in EVERY_ROOM:
        assert up.now(room)["doors"]["private"].startswith("http://127.0.0.1:")
    assert up.now("receipts")["doors"]["public"] != up.now("receipts")["doors"]["private"]


def test_other_verbs_find_the_house_by_its_folder(up: Up) -> None:
    assert tocsin("kafka", "status", data=up.data).returncode == 0
    doctor = tocsin("doctor", "--json", data=up.data)
    rooms = {
        line["subject"]: line["verdict"] for line in said(doctor) if line["subject"] in {spec.name for spec in ROOMS}
    }
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert set(rooms.values()) <= {"good", "mind"}  # `mind`: this shell has no settings of the sandbox


def test_an_alert_is_published_once_and_followed(up: Up, tmp_path: Path) -> None:
    first = tocsin("publish", str(ALERT), "--json", data=up.data)
    assert first.returncode == 0, first.stderr
    answer = said(first)[0]
    assert answer["version"] == 1
    assert answer["state"] in {"accepted", "held"}  # held once the date in the file has passed
    again = said(tocsin("publish", str(ALERT), "--json", data=up.data))[0]
    assert (again["lineage"], again["version"]) == (answer["lineage"], 1)
    changed = tmp_path / "changed.xml"
    changed.write_bytes(ALERT.read_bytes().replace(b"Northgate", b"Southgate"))
    refused = tocsin("publish", str(changed), "--json", data=up.data)
    assert refused.returncode == 1
    assert said(refused)[0]["state"] == "refused"
    assert "identifier" in refused.stderr
    status = tocsin("status", answer["lineage"], "--json", data=up.data)
    assert said(status)[0]["lineage"] == answer["lineage"]


def test_the_demos_publisher_posts_with_its_key_and_hears_what_intake_says(up: Up) -> None:
    keys = json.loads((up.data / "live" / "agency-demo.json").read_text())
    door = up.now("agency")["doors"]["public"]
    data = ALERT.read_bytes().replace(b"boil-water<", b"by-the-door<")
    request = urllib.request.Request(f"{door}/alerts", data, {"Authorization": f"Bearer {keys['live']}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
        body = json.load(answer)
    again = urllib.request.Request(door + body["status"], headers={"Authorization": f"Bearer {keys['test']}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(again, timeout=20) as answer:  # noqa: S310 - loopback
        assert json.load(answer)["source"] == body["source"]


def test_an_exercise_goes_to_the_drill_and_its_sender_is_told_that_nobody_listens_there(up: Up, tmp_path: Path) -> None:
    exercise = tmp_path / "exercise.xml"
    text = ALERT.read_text().replace("<status>Actual", "<status>Exercise").replace("boil-water<", "exercise-1<")
    exercise.write_text(text)
    result = tocsin("publish", str(exercise), "--wait", "4", "--json", data=up.data)
    assert result.returncode == 4  # only the live realm runs here, so there is no answer from the drill
    assert said(result)[0]["state"] == "unanswered"


def test_the_brake_is_written_into_the_ledger_beside_its_dispatcher(up: Up) -> None:
    for word, expected in (("on", 1), ("off", 0)):
        said(tocsin("brake", word, "sms", "--as", "officer-1", "--reason", "drill", "--json", data=up.data))
        with sqlite3.connect(up.data / "live" / "dispatch-sms.db") as ledger:
            row = ledger.execute('SELECT "on", "by" FROM brake WHERE channel = ?', ("sms",)).fetchone()
        ledger.close()
        assert row == (expected, "officer-1")


def test_a_room_that_is_killed_is_started_again(up: Up) -> None:
    before = up.now("compose")["pid"]
    os.kill(before, signal.SIGKILL)
    up.wait_for(lambda: up.now("compose")["state"] == "ready" and up.now("compose")["pid"] != before)
    assert any(line.get("room") == "compose" and line["state"] == "restarting" for line in up.lines)


def test_a_folder_has_one_house(up: Up) -> None:
    second = tocsin("up", "--sandbox", data=up.data)
    assert second.returncode == 1
    assert f"process {up.process.pid}" in second.stderr


def test_kafka_that_dies_is_started_again(up: Up) -> None:
    java = [process for process in up.family() if "kafka.Kafka" in " ".join(process.cmdline())]
    os.kill(java[-1].pid, signal.SIGKILL)
    up.wait_for(lambda: any("ready again" in line.get("says", "") for line in up.lines))
    assert tocsin("publish", str(ALERT), "--json", data=up.data).returncode == 0


def test_sigterm_ends_everything(kafka_parts: None, tmp_path: Path) -> None:
    with Up(tmp_path, "--sandbox") as house:
        house.wait_ready(["intake", "sandbox"])
        family = house.family()
        house.process.terminate()
        assert house.process.wait(60) == 0
        assert left_of(family, 0) == []
    assert not (tmp_path / "kafka.json").exists()
    assert list((tmp_path / "live" / "doors").glob("*")) == []


@pytest.mark.crash
@pytest.mark.parametrize("room", ["sandbox", None], ids=["once-up", "while-starting"])
def test_kill_9_of_the_supervisor_leaves_nothing(room: str | None, kafka_parts: None, tmp_path: Path) -> None:
    with Up(tmp_path, "--sandbox") as house:
        if room is None:
            house.wait_for(lambda: house.now("intake")["state"] == "starting")
        else:
            house.wait_ready([room])
        family = house.family()
        assert any("kafka.Kafka" in " ".join(each.cmdline()) for each in family)
        house.process.kill()
        house.process.wait()
        assert left_of(family, 20) == []


@pytest.mark.crash
def test_kill_9_of_a_lifeline_takes_its_room_along(up: Up) -> None:
    before = up.now("audience")["pid"]
    guard = psutil.Process(before).parent()
    assert guard is not None
    guard.kill()
    up.wait_for(lambda: up.now("audience")["state"] == "ready" and up.now("audience")["pid"] != before)
    assert left_of([psutil.Process(before)] if psutil.pid_exists(before) else [], 5) == []


def test_a_wrong_setting_is_said_and_its_room_is_not_started_again(kafka_parts: None, tmp_path: Path) -> None:
    with Up(tmp_path, "--sandbox", TOCSIN_INTAKE_ORPHAN_WAIT_S="soon") as house:
        house.wait_for(lambda: house.now("intake")["state"] == "wrong")
        assert "TOCSIN_INTAKE_ORPHAN_WAIT_S" in house.now("intake")["says"]
        house.process.terminate()
        assert house.process.wait(60) == 2


def test_a_misspelt_setting_stops_it_before_anything_starts(tmp_path: Path) -> None:
    result = tocsin("up", "--sandbox", data=tmp_path / "none", TOCSIN_INTAKE_ORPHAN_WAIT="5")
    assert result.returncode == 2
    assert "did you mean TOCSIN_INTAKE_ORPHAN_WAIT_S?" in result.stderr
    assert not (tmp_path / "none").exists()


def test_a_kafka_that_is_named_and_does_not_answer_is_said(tmp_path: Path) -> None:
    result = tocsin("up", "--sandbox", "--kafka", "127.0.0.1:9", data=tmp_path)
    assert result.returncode == 3
    assert "127.0.0.1:9 does not answer" in result.stderr
