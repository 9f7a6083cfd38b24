"""Kafka is not started on a full disk, where its recovery cuts its own logs off; and it comes when there is room.

Played on a real full disk: the metadata's log was cut to nothing, and all 158 partitions were taken for strays.
"""

import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.cli.house import node
from services.cli.house.node import Node
from services.cli.kafka import Kafka, KafkaError
from services.cli.kafka.broker import ROOM_BYTES


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))


@pytest.mark.usefixtures("kafka_parts")
def test_it_is_not_started_and_its_settings_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "server.properties"
    settings.write_text("listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n")
    leave(monkeypatch, ROOM_BYTES - 1)
    with pytest.raises(KafkaError, match="would cut its own logs off"):
        Kafka(tmp_path).start()
    assert Kafka(tmp_path).bootstrap == "127.0.0.1:1"  # rooms know this address


async def test_it_is_tried_until_there_is_room_and_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "AGAIN_S", 0)
    monkeypatch.setattr(node, "WATCH_S", 0)
    troubles: list[Exception] = []
    said: list[str] = []
    ready = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        if "ready again" in line:
            ready.set()

    def start(_: Kafka) -> None:
        if troubles:
            raise troubles.pop(0)

    monkeypatch.setattr(Kafka, "start", start)
    monkeypatch.setattr(Kafka, "wait_ready", lambda _: None)
    monkeypatch.setattr(Kafka, "bootstrap", "127.0.0.1:1")
    kept = Node(tmp_path, None, say)
    await kept.start()  # then it ends, and the disk is full
    troubles += [KafkaError("no room"), KafkaError("no room"), OSError(28, "No space left on device")]
    async with asyncio.timeout(10):
        await ready.wait()
    await kept.stop()
    assert [line.rsplit(": ", 1)[-1] for line in said if "could not be started" in line] == [
        "no room", "[Errno 28] No space left on device"
    ]  # fmt: skip
