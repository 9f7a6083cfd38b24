"""`tocsin up` as a process, told by its own JSON lines; and a look at who is left when it is gone."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil

TOCSIN = [sys.executable, "-m", "services.cli.main"]
READY_S = 90.0


def tocsin(*words: str, data: Path, timeout: float = 60.0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one verb to its end."""
    return subprocess.run(
        [*TOCSIN, *words, "--data", str(data)], capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def said(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The JSON objects that a verb printed."""
    return [json.loads(line) for line in result.stdout.splitlines()]


class Up:
    """`tocsin up --json` on one folder."""

    def __init__(self, data: Path, *words: str, **environment: str) -> None:
        self.data = data
        self._words = words
        self._environment = {**os.environ, **environment}
        self.lines: list[dict[str, Any]] = []
        self._more = threading.Condition()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [*TOCSIN, "up", "--json", "--data", str(self.data), *self._words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self._reader.join()
            for pipe in (self.process.stdout, self.process.stderr):
                assert pipe is not None
                pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(json.loads(line))
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def wait_for(self, true: Callable[[], bool], timeout: float = READY_S) -> None:
        """Until `true` of what was said so far."""
        with self._more:
            if not self._more.wait_for(true, timeout):
                raise AssertionError(f"not within {timeout:g} s; last said: {self.lines[-5:]}")

    def now(self, room: str) -> dict[str, Any]:
        """The newest word about a room."""
        return next((line for line in reversed(self.lines) if line.get("room") == room), {"state": "unknown"})

    def wait_ready(self, rooms: list[str]) -> None:
        """Until each of these rooms is ready."""
        self.wait_for(lambda: all(self.now(room)["state"] == "ready" for room in rooms))

    def family(self) -> list[psutil.Process]:
        """Every process that it started, lifelines and Java too."""
        return psutil.Process(self.process.pid).children(recursive=True)


def left_of(family: list[psutil.Process], within: float) -> list[psutil.Process]:
    """Who of them is still there after so many seconds; asked all the time, so it is fast where nobody is."""
    end = time.monotonic() + within
    while left := [each for each in family if _lives(each)]:
        if time.monotonic() > end:
            return left
        time.sleep(0.05)
    return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
