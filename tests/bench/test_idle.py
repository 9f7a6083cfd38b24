"""What every room costs while nothing happens. Bar: 3 % of a core (dispatch and record 5 %) and 150 MB."""

import time
from pathlib import Path

import psutil
import pytest

from services.cli.kafka import Kafka
from tests.support.fleet import Fleet, until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROOMS = (
    "sandbox", "agency", "intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms", "receipts", "record",
)  # fmt: skip
SETTLE_S, MEASURE_S = 15, 30
MEGABYTE = 1_048_576


def test_idle_rooms(kafka: Kafka, tmp_path: Path) -> None:
    fleet = Fleet(kafka.bootstrap, tmp_path / "data")
    fleet.people(100, ["ferrow-north"])
    fleet.start(*ROOMS)
    try:
        fleet.ready(*ROOMS)
        processes = {room: psutil.Process(fleet.processes[room].pid) for room in ROOMS}
        _wait(SETTLE_S)
        before = {room: sum(process.cpu_times()[:2]) for room, process in processes.items()}
        started = time.monotonic()
        _wait(MEASURE_S)
        seconds = time.monotonic() - started
        found = {}
        for room, process in processes.items():
            used = 100 * (sum(process.cpu_times()[:2]) - before[room]) / seconds
            found[room] = (used, process.memory_info().rss / MEGABYTE)
            print(f"\n{room:14} {used:4.1f} % of a core {found[room][1]:5.0f} MB", end="")
    finally:
        fleet.stop()
    for room, (used, memory) in found.items():
        assert used < (5 if room.startswith("dispatch/") or room == "record" else 3), room
        assert memory < 150, room


def _wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 5, "time passes")
