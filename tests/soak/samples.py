"""What each room's process and store hold, again and again, and whether that grows."""

import sqlite3
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

from tests.support.fleet import Fleet

MB = 1_048_576
OPEN = "SELECT count(*) FROM delivery WHERE state IN ('planned', 'sending', 'unknown')"
LEDGERS = ("dispatch/sms", "dispatch/x")
#: By how much the last quarter may stand above the second (the first is warm-up), and what is no growth in any case.
GROWTH, SLACK = 1.15, {"memory, MB": 10.0, "descriptors": 8.0, "outbox rows": 50.0, "ledger rows open": 500.0}

Series = dict[str, list[tuple[float, float]]]


@dataclass
class Samples:
    """By measure and room: seconds since the beginning, and a value."""

    fleet: Fleet
    rooms: tuple[str, ...]
    began: float = field(default_factory=time.monotonic)
    found: dict[str, Series] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def take(self) -> None:
        """One sample of everything."""
        now = time.monotonic() - self.began
        for room in self.rooms:
            process = psutil.Process(self.fleet.processes[room].pid)
            self.found["memory, MB"][room].append((now, process.memory_info().rss / MB))
            self.found["descriptors"][room].append((now, process.num_fds()))
            if room not in {"sandbox", "record"}:
                self.found["outbox rows"][room].append((now, self._count(room, "SELECT count(*) FROM outbox")))
        for room in LEDGERS:
            self.found["ledger rows open"][room].append((now, self._count(room, OPEN)))

    def _count(self, room: str, query: str) -> int:
        path = self.fleet.home / f"{room.replace('/', '-')}.db"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        try:
            return int(connection.execute(query).fetchone()[0])
        finally:
            connection.close()

    def growing(self) -> list[str]:
        """A sentence for each room and measure that is not flat."""
        return [
            f"{room}: {measure} grew from {before:.0f} to {after:.0f}"
            for measure, rooms in self.found.items() for room, points in rooms.items()
            for before, after in [_quarters(points)]
            if after > before * GROWTH and after - before > SLACK[measure]
        ]  # fmt: skip


def _quarters(points: list[tuple[float, float]]) -> tuple[float, float]:
    """The medians of the second and of the last quarter of the time."""
    values, quarter = [value for _, value in points], max(1, len(points) // 4)
    return statistics.median(values[quarter : 2 * quarter] or values), statistics.median(values[-quarter:])
