"""A backup put back in the place of a house that has stopped, and what every room must know of it."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from services.approve import restoring as approving
from services.cli.copies import keys_file, postgres_schemas, sqlite_files
from services.cli.copies.keys_file import Key
from services.cli.copies.stores import Place
from services.dispatch import restored
from services.phonebook.tables import about
from services.record import backups
from services.runtime import restoring, structure
from services.runtime.postgres import StoreError
from services.runtime.store import Store, sqlite_url

#: Tables that a room fills at its first start, before anything has happened.
_OF_EVERY_START = {structure.known.name, about.name}
#: Nobody is woken, and nothing is released because nobody came, before rooms have read what was decided meanwhile.
GRACE = timedelta(minutes=15)


class HalfError(Exception):
    """Some stores are replaced and some are not; the sentence says how many and what to do."""


@dataclass(frozen=True)
class Kept:
    """What stood in a store's place before, and where it is now."""

    room: str
    where: str


@dataclass(frozen=True)
class Beside:
    """Of the files beside the stores: which keys were put back, and what stays though the backup has it otherwise."""

    keys: list[str]
    differ: list[str]


def in_use(found: Iterable[Place]) -> dict[str, int]:
    """Stores that hold anything now, by room: their rows."""
    used: dict[str, int] = {}
    for place in found:
        rows = _rows(place)
        total = sum(number for table, number in rows.items() if table not in _OF_EVERY_START)
        used |= {place.room: total} if total else {}
    return used


def touched(found: Iterable[Place], copied: Iterable[str]) -> list[Place]:
    """The stores that must not be used until all is done: those of the backup, and what stands beside them."""
    rooms = set(copied)
    return [place for place in found if place.room in rooms or _rows(place)]


def _rows(place: Place) -> dict[str, int]:
    return postgres_schemas.rows(place) if place.file is None else sqlite_files.rows(place.file)


def put_back(found: Sequence[Place], folder: Path, since: datetime, aside: str) -> list[Kept]:
    """Put every store of the backup in its place; what was there before and where it is kept, under the name `aside`.

    Only while the house is held, the copies fit and `marks` stand. Where the first cannot be written nothing has
    changed, and its error is raised (StoreError, sqlite3.Error, DBAPIError or OSError); after it HalfError.
    """
    kept: list[Kept] = []
    for number, place in enumerate(found):
        try:
            where = _put_back(place, folder, aside, partial(_tell, place=place, since=since))
        except (sqlite3.Error, sa.exc.DBAPIError, StoreError, OSError) as error:
            if number == 0:
                raise
            raise HalfError(
                f"{number} of {len(found)} stores are replaced, and that of {place.room} could not be "
                f"({first_line(error)}): do not start the house, whose rooms refuse their stores now; set that right "
                "and type it again with --over"
            ) from error
        kept += [Kept(place.room, where)] if where else []
    return kept


def _put_back(place: Place, folder: Path, aside: str, tell: Callable[[sa.Connection], None]) -> str | None:
    if place.file is None:
        return postgres_schemas.put_back(place, folder / place.slug, aside, tell)

    def finish(fresh: Path) -> None:  # a ledger's copy knows what it is
        store = Store(sqlite_url(fresh), place.tables, restores=True)
        try:
            with store.begin() as connection:
                tell(connection)
                restoring.mark(connection)
        finally:
            store.close()

    kept = sqlite_files.put_back(folder / f"{place.slug}.db", place.file, aside, finish)
    return str(kept) if kept else None


def _tell(connection: sa.Connection, *, place: Place, since: datetime) -> None:
    """Let a store know that it is out of a backup, where that changes what may be done."""
    if place.is_ledger:
        restored.mark(connection, since)
    elif place.room == approving.ROOM:
        approving.mark(connection, GRACE)
    elif place.room == backups.ROOM:
        backups.note(connection, since)


def put_beside(home: Path, folder: Path, keys: Iterable[Key], ring: Key | None, aside: str) -> Beside:
    """Put trust and keys back where there are none. `ring` is put in the place of what is there, which is kept aside.

    Whatever else is there stays: trust only moves forward and keys are changed, so the backup's may be the older ones.
    KeysError or OSError when one cannot be written.
    """
    differ = _put_back_trust(home, folder / "trust")
    made = []
    for key in keys:
        if key == ring and not key.missing:
            key.target.replace(key.target.with_name(f"{key.target.name}.{aside}"))
        if key.missing:
            keys_file.put(key)
            made.append(key.name)
        elif key.differs:
            differ.append(key.name)
    return Beside(made, differ)


def _put_back_trust(home: Path, folder: Path) -> list[str]:
    """The names of the files that are there with other content."""
    differ = []
    for source in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = source.relative_to(folder)
        target = home / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f".{target.name}.{os.getpid()}")
            shutil.copy2(source, fresh)
            fresh.replace(target)
        elif target.read_bytes() != source.read_bytes():
            differ.append(str(name))
    return differ


def first_line(error: Exception) -> str:
    """What a driver or the system says, without what follows it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
