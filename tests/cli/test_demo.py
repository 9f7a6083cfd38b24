"""The front door: the demo as a process, to its end and interrupted."""

import os
import re
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from services.cap.read import read
from services.cli.demo import copies, people
from services.intake.validate import validate
from services.phonebook.numbers import canonical
from tests.support.house import TOCSIN, left_of

NOW = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
PEOPLE = 120


def start(*words: str, folder: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.Popen(
        [*TOCSIN, "demo", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=environment,
    )  # fmt: skip


@pytest.mark.connected
@pytest.mark.timeout(300)
def test_the_whole_way_without_a_terminal(kafka_parts: None, tmp_path: Path) -> None:
    demo = start("--people", str(PEOPLE), folder=tmp_path)
    told, _ = demo.communicate(timeout=280)
    assert demo.returncode == 0, told
    assert (
        f"alert: 2 posts and {PEOPLE} texts, counted by the platforms; {PEOPLE} phones with this text, 0 doubled"
        in told
    )
    assert f"cancel: 2 posts and {PEOPLE} texts, 2 earlier posts taken down" in told
    assert "the demo approves by itself" in told
    assert re.search(r'from "it was wrong" to everything corrected: \d+\.\d\d s', told)
    assert f"our own books, sms: {PEOPLE} delivered, {PEOPLE} withdrawn" in told
    assert list(tmp_path.iterdir()) == []  # its own folder is gone


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_however_it_ends_nothing_is_left_running(number: signal.Signals, kafka_parts: None, tmp_path: Path) -> None:
    demo = start("--people", str(PEOPLE), folder=tmp_path)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "approved by" in line:  # the texts are going out now
            break
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) > 10
    began = time.monotonic()
    demo.send_signal(number)
    demo.stdout.read()
    code = demo.wait()
    assert left_of(family, 20) == []
    assert time.monotonic() - began < 60
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 130)
    demo.stdout.close()


@pytest.mark.connected
def test_it_gives_up_in_time_with_a_sentence(kafka_parts: None, tmp_path: Path) -> None:
    demo = start("--limit", "1", folder=tmp_path)
    told, _ = demo.communicate(timeout=100)
    assert demo.returncode == 4
    assert "the demo was not done within 1 s" in told
    assert str(tmp_path) in told  # where the logs are


def test_a_fresh_copy_is_now_and_nothing_else_has_changed() -> None:
    content, name = copies.fresh(copies.ALERT, "7", NOW)
    made, original = read(content).alert, read(copies.ALERT.read_bytes()).alert
    assert made.sent == NOW
    assert made.identifier == f"{original.identifier}-7"
    assert name.split(",")[:2] == [made.sender, made.identifier]
    for new, old in zip(made.info, original.info, strict=True):
        assert new.expires is not None
        assert old.expires is not None
        assert new.expires - made.sent == old.expires - original.sent
        assert new.model_dump(exclude={"expires", "effective"}) == old.model_dump(exclude={"expires", "effective"})


def test_the_cancel_refers_to_the_copy() -> None:
    alert, name = copies.fresh(copies.ALERT, "7", NOW)
    cancel, _ = copies.fresh(copies.CANCEL, "7", NOW, references=name)
    reference = read(cancel).alert.references[0]
    made = read(alert).alert
    assert (reference.sender, reference.identifier, reference.sent) == (made.sender, made.identifier, made.sent)


@pytest.mark.parametrize("path", [copies.ALERT, copies.CANCEL], ids=lambda path: path.stem)
def test_intake_would_accept_the_demos_alerts(path: Path) -> None:
    assert validate(path.read_bytes()).grade == "accept"


def test_the_demos_people_are_fiction_and_all_different() -> None:
    rows = people.sheet(1000).decode().splitlines()[1:]
    numbers = {canonical(row.split(",")[0]) for row in rows}
    assert len(numbers) == 1000
    assert all(re.fullmatch(r"\+1[2-9]\d\d55501\d\d", number) for number in numbers)
