"""A real room whose trust bundle cannot be read: it says so, does not die half, and is ready when that is mended."""

import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.kafka import Kafka
from services.runtime.doors import every_door
from services.runtime.keeper import bundle_path
from tests.support.fleet import Fleet, http, until

pytestmark = pytest.mark.connected


@pytest.fixture
def fleet(kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    found = Fleet(kafka.bootstrap, tmp_path)
    try:
        yield found
    finally:
        found.stop()


def missing(fleet: Fleet) -> str:
    """What approve says that it lacks; nothing while it does not answer, or lacks nothing."""
    try:
        http(fleet.door("approve") + "/health/ready")
    except urllib.error.HTTPError as answer:
        return answer.read().decode()
    except (KeyError, OSError):
        return ""
    return ""


def test_an_unreadable_bundle_is_said_and_a_mended_one_is_found(fleet: Fleet) -> None:
    bundle = bundle_path(fleet.home)
    content = bundle.read_bytes()
    bundle.unlink()
    fleet.start("approve")
    until(lambda: "no trust bundle in" in missing(fleet), 60, "approve says that there is no bundle")
    bundle.mkdir()  # root may read any file, so a folder stands for one of another user
    until(lambda: "cannot be read (Is a directory)" in missing(fleet), 30, "approve says that it cannot read it")
    handled = fleet.metric("approve", "tocsin_room_ready")
    bundle.rmdir()
    bundle.write_bytes(content)
    fleet.ready("approve")
    until(lambda: fleet.metric("approve", "tocsin_room_ready") == 1, 30, "what the metric says follows")
    assert handled == 0
    assert fleet.processes["approve"].poll() is None
    fleet.processes["approve"].terminate()
    assert fleet.processes["approve"].wait(60) == 0
    assert every_door(fleet.home, "approve") == {}
