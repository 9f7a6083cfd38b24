"""One room's process: its lifeline, its log, its doors, and whether it is ready."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from schemas.words import Realm
from services.cli.house import lifeline
from services.cli.house.rooms import RoomSpec
from services.runtime.doors import door_file, every_door

_PROBE = aiohttp.ClientTimeout(total=2)
_WORDS = 4096


@dataclass(frozen=True)
class Health:
    """What a room says of itself: the addresses of its doors, and what keeps it from being ready."""

    doors: Mapping[str, str]
    missing: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether it is up and every partition is assigned."""
        return bool(self.doors) and not self.missing


class Child:
    """A room's process, started again as often as is wanted; it never outlives this one (see `lifeline`)."""

    def __init__(self, spec: RoomSpec, realm: Realm, home: Path, environment: Mapping[str, str]) -> None:
        """`home` is the realm's folder: logs and doors lie there."""
        self.spec, self.realm, self.home, self.environment = spec, realm, home, environment
        self.log = home / "logs" / f"{spec.slug}.log"
        self.pid: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._began = 0

    def start(self) -> None:
        """Start the process. OSError when it cannot be."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._began = log.tell()
            self._guard, self.pid = lifeline.popen(self.spec.command, log=log, env=self.environment)

    def ended(self) -> int | None:
        """The exit code (128 + n after signal n) once it has ended; then its doors are gone as well."""
        code = self._guard.poll() if self._guard else 0
        if code is not None and self.pid is not None:
            self._forget()
        return code

    def _forget(self) -> None:
        assert self._guard is not None  # noqa: S101 - there is a pid, so `start` was called
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        if self._guard.returncode < 0:  # the guard itself was killed: only Linux ends the room with it
            _kill(self.pid)
        replica, doors = self._announced()
        if doors:
            door_file(self.home, self.spec.name, replica).unlink(missing_ok=True)
        self.pid = None

    def terminate(self) -> None:
        """Ask it to end in good order."""
        if self._guard is not None and self.ended() is None:
            self._guard.terminate()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.ended() is None:
            _kill(self.pid)

    def last_words(self) -> str:
        """The sentence with which a room explains its end, from what it has logged since its start."""
        with self.log.open("rb") as log:
            log.seek(max(self._began, self.log.stat().st_size - _WORDS))
            lines = log.read().decode("utf-8", "replace").splitlines()
        said = [line for line in lines if line.startswith("tocsin")]
        # SQLAlchemy ends an error with the statement, its parameters and a link: what is wrong stands before them.
        words = [line for line in lines if line and not line.startswith(("[", "("))]
        return "; ".join(said) or (words[-1] if words else "it said nothing")

    def _doors(self) -> dict[str, str]:
        """Its doors."""
        return {name: door for name, door in self._announced()[1].items() if name != "pid"}

    def _announced(self) -> tuple[str, dict[str, str]]:
        """Its replica and what it announced; what an earlier process did does not count, nor what another's does."""
        everyone = every_door(self.home, self.spec.name).items()
        return next((each for each in everyone if each[1].get("pid") == str(self.pid)), ("", {}))

    async def health(self, session: aiohttp.ClientSession) -> Health:
        """Ask its private door."""
        doors = self._doors()
        if "private" not in doors:
            return Health({}, ("starting",))
        try:
            async with session.get(doors["private"] + "/health/ready", timeout=_PROBE) as answer:
                said = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Health(doors, (f"does not answer ({type(error).__name__})",))
        return Health(doors, tuple(said["missing"]))


def _kill(pid: int | None) -> None:
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
