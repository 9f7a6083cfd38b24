"""A backup put back in the place of a house that has stopped, and what every room must know of it."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from services.approve import restoring as approving
from services.cli.context import Context
from services.cli.copies import postgres_schemas, sqlite_files
from services.cli.copies.manifest import Manifest
from services.cli.copies.stores import Place, places
from services.dispatch import restored
from services.record import backups
from services.runtime.lock import StoreInUseError, hold
from services.runtime.store import Store

#: Nobody is woken, and nothing is released because nobody came, before rooms have read what was decided meanwhile.
GRACE = timedelta(minutes=15)


class RunningError(Exception):
    """A room works on one of the stores; the sentence names it."""


@dataclass(frozen=True)
class Kept:
    """What stood in a store's place before, and where it is now."""

    room: str
    where: str


def in_use(context: Context) -> dict[str, int]:
    """Stores that hold anything now, by room: their rows."""
    found: dict[str, int] = {}
    for place in places(context):
        rows = postgres_schemas.rows(place) if place.file is None else sqlite_files.rows(place.file)
        total = sum(number for table, number in rows.items() if table not in {"structure", "about"})
        found |= {place.room: total} if total else {}
    return found


@contextmanager
def stopped(context: Context) -> Iterator[None]:
    """Hold every store of the realm, so that no room starts meanwhile. RunningError when one runs."""
    held = []
    try:
        for place in places(context):
            if place.file is not None:
                held.append(_hold(place, place.file))
            elif others := postgres_schemas.others(place):
                raise RunningError(f"{others} processes of Tocsin are connected to the database of {place.room}")
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


def _hold(place: Place, file: Path) -> int:
    try:
        return hold(file)
    except StoreInUseError:
        raise RunningError(f"{place.room} runs on {file}") from None


def put_back(context: Context, folder: Path, made: Manifest, now: datetime) -> list[Kept]:
    """Put every store of the backup in its place; what was there before and where it is kept.

    Only inside `stopped`. StoreError, sqlite3.Error, DBAPIError or OSError when one cannot be written.
    """
    aside = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    kept = []
    copies = {store.room: store.kind for store in made.stores}
    for place in places(context):
        if place.room not in copies:
            continue
        tell = partial(_tell, place=place, since=made.at, now=now)
        where = _put_back(place, folder, copies[place.room], aside, tell)
        if where is not None:
            kept.append(Kept(place.room, where))
    _put_back_trust(context.home, folder / "trust")
    return kept


def _put_back(
    place: Place, folder: Path, kind: str, aside: str, tell: Callable[[sa.Connection], None]
) -> str | None:  # fmt: skip
    if (place.file is None) is not (kind == "postgresql"):
        message = (
            f"the copy of {place.room} is of {kind}, and its setting names another: set TOCSIN_…_DATABASE_URL alike"
        )
        raise sqlite3.DatabaseError(message)
    if place.file is None:
        return postgres_schemas.put_back(place, folder / place.slug, aside, tell)
    kept = sqlite_files.put_back(folder / f"{place.slug}.db", place.file, aside)  # a ledger's copy knows what it is
    store = Store(place.url, place.tables)
    try:
        with store.begin() as connection:
            tell(connection)
    finally:
        store.close()
    return str(kept) if kept else None


def _tell(connection: sa.Connection, *, place: Place, since: datetime, now: datetime) -> None:
    """Let a store know that it is out of a backup, where that changes what may be done."""
    if place.is_ledger:
        restored.mark(connection, since)
    elif place.room == approving.ROOM:
        approving.wait(connection, now + GRACE)
    elif place.room == backups.ROOM:
        backups.note(connection, since)


def _put_back_trust(home: Path, folder: Path) -> None:
    """What is there stays: trust only moves forward, and the backup's may be older."""
    for source in sorted(folder.rglob("*")):
        target = home / source.relative_to(folder)
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
