"""Which stores a realm has, where they are, and what their tables are: by the settings of the rooms."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from pydantic import ValidationError

from services.cli.context import Context
from services.cli.house.rooms import ROOMS
from services.cli.known_settings import settings_classes
from services.phonebook.settings import PhonebookSettings
from services.phonebook.tables import metadata as phonebook_tables
from services.runtime.postgres import StoreError, read_url
from services.runtime.settings import RoomSettings, room_config

PHONEBOOK = "phonebook"
_URL = "DATABASE_URL"


@dataclass(frozen=True)
class Place:
    """One store: whose it is, its URL, its tables, and the setting that names the URL."""

    room: str
    url: str
    tables: sa.MetaData
    setting: str = ""

    @property
    def slug(self) -> str:
        """The room's name in the name of a file."""
        return self.room.replace("/", "-")

    @property
    def file(self) -> Path | None:
        """The SQLite file; None where it is PostgreSQL."""
        made = read_url(self.url)
        return Path(made.database or "") if made.get_backend_name() == "sqlite" else None

    @property
    def is_ledger(self) -> bool:
        """Whether what it forgets could be sent twice."""
        return self.room.startswith("dispatch/")


def places(context: Context) -> Iterator[Place]:
    """Every store, what brings work before what does it: a copy then never knows less than the one before it says.

    The sandbox's is left out: it plays the platforms, which do not go back in time either. StoreError where a setting
    cannot be read or is no URL; it names the setting, never the URL.
    """
    setting = "TOCSIN_PHONEBOOK_URL"
    yield Place(
        PHONEBOOK, _read(setting, lambda: PhonebookSettings().store_url(context.shared)), phonebook_tables, setting
    )
    for spec in ROOMS:
        tables = tables_of(spec.module)
        prefix = _prefix(spec.name)
        if tables is not None and prefix is not None:
            yield _place(context, spec.name, prefix, tables)


def _place(context: Context, room: str, prefix: str, tables: sa.MetaData) -> Place:
    setting = prefix + _URL
    return Place(room, _read(setting, lambda: _url(context, room, prefix)), tables, setting)


def _read(setting: str, asked: Callable[[], str]) -> str:
    try:
        url = asked()
        read_url(url)
    except OSError as error:
        raise StoreError(f"{setting}_FILE: {error.filename}: {error.strerror}; it must name a readable file") from None
    except StoreError as error:
        raise StoreError(f"{setting}: {error}") from None
    except ValidationError as error:
        raise StoreError(f"{setting}: {error.errors(include_url=False, include_input=False)[0]['msg']}") from None
    return url


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
