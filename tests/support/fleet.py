"""Real rooms as real processes, to be killed and started again, with real Kafka and the sandbox behind them."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from schemas.words import Realm
from services.cli.demo.trust import DemoTrust, make_demo_trust
from services.cli.kafka.settings import free_port
from services.phonebook.book import Phonebook, init_phonebook, open_phonebook
from services.phonebook.rows import Entry
from services.phonebook.settings import PhonebookSettings
from services.phonebook.writing import write
from services.runtime.doors import read_doors
from services.runtime.settings import SharedSettings
from tests.support.code import REPOSITORY

TOKEN = "a" * 32
SID = "AC" + "1" * 32
SERVICE = "MG" + "2" * 32
POLL_S = 0.05


def until(question: Callable[[], Any], seconds: float, what: str) -> Any:
    """Ask again and again until the answer is true; fail with `what` when it takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            message = f"not within {seconds:g} s: {what}"
            raise AssertionError(message)
        time.sleep(POLL_S)


def let_pass(seconds: float) -> None:
    """Let time pass: a kill is at a random instant, so it waits for no event."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 5, "time passes")


def fictional_numbers(count: int) -> list[str]:
    """Numbers that reach nobody: 555-0100 to 555-0199 of each area code."""
    return [f"+1{200 + n // 100}55501{n % 100:02d}" for n in range(count)]


def http(url: str, body: object = None, method: str | None = None, timeout: float = 30) -> Any:
    """One JSON call on this machine."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - loopback
        text = answer.read()
    return json.loads(text) if text else None


