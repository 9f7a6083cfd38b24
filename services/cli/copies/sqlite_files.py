"""A store in a SQLite file: copied in one step while others write, and put back whole.

SQLite's own backup, all pages in one step: one moment of the database, WAL included, for which no writer waits
(https://www.sqlite.org/backup.html). The copy is checked page by page before it counts.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from services.runtime import restoring

BUSY_S = 30.0


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use. sqlite3.Error when it cannot be read, or the copy is not sound."""
    reading = sqlite3.connect(source.resolve().as_uri() + "?mode=ro", uri=True, timeout=BUSY_S)
    with closing(reading) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there, pages=-1)
        there.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        found = there.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        message = f"the copy of {source.name} is not sound: {found}"
        raise sqlite3.DatabaseError(message)


def rows(path: Path) -> dict[str, int]:
    """How many rows each table has; nothing where there is no file. The mark of a restore is none of the store's."""
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        names = [str(name) for (name,) in tables.fetchall() if name != restoring.MARK]
        return {name: int(database.execute(_count(name)).fetchone()[0]) for name in names}


def put_back(source: Path, target: Path, aside: str, finish: Callable[[Path], None]) -> Path | None:
    """Put a copy in a database's place, which nobody has open; where the old one was kept, if there was one.

    `finish` is given the new file before it is in its place: at every moment there is the old store, or the new one
    with all that it must know.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.restoring")
    _forget(fresh)
    fresh.unlink(missing_ok=True)
    copy(source, fresh)
    finish(fresh)
    _into_one_file(fresh)
    kept = target.with_name(f"{target.name}.{aside}") if rows(target) else None
    if target.exists():
        _into_one_file(target)
    if kept is not None:
        os.link(target, kept)  # and no rename: there would be no store for a moment, and a room would begin with none
    _forget(target)
    fresh.replace(target)
    _sync(target.parent)
    if kept is not None:
        with closing(sqlite3.connect(kept)) as old:
            old.execute(f"DROP TABLE IF EXISTS {restoring.MARK}")
    return kept


def _into_one_file(path: Path) -> None:
    """With nothing beside it; the next program that opens it chooses its journal again."""
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as database:
        database.execute("PRAGMA journal_mode=DELETE")


def _forget(path: Path) -> None:
    """What an earlier database of this name may have left beside it."""
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """The new name is on the disk before anything else counts on it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _count(table: str) -> str:
    return f'SELECT count(*) FROM "{table}"'  # noqa: S608 - a name that SQLite itself has just listed
