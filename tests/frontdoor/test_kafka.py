"""Kafka without Docker: a real broker, which keeps what it acknowledged and leaves nothing running."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.cli.kafka import Kafka, KafkaError
from services.cli.kafka.process import wait_until
from services.cli.kafka.settings import Ports, free_port, properties, read_ports
from tests.support.kafka_io import restart

pytestmark = pytest.mark.connected

REPOSITORY = Path(__file__).parents[2]
LARGE = 16 * 1024 * 1024


async def create(bootstrap: str, topic: str, *, largest: int = 1024 * 1024) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": str(largest)})])
    finally:
        await admin.close()


async def publish(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=2 * LARGE)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def parent(folder: Path, *, own: bool) -> tuple["subprocess.Popen[str]", int]:
    """A process of its own that starts Kafka in `folder` and then waits; with the broker's process id."""
    program = (
        "import pathlib, sys; from services.cli.kafka import Kafka\n"
        f"kafka = Kafka(pathlib.Path(sys.argv[1]), own={own}); kafka.start(); print(kafka.pid, flush=True); input()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_what_was_acknowledged_survives_a_restart_and_a_kill(own_kafka: Kafka) -> None:
    address = own_kafka.bootstrap
    await create(address, "kept")
    await publish(address, "kept", b"1")
    restart(own_kafka)
    await publish(address, "kept", b"2")
    own_kafka.kill()
    assert not own_kafka.running
    own_kafka.start()
    own_kafka.wait_ready()
    assert own_kafka.bootstrap == address
    assert await read(address, "kept", 2) == [b"1", b"2"]


async def test_a_record_of_16_mb_goes_through(kafka: Kafka) -> None:
    await create(kafka.bootstrap, "large", largest=LARGE + 4096)
    body = os.urandom(LARGE)
    await publish(kafka.bootstrap, "large", body)
    assert await read(kafka.bootstrap, "large", 1) == [body]


def test_a_second_start_on_the_same_folder_is_refused(kafka: Kafka) -> None:
    with pytest.raises(KafkaError, match=f"already runs on .* {kafka.bootstrap}"):
        Kafka(kafka.folder).start()


def test_stop_leaves_nothing_running(own_kafka: Kafka) -> None:
    pid = own_kafka.pid
    assert pid is not None
    own_kafka.stop()
    assert gone(pid)
    assert not [
        child for child in psutil.Process().children(recursive=True) if str(own_kafka.folder) in child.cmdline()
    ]
    own_kafka.stop()  # and once more does no harm


def test_kill_9_of_the_parent_leaves_nothing_running(kafka_parts: None, tmp_path: Path) -> None:
    process, pid = parent(tmp_path, own=True)
    process.kill()
    process.wait()
    assert wait_until(lambda: gone(pid), 15)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
def test_kill_9_of_the_lifeline_leaves_nothing_running(own_kafka: Kafka) -> None:
    pid = own_kafka.pid
    assert pid is not None
    lifeline = psutil.Process(pid).ppid()
    assert lifeline != os.getpid()
    os.kill(lifeline, signal.SIGKILL)
    assert wait_until(lambda: gone(pid), 15)


def test_without_own_it_goes_on_and_is_found_by_its_folder(kafka_parts: None, tmp_path: Path) -> None:
    process, pid = parent(tmp_path, own=False)
    process.kill()
    process.wait()
    kafka = Kafka(tmp_path)
    try:
        assert kafka.pid == pid
        kafka.wait_ready()
    finally:
        kafka.stop()
    assert gone(pid)
    assert not kafka.running


def test_a_number_that_another_program_has_by_now_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    kafka = Kafka(tmp_path)
    assert not kafka.running
    kafka.stop()  # and this process is still here to say so


def test_a_broker_that_cannot_start_says_why(kafka_parts: None, tmp_path: Path) -> None:
    kafka = Kafka(tmp_path)
    (tmp_path / "formatted").touch()  # but there is no data folder, so the broker gives up
    kafka.start()
    with pytest.raises(KafkaError, match=r"(?s)ended while it started\. Its log, .*kafka\.log, ends with:\n.+"):
        kafka.wait_ready()
    kafka.stop()


def test_a_folder_that_was_only_half_made_is_made_anew(kafka_parts: None, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("cluster.id=half\n")
    with Kafka(tmp_path) as kafka:
        assert kafka.running


def test_a_port_that_was_taken_meanwhile_is_left_to_its_holder(kafka_parts: None, tmp_path: Path) -> None:
    with Kafka(tmp_path) as kafka:
        port = int(kafka.bootstrap.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), kafka:
        assert kafka.bootstrap != f"127.0.0.1:{port}"


def test_nothing_was_ever_started(tmp_path: Path) -> None:
    with pytest.raises(KafkaError, match=r"no Kafka in .* yet"):
        _ = Kafka(tmp_path).bootstrap


def test_ports_are_read_back_from_the_settings(tmp_path: Path) -> None:
    ports = Ports(free_port(), free_port())
    (tmp_path / "server.properties").write_text(properties(tmp_path, ports, {}))
    assert read_ports(tmp_path / "server.properties") == ports
