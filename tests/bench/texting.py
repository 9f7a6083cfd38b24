"""One dispatcher of texts, a real process on real Kafka, and what its texts cost it: CPU from batch to commit."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from twilio.request_validator import RequestValidator

from schemas.topics import RELEASED, batches
from schemas.words import Channel, Urgency
from services.phonebook.rows import Entry
from services.phonebook.writing import write
from tests.support import broadcasts
from tests.support.code import REPOSITORY
from tests.support.fleet import SID, TOKEN, Fleet, until
from tests.support.kafka_io import publish, record

ROOM, DOOR = "dispatch/sms", "receipts"
URGENT = batches(Channel.SMS, Urgency.URGENT)
WINDOW = 256
#: +999 is no country's (https://www.itu.int/pub/T-SP-E.164D): 555-0100 to 555-0199 are too few.
NOBODY = "+999"


@contextmanager
def sink() -> Iterator[str]:
    """The address of a platform that costs nothing here."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.sink"], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait(10)


def bare(client: str, address: str, number: int) -> float:
    """Microseconds of CPU for each POST, see `tests.bench.bare`."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.bare", client, address, str(number)]
    return float(subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, timeout=300).stdout)


@dataclass(frozen=True)
class Cost:
    """What some texts cost."""

    texts: int
    cpu_us: float
    """Microseconds of CPU for each."""
    memory_mb: float
    """Resident after the last."""


@dataclass
class Texting:
    """The room, its people and its releases."""

    kafka: str
    folder: Path
    platform: str
    people: list[str] = field(default_factory=list)
    releases: int = 0
    settled: int = 0

    def __post_init__(self) -> None:
        extra = {"TOCSIN_SMS_BASE_URL": self.platform, "TOCSIN_SMS_WINDOW": str(WINDOW), "TOCSIN_SMS_CALLBACK_URL": ""}
        self.fleet = Fleet(self.kafka, self.folder, extra=extra)

    def enter(self, count: int) -> None:
        """Enter people until there are `count`."""
        book, now = self.fleet.phonebook(), datetime.now(UTC)
        numbers = [f"{NOBODY}{n:09d}" for n in range(len(self.people), count)]
        entries = [Entry(n, ("en",), ("ferrow-north",), now.isoformat(), "bench", "bench") for n in numbers]
        try:
            for start in range(0, len(entries), 500):
                write(book, entries[start : start + 500], now)
            self.people = [name for name, _ in book.select(["ferrow-north"], ["en"])]
        finally:
            book.close()

    def start(self, how: str) -> None:
        """Start the room with `aiohttp`, `lean`, or `none`, which has the answers at hand."""
        if how == "none":
            with (self.fleet.data / "none.log").open("ab") as out:
                self.fleet.processes[ROOM] = subprocess.Popen(
                    [sys.executable, "-m", "tests.bench.no_transport"], env=self.fleet.environment, cwd=REPOSITORY,
                    stdout=out, stderr=out,
                )  # fmt: skip
        else:
            self.fleet.environment["TOCSIN_SMS_TRANSPORT"] = how
            self.fleet.start(ROOM)
        self.fleet.ready(ROOM, seconds=120)

    def stop(self) -> None:
        self.fleet.stop()

    def send(self, count: int) -> Cost:
        """One alert to the first `count` people; what it cost the room."""
        self.releases += 1
        value = broadcasts.broadcast(f"{self.releases:032x}")
        messages = [record(RELEASED, value.lineage, broadcasts.release(value, self.fleet.trust, count))]
        signed = broadcasts.batches(value, self.fleet.trust, self.people[:count])
        messages += [record(URGENT, value.lineage, batch) for batch in signed]
        process = psutil.Process(self.fleet.processes[ROOM].pid)
        before = cpu_of(process)
        publish(self.kafka, messages)
        self.settled += count
        until(lambda: not self._open() and self._sent() >= self.settled, 60 + count / 50, f"{count} texts are sent")
        spent = cpu_of(process) - before
        return Cost(count, spent * 1e6 / count, process.memory_info().rss / 1_048_576)

    def _open(self) -> bool:
        """Whether anything is on its way; by the partial indexes, for to count all rows holds back the checkpoints."""
        waiting = "SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'planned')"
        flying = "SELECT EXISTS (SELECT 1 FROM delivery WHERE state IN ('sending', 'unknown'))"
        return any(self._rows(query)[0][0] for query in (waiting, flying))

    def _sent(self) -> int:
        return int(self._rows("SELECT count(*) FROM delivery WHERE state IN ('sent', 'delivered')")[0][0])

    def report_back(self, count: int) -> tuple[float, float]:
        """Reports on the next `count` texts; microseconds of CPU each, of door and dispatcher."""
        query = "SELECT id, platform_id FROM delivery JOIN platform_id ON delivery = id WHERE state = 'sent' LIMIT ?"
        sent = self._rows(query, count)
        rooms = [psutil.Process(self.fleet.processes[room].pid) for room in (DOOR, ROOM)]
        before, delivered = [cpu_of(room) for room in rooms], self._delivered()
        asyncio.run(_call_back(self.fleet.environment["TOCSIN_RECEIPTS_PUBLIC_URL"], sent))
        until(lambda: self._delivered() >= delivered + count, 120, f"{count} reports are in the ledger")
        door, dispatcher = [(cpu_of(room) - was) * 1e6 / count for room, was in zip(rooms, before, strict=True)]
        return door, dispatcher

    def _delivered(self) -> int:
        return int(self._rows("SELECT count(*) FROM delivery WHERE state = ?", "delivered")[0][0])

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.fleet.home / "dispatch-sms.db") as ledger:
            return ledger.execute(query, values).fetchall()


async def _call_back(base: str, sent: list[tuple[Any, ...]]) -> None:
    """As Twilio calls, 64 at once."""
    checks, waiting = RequestValidator(TOKEN), iter(sent)

    async def work(session: aiohttp.ClientSession) -> None:
        for delivery, sid in waiting:
            url = f"{base}/twilio/status/{delivery}"
            fields = {"MessageSid": sid, "MessageStatus": "delivered", "AccountSid": SID, "To": "+12025550123",
                      "ApiVersion": "2010-04-01"}  # fmt: skip
            headers = {"X-Twilio-Signature": checks.compute_signature(url, fields)}
            async with session.post(url, data=fields, headers=headers) as answer:
                assert answer.status < 300, answer.status

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(work(session) for _ in range(64)))


def cpu_of(process: psutil.Process) -> float:
    """Seconds of CPU that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)
