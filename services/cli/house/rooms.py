"""Which rooms there are, how each is started, and in which order they stop."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.words import Realm


@dataclass(frozen=True)
class RoomSpec:
    """One room: its name, its module, and its wave. Lower waves stop first: what brings work before what does it."""

    name: str
    wave: int

    @property
    def module(self) -> str:
        """What `python -m` runs."""
        return "services." + self.name.replace("/", ".")

    @property
    def slug(self) -> str:
        """The name in a file name."""
        return self.name.replace("/", "-")

    @property
    def command(self) -> list[str]:
        """How it is started."""
        return [sys.executable, "-m", self.module]


SANDBOX = RoomSpec("sandbox", 3)
ROOMS: tuple[RoomSpec, ...] = (
    RoomSpec("agency", 1),
    RoomSpec("intake", 1),
    RoomSpec("compose", 1),
    RoomSpec("approve", 1),
    RoomSpec("audience", 1),
    RoomSpec("dispatch/x", 2),
    RoomSpec("dispatch/sms", 2),
    RoomSpec("receipts", 2),
    RoomSpec("record", 2),
)


def shared_environment(base: Mapping[str, str], data: Path, realm: Realm, kafka: str) -> dict[str, str]:
    """The environment of every room of one realm: what was set outside, and what the supervisor knows better."""
    return {
        **base,
        "TOCSIN_DATA": str(data.resolve()),
        "TOCSIN_REALM": realm.value,
        "TOCSIN_KAFKA": kafka,
        "TOCSIN_REPLICA": "0",
        "PYTHONUNBUFFERED": "1",
    }
