"""Where a room's processes say that their doors are: a file a replica, and none of a dead one beside a living."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.runtime.doors import announce, door_file, every_door, read_doors, retract

HERE = str(os.getpid())


def dead() -> int:
    """The number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def left_behind(home: Path, room: str, replica: str, **changes: object) -> Path:
    """What a process that was killed had announced."""
    announce(home, room, {"private": f"http://{replica or 'nobody'}"}, replica)
    path = door_file(home, room, replica)
    path.write_text(json.dumps({**json.loads(path.read_text()), "pid": dead(), **changes}))
    return path


def test_two_replicas_are_two_and_each_is_found(tmp_path: Path) -> None:
    announce(tmp_path, "dispatch/sms", {"private": "http://one"}, "one.example.org")
    announce(tmp_path, "dispatch/sms", {"private": "http://two"}, "two/2")
    announce(tmp_path, "dispatch/x", {"private": "http://x"}, "one")
    assert every_door(tmp_path, "dispatch/sms") == {
        "one.example.org": {"pid": HERE, "private": "http://one"},
        "two-2": {"pid": HERE, "private": "http://two"},
    }
    assert read_doors(tmp_path, "dispatch/sms")["private"] == "http://one"
    assert every_door(tmp_path, "dispatch") == {}


def test_what_a_dead_process_left_does_not_count_beside_a_living_one(tmp_path: Path) -> None:
    left_behind(tmp_path, "intake", "a")
    assert read_doors(tmp_path, "intake")["private"] == "http://a"  # so that somebody can say that it does not answer
    announce(tmp_path, "intake", {"private": "http://b"}, "b")
    assert list(every_door(tmp_path, "intake")) == ["b"]


def test_of_several_dead_ones_the_last_counts(tmp_path: Path) -> None:
    for age, replica in enumerate(("b", "a", "c")):
        os.utime(left_behind(tmp_path, "intake", replica), (100 - age, 100 - age))
    assert list(every_door(tmp_path, "intake")) == ["b"]


def test_of_a_process_on_another_machine_nobody_knows_here(tmp_path: Path) -> None:
    left_behind(tmp_path, "intake", "a", host="elsewhere.example.org")
    announce(tmp_path, "intake", {"private": "http://b"}, "b")
    assert list(every_door(tmp_path, "intake")) == ["a", "b"]


def test_a_file_of_an_earlier_version_counts_only_alone(tmp_path: Path) -> None:
    old = door_file(tmp_path, "intake")
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps({"pid": os.getpid(), "private": "http://old"}))
    assert every_door(tmp_path, "intake") == {"": {"pid": HERE, "private": "http://old"}}
    announce(tmp_path, "intake", {"private": "http://new"}, "0")
    assert every_door(tmp_path, "intake") == {"0": {"pid": HERE, "private": "http://new"}}


def test_a_door_that_a_person_brought_here_is_found(tmp_path: Path) -> None:
    path = door_file(tmp_path, "approve")
    path.parent.mkdir(parents=True)
    path.write_text('{"private": "http://127.0.0.1:9100"}')
    assert read_doors(tmp_path, "approve") == {"private": "http://127.0.0.1:9100"}


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff", '{"pid": "x"}', '{"pid": 99999999999999999999}'])
def test_no_file_breaks_whoever_reads_it(tmp_path: Path, text: str) -> None:
    path = door_file(tmp_path, "intake", "a")
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="latin-1")
    assert "private" not in read_doors(tmp_path, "intake")
    announce(tmp_path, "intake", {"private": "http://b"}, "b")
    assert every_door(tmp_path, "intake")["b"]["private"] == "http://b"


def test_a_process_takes_away_what_it_announced_and_no_others(tmp_path: Path) -> None:
    announce(tmp_path, "intake", {"private": "http://a"}, "a")
    retract(tmp_path, "intake", "a")
    assert every_door(tmp_path, "intake") == {}
    theirs = left_behind(tmp_path, "intake", "a")
    retract(tmp_path, "intake", "a")
    assert theirs.exists()
