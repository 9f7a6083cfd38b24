"""One backup of one realm, made while its rooms run: offsets first, then every store, then what names the people."""

import shutil
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa

from services.cli.context import Context
from services.cli.copies import belonging, manifest, marks, postgres_schemas, sqlite_files
from services.cli.copies.manifest import Manifest, Offsets, StoreCopy
from services.cli.copies.stores import Place, places
from services.dispatch import restored
from services.dispatch.tables import metadata as ledger_tables
from services.runtime.store import sqlite_url

#: Files of a realm's folder that are neither stores nor secrets, and that nothing else could make again.
TRUST = ("bundle.json", "trust", "revocations", "guidance")
STRUCTURE = "structure"


class IncompleteError(Exception):
    """What could be copied is not the house; the sentence says what is missing, and what to set."""


def make(
    context: Context, folder: Path, now: datetime, read_offsets: Callable[[], Offsets | None],
    without: Collection[str] = (),
) -> Manifest:  # fmt: skip
    """Make a backup in the new `folder`, which appears when it is whole. `without` names rooms that were given up.

    sqlite3.Error, DBAPIError, StoreError or OSError when a store cannot be copied, IncompleteError when one is missing;
    nothing is left behind then.
    """
    found = [place for place in places(context) if place.room not in without]
    fresh = folder.with_name(f".{folder.name}.partial")
    fresh.mkdir(parents=True, mode=0o700)
    try:
        offsets = read_offsets()  # before any store: what is read again is known already
        stores = tuple(copied for place in found if (copied := _copy(place, fresh, now)) is not None)
        _must_be_whole(context, found, stores, offsets)
        _copy_trust(context.home, fresh)
        made = manifest.write(fresh, Manifest(context.realm, now, version("tocsin"), stores, offsets))
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return made


def _must_be_whole(
    context: Context, found: list[Place], stores: tuple[StoreCopy, ...], offsets: Offsets | None
) -> None:  # fmt: skip
    if missing := belonging.lacking(context, found, {store.room for store in stores}, offsets):
        raise IncompleteError(belonging.says(missing))
    if not stores:
        raise IncompleteError(f"there is nothing to copy in {context.home}: is --data (and --realm) that of the rooms?")


def _copy(place: Place, folder: Path, now: datetime) -> StoreCopy | None:
    """Copy one store; None where there is none yet."""
    if place.file is None:
        _must_be_finished(place)
        rows = postgres_schemas.copy(place, folder / place.slug)
        structure = _number(folder / place.slug / f"{STRUCTURE}.copy")
        return StoreCopy(place.room, "postgresql", structure, rows) if rows else None
    if not place.file.exists():
        return None
    target = folder / f"{place.slug}.db"
    sqlite_files.copy(place.file, target)
    _must_be_finished(replace(place, url=sqlite_url(target)))
    if not sqlite_files.rows(target):
        target.unlink()
        return None
    if place.is_ledger:
        _mark(target, now)
    rows = sqlite_files.rows(target)
    with closing(sqlite3.connect(target)) as database:
        found = database.execute("SELECT newest FROM structure").fetchone() if STRUCTURE in rows else (0,)
    return StoreCopy(place.room, "sqlite", int(found[0]), rows)


def _must_be_finished(place: Place) -> None:
    if marks.is_marked(place):
        raise IncompleteError(f"a restore of {place.room} is not finished: type `tocsin restore DIR --over` again")


def _mark(copy: Path, since: datetime) -> None:
    """A ledger's copy says itself that it is one, however it is put back."""
    engine = sa.create_engine(f"sqlite:///{copy}")
    try:
        ledger_tables.create_all(engine)
        with engine.begin() as connection:
            restored.mark(connection, since)
    finally:
        engine.dispose()


def _number(path: Path) -> int:
    """The structure's number in its copied table: its only row's second column."""
    try:
        return int(path.read_text().split("\t")[1])
    except (OSError, IndexError, ValueError):
        return 0


def _copy_trust(home: Path, folder: Path) -> None:
    for name in TRUST:
        source, target = home / name, folder / "trust" / name
        if source.is_file():
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(source, target)
        elif source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
