"""CAP's polygons and circles as numbers, and what is wrong with their form.

CAP 1.2 §3.2.4 (https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html): `lat,lon` pairs separated by blanks,
at least four, the first again at the end; a circle is one pair and a radius in kilometres.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from schemas.cap import Area, CapAlert
from services.intake.gazetteer import Box

Points = npt.NDArray[np.float64]
Fault = Literal["polygon-syntax", "polygon-points", "polygon-open", "circle-syntax"]

_PAIRS = 4
_LATITUDE, _LONGITUDE = 90.0, 180.0
#: Kilometres in a degree of latitude, near enough for a box.
_DEGREE_KM = 111.0


@dataclass(frozen=True, slots=True)
class Ring:
    """One polygon's points, an array of shape (n, 2): latitude, longitude in degrees as they are written."""

    points: Points
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Circle:
    """Degrees, and a radius in kilometres."""

    latitude: float
    longitude: float
    radius: float

    def box(self) -> Box:
        """A box around it."""
        reach = min(self.radius / _DEGREE_KM, _LATITUDE)
        return Box(self.latitude, self.longitude, self.latitude, self.longitude).grown(reach)


@dataclass(frozen=True, slots=True)
class Shapes:
    """What one area says of where. `faults` are those of its parts that could not be read."""

    area: Area
    rings: tuple[Ring, ...]
    circles: tuple[Circle, ...]
    faults: tuple[Fault, ...] = ()

    def points(self) -> Points:
        """All corners and centres, shape (n, 2)."""
        centres = np.array([(one.latitude, one.longitude) for one in self.circles], dtype=np.float64).reshape(-1, 2)
        return np.concatenate([*(ring.points for ring in self.rings), centres])

    def boxes(self) -> tuple[Box, ...]:
        """A box around each part."""
        return (*(box_of(ring.points) for ring in self.rings), *(one.box() for one in self.circles))


@dataclass(slots=True)
class Ground:
    """All areas of one message."""

    shapes: list[Shapes] = field(default_factory=list)

    def points(self) -> Points:
        """Every point of it."""
        found = [one.points() for one in self.shapes]
        return np.concatenate(found) if found else np.empty((0, 2))


def ground_of(alert: CapAlert) -> Ground:
    """The areas of all infos; what several infos have in common (one for each language) is read once."""
    seen: dict[tuple[tuple[str, ...], ...], Shapes] = {}
    ground = Ground()
    for info in alert.info:
        for area in info.area:
            key = (area.polygon, area.circle, tuple(f"{code.value_name}={code.value}" for code in area.geocode))
            if key not in seen:
                seen[key] = _shapes(area)
                ground.shapes.append(seen[key])
    return ground


def _shapes(area: Area) -> Shapes:
    rings = [read_ring(text) for text in area.polygon]
    circles = [read_circle(text) for text in area.circle]
    faults: set[Fault] = {fault for ring in rings if ring is not None for fault in ring.faults}
    if None in rings:
        faults.add("polygon-syntax")
    if None in circles:
        faults.add("circle-syntax")
    return Shapes(
        area, tuple(one for one in rings if one is not None), tuple(one for one in circles if one is not None),
        tuple(sorted(faults)),
    )  # fmt: skip


def read_ring(text: str) -> Ring | None:
    """The ring, or None when the text is no list of pairs."""
    tokens = text.split()
    numbers = _numbers(text.replace(",", " ").split())
    if numbers is None or len(tokens) != text.count(",") or len(numbers) != 2 * len(tokens):
        return None
    points = numbers.reshape(-1, 2)
    faults: list[Fault] = []
    if not np.array_equal(points[0], points[-1]):
        faults.append("polygon-open")
    if len(points) + len(faults) < _PAIRS:
        faults.append("polygon-points")
    return Ring(points, tuple(faults))


@lru_cache(maxsize=64)
def read_circle(text: str) -> Circle | None:
    """The circle, or None: `lat,lon radius`, the radius not negative."""
    tokens = text.split()
    numbers = _numbers(text.replace(",", " ").split())
    if len(tokens) != 2 or text.count(",") != 1 or numbers is None or len(numbers) != 3 or numbers[2] < 0:  # noqa: PLR2004
        return None
    return Circle(*map(float, numbers))


def _numbers(words: list[str]) -> Points | None:
    try:
        found = np.array(words, dtype=np.float64)
    except ValueError:
        return None
    return found if found.size and bool(np.isfinite(found).all()) else None


def box_of(points: Points) -> Box:
    """A box around points, of which there is at least one."""
    south, west = points.min(axis=0)
    north, east = points.max(axis=0)
    return Box(float(south), float(west), float(north), float(east))


def in_range(points: Points) -> bool:
    """Whether every point is on the globe as CAP writes it."""
    return bool((np.abs(points[:, 0]) <= _LATITUDE).all() and (np.abs(points[:, 1]) <= _LONGITUDE).all())


def share_inside(points: Points, boxes: tuple[Box, ...]) -> float:
    """Which share of the points lies in any of the boxes."""
    if not len(points):
        return 0.0
    inside = np.zeros(len(points), dtype=bool)
    for box in boxes:
        inside |= (
            (points[:, 0] >= box.south) & (points[:, 0] <= box.north)
            & (points[:, 1] >= box.west) & (points[:, 1] <= box.east)
        )  # fmt: skip
    return float(inside.mean())
