"""Intake as a process on real Kafka: started, killed, started again; what it published, read back whole."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.runtime.broker import MAX_REQUEST
from services.runtime.doors import read_doors

REPOSITORY = Path(__file__).parents[2]
READY_S = 60.0
Headers = Sequence[tuple[str, bytes | None]]


class IntakeProcess:
    """One `python -m services.intake` of one realm; a context manager that leaves nothing running."""

    def __init__(self, kafka: str, data: Path, realm: str = "live", **settings: str) -> None:
        self._home, self._realm = data / realm, realm
        self._log = data / f"intake-{realm}.log"
        self._environment = {
            **os.environ, "TOCSIN_KAFKA": kafka, "TOCSIN_DATA": str(data), "TOCSIN_REALM": realm,
            "TOCSIN_REPLICA": "one", "TOCSIN_INTAKE_PUBLISHERS": str(data / "publishers.yaml"), **settings,
        }  # fmt: skip
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it; it is not ready yet."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "services.intake"]
            self._child = subprocess.Popen(command, cwd=REPOSITORY, env=self._environment, stderr=log)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait(10)

    def ready(self) -> None:
        """Wait until every partition is assigned."""
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            if self._child is not None and self._child.poll() is not None:
                raise AssertionError(f"intake ended with {self._child.returncode}: {self._log.read_text()[-2000:]}")
            if self._answers():
                return
            time.sleep(0.1)
        raise AssertionError(f"intake is not ready: {self._log.read_text()[-2000:]}")

    def _answers(self) -> bool:
        doors = read_doors(self._home, "intake")
        if self._child is None or str(doors.get("pid")) != str(self._child.pid):
            return False
        try:
            with urllib.request.urlopen(f"{doors['private']}/health/ready", timeout=2) as answer:  # noqa: S310 - our own door
                return bool(json.load(answer)["ready"])
        except OSError:
            return False


@dataclass(frozen=True)
class Read:
    """One record as it stands in Kafka."""

    key: bytes
    value: bytes
    headers: dict[str, bytes]


async def publish(kafka: str, topic: str, records: Iterable[tuple[bytes | None, Headers]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=MAX_REQUEST)
    await producer.start()
    try:
        for value, headers in records:
            key = b"k" if value is None else None  # the client refuses a record without either
            await producer.send_and_wait(topic, value, key=key, headers=list(headers))
    finally:
        await producer.stop()


async def read_all(kafka: str, topic: str, enough: int, seconds: float = 30) -> list[Read]:
    """All records of a topic, once there are `enough` of them or no more time; those that come just after them too."""
    consumer = AIOKafkaConsumer(
        topic,
        auto_offset_reset="earliest",
        bootstrap_servers=kafka,
        enable_auto_commit=False,
        max_partition_fetch_bytes=MAX_REQUEST,
        fetch_max_bytes=MAX_REQUEST,
    )
    await consumer.start()
    try:
        found: list[Read] = []
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            batch = await consumer.getmany(timeout_ms=1000)
            new = [
                Read(one.key or b"", one.value or b"", dict(one.headers))
                for records in batch.values() for one in records
            ]  # fmt: skip
            found += new
            if len(found) >= enough and not new:
                break
        return found
    finally:
        await consumer.stop()
