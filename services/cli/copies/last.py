"""When this realm was last backed up: a small file in its folder, for `tocsin doctor`."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Last:
    """The newest backup that was made, and where it was put."""

    at: datetime
    folder: str


def note(home: Path, last: Last) -> None:
    """Remember it, whole or not at all."""
    path = home / "backup.json"
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"at": last.at.isoformat(), "folder": last.folder}))
    fresh.replace(path)


def read(home: Path) -> Last | None:
    """What was remembered; None where nothing was, or where it cannot be read."""
    try:
        found = json.loads((home / "backup.json").read_text())
        return Last(datetime.fromisoformat(found["at"]), str(found["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
