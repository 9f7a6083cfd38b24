"""What an alert says of where, as audience keeps it beside the hash that a Broadcast names (services.cap.areas)."""

from typing import Any

from schemas.alert import Alert
from services.cap.areas import areas_of


def kept_of(alert: Alert) -> list[dict[str, Any]]:
    """Polygons, circles and codes in CAP's own strings, an object an area."""
    wanted = {"polygon", "circle", "geocode"}
    return [area.model_dump(mode="json", by_alias=True, include=wanted) for area in areas_of(alert.cap)]
