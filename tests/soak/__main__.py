"""`make soak ARGS="--minutes 120"`: every room under mixed load with faults; a plot, and status 1 where it grows.

Counted by the platform's side: nothing doubled, nothing left open at the end.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from services.cli.kafka import Kafka
from tests.soak.load import Load
from tests.soak.plot import svg
from tests.soak.samples import LEDGERS, OPEN, Samples
from tests.support.bounds import roomy
from tests.support.code import REPOSITORY
from tests.support.fleet import Fleet, until

ROOMS = ("sandbox", "intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms", "receipts", "record")
SETTINGS = {
    **roomy("SMS", "X"), "TOCSIN_SANDBOX_SENT_MS": "100", "TOCSIN_SANDBOX_DELIVERED_MS": "500",
    "TOCSIN_SANDBOX_X_CREATE_LIMIT": "1000000", "TOCSIN_SANDBOX_X_READ_LIMIT": "1000000",
}  # fmt: skip
DRAIN_S = 300


def main() -> int:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--people", type=int, default=100, help="in each of five areas")
    parser.add_argument("--every", type=float, default=5, help="seconds from one alert to the next")
    parser.add_argument("--svg", type=Path, default=REPOSITORY / "tests" / "soak" / "soak.svg")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-soak-") as folder, Kafka(Path(folder) / "kafka") as kafka:
        fleet = Fleet(kafka.bootstrap, Path(folder) / "data", extra=SETTINGS)
        try:
            return _run(fleet, asked)
        finally:
            fleet.stop()


def _run(fleet: Fleet, asked: argparse.Namespace) -> int:
    load = Load(fleet, asked.people)
    fleet.start(*ROOMS)
    fleet.ready(*ROOMS, seconds=180)
    load.faults()
    samples = Samples(fleet, ROOMS)
    try:
        _load(load, samples, asked)
    except BaseException:  # two hours are not to be lost: what was seen is drawn, and the error is told
        asked.svg.write_text(svg(f"broken off after {load.alerts} alerts", samples.found))
        raise
    until(lambda: not any(samples._count(room, OPEN) for room in LEDGERS), DRAIN_S, "everything is settled")
    counts = fleet.counts()
    dead = [room for room, process in fleet.processes.items() if process.poll() is not None]
    parked = {room: n for room in ROOMS[1:] if (n := fleet.metric(room, "tocsin_records_parked_total"))}
    growing = samples.growing()
    title = (
        f"{asked.minutes:g} minutes of mixed load with faults: {load.alerts} alerts, {load.cancels} cancels, "
        f"{counts['texts_distinct']} texts, {counts['posts_distinct']} posts"
    )
    asked.svg.write_text(svg(title, samples.found))
    print(
        title,
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} CPUs",
        f"load of the machine {os.getloadavg()[1]:.1f}",
        f"twice: {counts['texts_extra']} texts, {counts['posts_extra']} posts; parked {parked or 0}; ended {dead or 0}",
        *(growing or ["all flat"]),
        asked.svg,
        sep="\n",
    )
    return 1 if growing or dead or parked or counts["texts_extra"] or counts["posts_extra"] else 0


def _load(load: Load, samples: Samples, asked: argparse.Namespace) -> None:
    """An alert and a sample every few seconds until the time is over; a line a minute."""
    began = told = time.monotonic()
    while (now := time.monotonic()) < began + asked.minutes * 60:
        load.step()
        samples.take()
        if now >= told + 60:
            told = now
            done = (now - began) / 60
            print(f"minute {done:.0f} of {asked.minutes:g}: {load.alerts} alerts, {load.cancels} cancels", flush=True)
        time.sleep(max(0.0, asked.every - (time.monotonic() - now)))


if __name__ == "__main__":
    sys.exit(main())
