"""Settings of the command line itself; every option that has a variable says so in its own help."""

import re

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from services.cli.house.rooms import ROOMS
from services.runtime.settings import room_config

_ADDRESS = re.compile(r"https?://[^\s/,]+/?")


class CliSettings(BaseSettings):
    """`TOCSIN_CLI_...`."""

    model_config = room_config("CLI")

    trace: bool = Field(default=False, description="true shows the traceback of a mistake in tocsin itself")
    doors: str = Field(
        default="",
        description="where the private doors of rooms are that run elsewhere, by commas: room=http://host:port; a room "
        "stands once for each replica. By default as each announced it in the data folder",
    )

    @field_validator("doors")
    @classmethod
    def _are_rooms_and_addresses(cls, text: str) -> str:
        _by_room(text)
        return text

    @property
    def doors_by_room(self) -> dict[str, list[str]]:
        """Addresses by the room's name, those of its replicas in their order."""
        return _by_room(self.doors)


def _by_room(text: str) -> dict[str, list[str]]:
    """The parsed list; ValueError with what is wrong, and where."""
    known = {name: spec.name for spec in ROOMS for name in (spec.name, spec.slug)}
    found: dict[str, list[str]] = {}
    for number, each in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        room, _, address = each.partition("=")
        if room not in known or not _ADDRESS.fullmatch(address):
            raise ValueError(f"write room=http://host:port, by commas; number {number} is not so, or no room's name")
        found.setdefault(known[room], []).append(address.rstrip("/"))
    return found
