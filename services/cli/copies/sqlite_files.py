"""A store in a SQLite file: copied in one step while others write, and put back whole.

SQLite's own backup, all pages in one step: one moment of the database, WAL included, for which no writer waits
(https://www.sqlite.org/backup.html). The copy is checked page by page before it counts.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

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
    """How many rows each table has; nothing where there is no file."""
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        names = [str(name) for (name,) in tables.fetchall()]
        return {name: int(database.execute(_count(name)).fetchone()[0]) for name in names}


def put_back(source: Path, target: Path, aside: str) -> Path | None:
    """Put a copy in a database's place, which nobody has open; where the old one was kept, if there was one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = target.with_name(f"{target.name}.{aside}") if target.exists() else None
    if kept is not None:
        with closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target.replace(kept)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    fresh = target.with_name(f".{target.name}.restoring")
    copy(source, fresh)
    fresh.replace(target)
    return kept


def _count(table: str) -> str:
    return f'SELECT count(*) FROM "{table}"'  # noqa: S608 - a name that SQLite itself has just listed
