"""Which stores a realm has, where they are, and what their tables are: by the settings of the rooms."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from services.cli.context import Context
from services.cli.house.rooms import ROOMS
from services.cli.known_settings import settings_classes
from services.phonebook.settings import PhonebookSettings
from services.phonebook.tables import metadata as phonebook_tables
from services.runtime.settings import RoomSettings, room_config

PHONEBOOK = "phonebook"


@dataclass(frozen=True)
class Place:
    """One store: whose it is, its URL, and its tables."""

    room: str
    url: str
    tables: sa.MetaData

    @property
    def slug(self) -> str:
        """The room's name in the name of a file."""
        return self.room.replace("/", "-")

    @property
    def file(self) -> Path | None:
        """The SQLite file; None where it is PostgreSQL."""
        made = make_url(self.url)
        return Path(made.database or "") if made.get_backend_name() == "sqlite" else None

    @property
    def is_ledger(self) -> bool:
        """Whether what it forgets could be sent twice."""
        return self.room.startswith("dispatch/")


def places(context: Context) -> Iterator[Place]:
    """Every store, what brings work before what does it: a copy then never knows less than the one before it says.

    The sandbox's is left out: it plays the platforms, which do not go back in time either.
    """
    yield Place(PHONEBOOK, PhonebookSettings().store_url(context.shared), phonebook_tables)
    for spec in ROOMS:
        tables = tables_of(spec.module)
        prefix = _prefix(spec.name)
        if tables is not None and prefix is not None:
            yield Place(spec.name, _url(context, spec.name, prefix), tables)


def tables_of(module: str) -> sa.MetaData | None:
    """The tables of a room (of a channel: the dispatchers' own); None without a store."""
    for package in (module, module.rpartition(".")[0]):
        for name in ("tables", "store"):
            try:
                found = importlib.import_module(f"{package}.{name}")
            except ModuleNotFoundError:
                continue
            for value in vars(found).values():
                if isinstance(value, sa.MetaData):
                    return value
    return None


def _prefix(room: str) -> str | None:
    """What the variables of a room's settings begin with; None where the room has no store of its own."""
    kinds = [kind for kind in settings_classes()[room] if issubclass(kind, RoomSettings)]
    return str(kinds[0].model_config.get("env_prefix")) if kinds else None


def _url(context: Context, room: str, prefix: str) -> str:
    class Where(RoomSettings):
        model_config = room_config(prefix.removeprefix("TOCSIN_").removesuffix("_"))

    return Where().store_url(context.shared, room)
