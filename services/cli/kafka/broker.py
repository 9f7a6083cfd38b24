"""One Kafka node as a child process: start, wait, stop, kill, start again."""

import base64
import contextlib
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

import psutil

from services.cli.house import lifeline
from services.cli.kafka.errors import KafkaError
from services.cli.kafka.jars import Progress, classpath, ensure_jars
from services.cli.kafka.java import find_java
from services.cli.kafka.process import find_process, wait_until
from services.cli.kafka.settings import Ports, free_port, is_free, properties, read_ports

#: Recovery maps each log's index into memory; where the disk cannot hold a page of it Kafka takes the whole segment for
#: corrupt and cuts it off, the metadata's first: every topic is then gone. It is never started with less than this.
ROOM_BYTES = 100_000_000
_JVM = ["-Xms128m", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
_LOGGING = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
]


class Kafka:
    """A single KRaft node in a folder of its own; everything it writes is in there, and survives a stop or a kill.

    With `own` (the default) the node ends when this process does, kill -9 included. Without, it goes on, and any
    other process finds it again by its folder: `Kafka(folder).running`, `.bootstrap`, `.stop()`.

    `more` are broker settings beside ours, and `format_with` further arguments of kafka-storage: a broker that asks
    who comes needs both (`--add-scram`).

    As a context manager it is started and ready inside, and stopped after.
    """

    def __init__(
        self, folder: Path, *, own: bool = True, progress: Progress | None = None,
        more: Mapping[str, str] = MappingProxyType({}), format_with: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.folder = folder.resolve()
        self.log = self.folder / "kafka.log"
        """What the broker said, from every start; kept."""
        self._own = own
        self._progress = progress
        self._more = more
        self._format_with = format_with
        self._data = self.folder / "data"
        self._formatted = self.folder / "formatted"
        self._settings = self.folder / "server.properties"
        self._pid_file = self.folder / "pid"
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """The address for clients, `127.0.0.1:port`: the same from one start to the next unless somebody took the port.

        Raises:
            KafkaError: Nothing was ever started in this folder.
        """
        ports = read_ports(self._settings)
        if ports is None:
            raise KafkaError(f"There is no Kafka in {self.folder} yet: start it first.")
        return f"127.0.0.1:{ports.broker}"

    @property
    def pid(self) -> int | None:
        """The broker's own process, or None where it does not run. Works from any process."""
        process = self._process()
        return process.pid if process else None

    @property
    def running(self) -> bool:
        """Whether the broker's process is alive; that it also answers is `wait_ready`'s to say."""
        return self._process() is not None

    def start(self) -> None:
        """Starts the broker on the folder, which is made and formatted where it is new; returns before it is ready.

        Raises:
            KafkaError: It runs already, its disk is full, or Java, the jars or the folder cannot be had.
        """
        if process := self._process():
            raise KafkaError(f"Kafka already runs on {self.folder} (process {process.pid}, {self.bootstrap}).")
        java = str(find_java())
        classes = classpath(ensure_jars(progress=self._progress))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ask_for_room()
        self._settings.write_text(properties(self._data, self._choose_ports(), self._more), encoding="utf-8")
        if not self._formatted.exists():
            self._format(java, classes)
        command = [java, *_JVM, *_LOGGING, "-cp", classes, "kafka.Kafka", str(self._settings)]
        with self.log.open("ab") as log:
            try:
                if self._own:
                    self._child, pid = lifeline.popen(command, log=log)
                else:
                    self._child = _detached(command, log.fileno())
                    pid = self._child.pid
            except OSError as error:
                raise KafkaError(f"Java could not be started: {error}. See {self.log}.") from error
        self._pid_file.write_text(f"{pid}\n", encoding="ascii")

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Waits up to `timeout` seconds until clients are let in: the port opens once the broker is registered.

        Right after kill -9 that takes 5 to 12 s, otherwise about 2.

        Raises:
            KafkaError: The broker ended, or the time is over.
        """
        port = int(self.bootstrap.rpartition(":")[2])
        if not wait_until(lambda: not self.running or _accepts(port), timeout):
            raise KafkaError(f"Kafka was not ready within {timeout:g} s. {self._last_words()}")
        if not self.running:
            raise KafkaError(f"Kafka ended while it started. {self._last_words()}")

    def stop(self, timeout: float = 30.0) -> None:
        """Stops the broker in good order, and after `timeout` seconds with SIGKILL; does nothing where none runs."""
        if process := self._process():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
            if not wait_until(lambda: not self.running, timeout):
                self.kill()
        self._forget()

    def kill(self) -> None:
        """Ends the broker with SIGKILL, as a crash does. What it has acknowledged is still there at the next start."""
        if process := self._process():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
            wait_until(lambda: not self.running, 10)
        self._forget()

    def _process(self) -> psutil.Process | None:
        if self._child is not None:
            self._child.poll()  # a child that has ended must be waited for, or it stays as a zombie
        return find_process(self._pid_file, str(self._settings))

    def _forget(self) -> None:
        if self._child is not None:
            self._child.wait()
            if self._child.stdin is not None:
                self._child.stdin.close()
            self._child = None
        self._pid_file.unlink(missing_ok=True)

    def _ask_for_room(self) -> None:
        if shutil.disk_usage(self.folder).free < ROOM_BYTES:
            raise KafkaError(
                f"Kafka is not started on a full disk, where it would cut its own logs off: less than "
                f"{ROOM_BYTES // 1_000_000} MB are free at {self.folder}. Make room."
            )

    def _choose_ports(self) -> Ports:
        """Those of the last start, which clients may know; new ones where there is none, or one is taken."""
        ports = read_ports(self._settings)
        if ports and is_free(ports.broker) and is_free(ports.controller):
            return ports
        return Ports(free_port(), free_port())

    def _format(self, java: str, classes: str) -> None:
        """Gives the data folder its cluster id. One that was begun and not finished holds nothing yet: begin anew."""
        shutil.rmtree(self._data, ignore_errors=True)
        cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
        # = in front: an id may begin with a dash
        arguments = ["format", f"--cluster-id={cluster}", "-c", str(self._settings), *self._format_with]
        command = [java, *_JVM, *_LOGGING, "-cp", classes, "kafka.tools.StorageTool", *arguments]
        with self.log.open("ab") as log:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)  # noqa: S603 - no shell
        if result.returncode != 0:
            raise KafkaError(f"Kafka's data folder {self._data} could not be made. {self._last_words()}")
        self._formatted.touch()

    def _last_words(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
            return f"Its log, {self.log}, ends with:\n" + "\n".join(lines)
        return f"It has no log at {self.log}."


def _detached(command: list[str], log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - no shell


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
