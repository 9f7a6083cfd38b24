"""The settings that the rooms of this data folder run with, as far as they can be known from here."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.stand_ins import StandIns


@contextmanager
def of_the_house(home: Path) -> Iterator[None]:
    """Beside what is set here, what `tocsin up --sandbox` has set for its rooms; as before at the end."""
    before = dict(os.environ)
    os.environ.update(_stand_ins(home))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _stand_ins(home: Path) -> dict[str, str]:
    try:
        found = StandIns(**json.loads((home / "sandbox.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {}
    return found.environment(os.environ)
