"""When this realm was last backed up: in a small file for `tocsin doctor`, and in record's store for Prometheus."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.cli.context import Context
from services.cli.copies.stores import places
from services.record import backups
from services.runtime.store import Store


@dataclass(frozen=True)
class Last:
    """The newest backup that was made, and where it was put."""

    at: datetime
    folder: str


def note(home: Path, last: Last) -> None:
    """Remember it, whole or not at all."""
    path = home / "backup.json"
    home.mkdir(parents=True, exist_ok=True)  # where all is in PostgreSQL, a pod that only makes backups has none
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"at": last.at.isoformat(), "folder": last.folder}))
    fresh.replace(path)


def tell_record(context: Context, at: datetime) -> None:
    """Note it in record's store, beside the room. DBAPIError or StoreError when that cannot be written."""
    place = next(each for each in places(context) if each.room == backups.ROOM)
    store = Store(place.url, place.tables)
    try:
        with store.begin() as connection:
            backups.note(connection, at)
    finally:
        store.close()


def read(home: Path) -> Last | None:
    """What was remembered; None where nothing was, or where it cannot be read."""
    try:
        found = json.loads((home / "backup.json").read_text())
        return Last(datetime.fromisoformat(found["at"]), str(found["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
