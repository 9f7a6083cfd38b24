"""Whether every store of a backup can be put where the settings say: asked of all of them before one is touched."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from services.cli.copies import postgres_schemas
from services.cli.copies.manifest import Manifest, StoreCopy
from services.cli.copies.stores import Place
from services.runtime import structure
from services.runtime.postgres import StoreError


def check(found: Sequence[Place], folder: Path, made: Manifest) -> None:
    """StoreError with a sentence where one does not fit; DBAPIError or OSError where a server is away."""
    known = {place.room: place for place in found}
    for copied in made.stores:
        place = known.get(copied.room)
        if place is None:
            raise StoreError(
                f"the backup holds a store of {copied.room}, of which this version knows nothing{_by(made)}"
            )
        _kind(place, copied)
        if oldest(place, folder) > structure.STRUCTURE:
            raise StoreError(f"the copy of {place.room} is of a newer version, which this one may not use{_by(made)}")
        if place.file is None:
            _columns(place, folder, made)
            postgres_schemas.must_be_movable(place)


def _by(made: Manifest) -> str:
    return f": restore with the version that made the backup ({made.tocsin}), then upgrade"


def _kind(place: Place, copied: StoreCopy) -> None:
    here = "postgresql" if place.file is None else "sqlite"
    if here != copied.kind:
        raise StoreError(
            f"the copy of {place.room} is of {copied.kind}, and {place.setting} names {here}: set it as it was"
        )


def oldest(place: Place, folder: Path) -> int:
    """The lowest structure whose program may use a copied store; 0 where the copy does not say."""
    if place.file is None:
        return _oldest_of_rows(folder / place.slug / f"{structure.known.name}.copy")
    source = (folder / f"{place.slug}.db").resolve().as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(source, uri=True)) as database:
        try:
            row = database.execute("SELECT oldest FROM structure").fetchone()
        except sqlite3.OperationalError:  # made before there was such a table
            return 0
    return int(row[0]) if row else 0


def _oldest_of_rows(path: Path) -> int:
    """Its only row: one, newest, oldest, as COPY writes them."""
    try:
        return int(path.read_text().split("\t")[2])
    except (OSError, IndexError, ValueError):
        return 0


def _columns(place: Place, folder: Path, made: Manifest) -> None:
    """What PostgreSQL's copy holds and this version's tables do not would be lost."""
    theirs: dict[str, list[str]] = json.loads((folder / place.slug / postgres_schemas.COLUMNS).read_text())
    tables = [*place.tables.sorted_tables, structure.known]
    ours = {table.name: {column.name for column in table.columns} for table in tables}
    for table, names in theirs.items():
        if unknown := set(names) - ours.get(table, set()):
            what = f"the copy of {place.room} has {table}.{min(unknown)}, which this version does not know"
            raise StoreError(what + _by(made))
