"""The register of publishers as intake reads it: its rules and its geometry judge what no other room could."""

from pathlib import Path

from services.intake.geometry import read_ring
from services.intake.rules import RULES
from services.place.publishers import Publisher, Register, read_publishers
from services.place.reading import DataError

SETTING = "TOCSIN_INTAKE_PUBLISHERS"


def read_register(path: Path, setting: str = SETTING) -> Register:
    """The register in a YAML file, or DataError; `setting` is the variable or option that names the file."""
    register = read_publishers(path, setting)
    for publisher in register.by_id.values():
        if says := _mistake(publisher):
            raise DataError(f"{path}: the publisher {publisher.id}: {says} (the file of {setting})")
    return register


def _mistake(publisher: Publisher) -> str | None:
    ring = None if publisher.polygon is None else read_ring(publisher.polygon)
    if publisher.polygon is not None and (ring is None or ring.faults):
        return "a polygon is `lat,lon lat,lon …`, at least four points, the first again at the end"
    if unknown := sorted(set(publisher.relaxed) - set(RULES)):
        return f"relaxed: no rule is called {', '.join(unknown)}; `services/intake/rules.py` has them all"
    return None
