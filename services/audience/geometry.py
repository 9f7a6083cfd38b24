"""An alert's geometry by its hash: a Broadcast names the hash, never the polygons (DESIGN §2, Broadcast)."""

import hashlib
from collections.abc import Iterable
from typing import Any

from schemas.alert import Alert
from schemas.cap import Area


def areas_of(alert: Alert) -> list[dict[str, Any]]:
    """What the alert says of where: polygons, circles and codes in CAP's own strings, an object an area."""
    wanted = {"polygon", "circle", "geocode"}
    return [area.model_dump(mode="json", by_alias=True, include=wanted) for area in _areas(alert)]


def hash_of(alert: Alert) -> str | None:
    """SHA-256 over the polygons and circles, a line each, its kind first, as compose names it; None without any."""
    lines = [
        f"{kind} {text}" for area in _areas(alert) for kind in ("polygon", "circle") for text in getattr(area, kind)
    ]
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else None


def _areas(alert: Alert) -> Iterable[Area]:
    return (area for info in alert.cap.info for area in info.area)