@dataclass
class Fleet:
    """Rooms of one realm on one data folder."""

    kafka: str
    data: Path
    realm: Realm = Realm.LIVE
    extra: dict[str, str] = field(default_factory=dict)
    #: Where the code lies that rooms are started from: another version of it, for an upgrade.
    code: Path = REPOSITORY
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose ports, make trust and phonebook."""
        self.home = self.data / self.realm.value
        sandbox, receipts = free_port(), free_port()
        self.sandbox = f"http://127.0.0.1:{sandbox}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")},
            "TOCSIN_KAFKA": self.kafka, "TOCSIN_DATA": str(self.data), "TOCSIN_REALM": self.realm.value,
            "TOCSIN_REPLICA": "0", "TOCSIN_SANDBOX_PORT": str(sandbox), "TOCSIN_SANDBOX_TWILIO_AUTH_TOKEN": TOKEN,
            "TOCSIN_SANDBOX_INBOUND_URL": f"http://127.0.0.1:{receipts}/twilio/reply",
            "TOCSIN_RECEIPTS_PUBLIC_PORT": str(receipts), "TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN": TOKEN,
            "TOCSIN_RECEIPTS_PUBLIC_URL": f"http://127.0.0.1:{receipts}",
            "TOCSIN_X_BASE_URL": self.sandbox, "TOCSIN_X_SANDBOX": "true", "TOCSIN_X_TOKEN": "token-of-nobody",
            "TOCSIN_SMS_BASE_URL": self.sandbox, "TOCSIN_SMS_SANDBOX": "true", "TOCSIN_SMS_ACCOUNT_SID": SID,
            "TOCSIN_SMS_AUTH_TOKEN": TOKEN, "TOCSIN_SMS_MESSAGING_SERVICE_SID": SERVICE,
            "TOCSIN_SMS_CALLBACK_URL": f"http://127.0.0.1:{receipts}",
            **self.extra,
        }  # fmt: skip
        self.trust: DemoTrust = make_demo_trust(self.home, self.realm)
        shared = SharedSettings(data=self.data, realm=self.realm)
        init_phonebook(shared, PhonebookSettings(), datetime.now(UTC))

    def beside(self, data: Path) -> "Fleet":
        """Another machine for the same stores: its own folder with the same trust, the same platform and callbacks."""
        shutil.copytree(self.home, data / self.home.name)
        names = ("TOCSIN_X_BASE_URL", "TOCSIN_SMS_BASE_URL", "TOCSIN_SMS_CALLBACK_URL")
        same = {name: self.environment[name] for name in names}
        return Fleet(self.kafka, data, self.realm, {**self.extra, **same, "TOCSIN_REPLICA": "1"})

    def people(self, count: int, areas: Iterable[str], language: str = "en", first: int = 0) -> list[str]:
        """Enter `count` people, from the `first` fictional number on; their ids, in the order of their numbers."""
        numbers = fictional_numbers(first + count)[first:]
        now = datetime.now(UTC)
        book = self.phonebook()
        entries = [Entry(n, (language,), tuple(areas), now.isoformat(), "test", "test") for n in numbers]
        try:
            for start in range(0, count, 500):
                write(book, entries[start : start + 500], now)
            found = [book.id_of(number) for number in numbers]
        finally:
            book.close()
        return [each for each in found if each is not None]

    def phonebook(self) -> Phonebook:
        """The phonebook, to be closed."""
        return open_phonebook(SharedSettings(data=self.data, realm=self.realm), PhonebookSettings())

    def start(self, *rooms: str) -> None:
        """Start rooms; their output goes to a file each."""
        logs = self.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for room in rooms:
            with (logs / f"{room.replace('/', '-')}.log").open("ab") as out:
                self.processes[room] = subprocess.Popen(
                    [sys.executable, "-m", "services." + room.replace("/", ".")], env=self.environment,
                    cwd=self.code, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                )  # fmt: skip

    def ready(self, *rooms: str, seconds: float = 60) -> None:
        """Wait until rooms say that they are ready."""
        for room in rooms:
            try:
                until(partial(self.is_ready, room), seconds, f"{room} is ready")
            except AssertionError as error:
                error.add_note(f"it says {self._missing(room)}; its log: {self.log(room)[-1500:]}")
                raise

    def is_ready(self, room: str) -> bool:
        """Whether the room's own process says so."""
        doors = read_doors(self.home, room)
        process = self.processes[room]
        if process.poll() is not None:
            message = f"{room} ended with {process.returncode}: {self.log(room)[-3000:]}"
            raise AssertionError(message)
        if not doors or str(doors.get("pid")) != str(process.pid):
            return False
        try:
            return bool(http(doors["private"] + "/health/ready")["ready"])
        except (urllib.error.URLError, OSError):
            return False

    def _missing(self, room: str) -> str:
        try:
            http(self.door(room) + "/health/ready")
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except (urllib.error.URLError, OSError, KeyError) as error:
            return repr(error)
        return "that it is ready"

    def door(self, room: str) -> str:
        """The address of the private door."""
        return read_doors(self.home, room)["private"]

    def log(self, room: str) -> str:
        """What the room has printed."""
        path = self.home / "logs" / f"{room.replace('/', '-')}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def metric(self, room: str, name: str) -> float:
        """The sum of one metric's series."""
        with urllib.request.urlopen(self.door(room) + "/metrics", timeout=30) as answer:  # noqa: S310 - loopback
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))

    def kill(self, room: str, number: int = signal.SIGKILL) -> None:
        """Kill one room and wait until it is gone."""
        process = self.processes[room]
        process.send_signal(number)
        process.wait(30)

    def stop(self) -> None:
        """End everything."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    # --- the platform's side ---

    def fault(self, **order: Any) -> None:
        """Order a fault."""
        http(self.sandbox + "/_sandbox/faults", order)

    def counts(self) -> dict[str, Any]:
        """What the sandbox has counted."""
        found: dict[str, Any] = http(self.sandbox + "/_sandbox/counts")
        return found

    def each_text(self) -> list[dict[str, Any]]:
        """Every text that the sandbox has accepted: to, body and how often."""
        found = http(self.sandbox + "/_sandbox/counts?each=1")
        return list(found["texts_each"])


def chooser(seed: int) -> random.Random:
    """Dice that fall the same way every time."""
    return random.Random(seed)  # noqa: S311 - a test's dice
