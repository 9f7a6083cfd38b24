"""The settings that the rooms of this data folder run with, as far as they can be known from here."""

import json
import os
from contextlib import AbstractContextManager
from pathlib import Path

from services.cli.environ import environ
from services.cli.house.stand_ins import StandIns


def of_the_house(home: Path) -> AbstractContextManager[None]:
    """Beside what is set here, what `tocsin up --sandbox` has set for its rooms; as before at the end."""
    return environ({**os.environ, **_stand_ins(home)})


def _stand_ins(home: Path) -> dict[str, str]:
    try:
        found = StandIns(**json.loads((home / "sandbox.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {}
    return found.environment(os.environ)
