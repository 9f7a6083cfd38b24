"""Fixtures that every test may use. What a test imports lives in tests/support."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from services.cli.kafka import Kafka, KafkaUnavailableError, ensure_jars, find_java
from tests.support.network import NetworkGuard
from tests.support.postgres import Postgres, PostgresUnavailableError, find_programs

#: Of no example: a busy machine is no mistake, and speed is the benchmark's.
hypothesis.settings.register_profile("tocsin", deadline=None)
hypothesis.settings.load_profile("tocsin")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` runs the crash tests at the size that is promised; without it, at a size for every commit."""
    parser.addoption("--long", action="store_true", help="crash tests at their full size")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the crash tests run at their full size."""
    return bool(request.config.getoption("--long"))


MEMORY_BYTES = 2_000_000_000
SOCKETS_ALLOWED = ("connected", "contract", "crash", "bench")


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NetworkGuard]:
    """Fails a test that leaves this machine; and a pure one that opens a network socket at all."""
    guard = NetworkGuard(loopback=any(request.node.get_closest_marker(mark) for mark in SOCKETS_ALLOWED))
    guard.install(monkeypatch)
    yield guard
    if guard.refused:
        pytest.fail(f"this test reached for {', '.join(map(repr, guard.refused))}, which is not allowed to it")


@pytest.fixture(scope="session")
def kafka_parts() -> None:
    """Java and the broker's jars, fetched before any test's network guard stands; skips where they cannot be had."""
    try:
        find_java()
        ensure_jars()
    except KafkaUnavailableError as error:
        if "CI" in os.environ:  # where every ring must run, a skip would pass for one
            raise
        pytest.skip(f"no Kafka on this machine: {error}")


@pytest.fixture(scope="session")
def kafka(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Real Apache Kafka, one for the whole run; tests keep apart by the names of their topics and groups.

    A test that stops or kills the broker takes its own, `own_kafka`.
    """
    with Kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def own_kafka(kafka_parts: None, tmp_path: Path) -> Iterator[Kafka]:
    """A Kafka for this test alone, to be stopped, killed and started at will."""
    with Kafka(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres_parts() -> None:
    """The server's programs; skips where there are none, with what to do."""
    try:
        find_programs()
    except PostgresUnavailableError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"no PostgreSQL on this machine: {error}")


def _folder_of_a_server() -> Path:
    """In memory where there is enough, for the disks of CI; pytest's own folders are closed to the server's user."""
    memory = Path("/dev/shm")  # noqa: S108 - made with mkdtemp, mode 0700
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES
    return Path(tempfile.mkdtemp(prefix="tocsin-postgres-", dir=memory if roomy else None))


@pytest.fixture(scope="session")
def postgres(postgres_parts: None) -> Iterator[Postgres]:
    """A real PostgreSQL, one for the whole run; tests keep apart by the names of their schemas."""
    folder = _folder_of_a_server()
    try:
        with Postgres(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_postgres(postgres_parts: None) -> Iterator[Postgres]:
    """A PostgreSQL for this test alone, to be stopped, killed and started at will."""
    folder = _folder_of_a_server()
    try:
        with Postgres(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)
