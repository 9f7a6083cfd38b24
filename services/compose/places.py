"""Which areas of the jurisdiction an alert is for: by the codes that it gives, by its polygons and circles.

Where an area has codes that we know, they decide, narrowed to what its geometry touches: a county's code beside a small
polygon means the polygon. Where it has none, its geometry decides alone. The audience is never wider than either.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from shapely import Polygon, make_valid, union_all
from shapely.geometry.base import BaseGeometry

from schemas.cap import Area
from services.cap.areas import geometry_hash
from services.place.jurisdiction import Jurisdiction, Region

EARTH_KM = 6371.0088
CIRCLE_STEPS = 64
#: A circle of radius 0 is a point; it counts as this, so that it has an inside.
LEAST_RADIUS_KM = 0.001
RING_LEAST = 4


@dataclass(frozen=True)
class Place:
    """The answer. `unreadable` names geometry that could not be read, `unknown` the codes that nobody here knows."""

    regions: tuple[Region, ...]
    geometry: str | None
    unknown: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the areas, sorted."""
        return tuple(sorted(region.code for region in self.regions))


def find(areas: Iterable[Area], jurisdiction: Jurisdiction) -> Place:
    """The areas of `jurisdiction` that the alert's areas are."""
    chosen: set[str] = set()
    unknown: list[str] = []
    unreadable: list[str] = []
    known = tuple(areas)
    for area in known:
        shape, bad = _shape(area)
        unreadable += bad
        coded, strange = _coded(area, jurisdiction)
        unknown += strange
        chosen |= _narrowed(coded, shape, jurisdiction)
    regions = _whole_or_parts(chosen, jurisdiction)
    return Place(regions, geometry_hash(known), tuple(unknown), tuple(unreadable))


def _narrowed(coded: set[str], shape: BaseGeometry | None, jurisdiction: Jurisdiction) -> set[str]:
    if shape is None:
        return coded
    touched = {r.code for r in _districts(jurisdiction) if _overlap(_outline(r.outline), shape)}
    return coded & touched if coded else touched


def _overlap(outline: Polygon, shape: BaseGeometry) -> bool:
    """A common border is not enough."""
    return bool(outline.intersects(shape)) and not outline.touches(shape)


def _districts(jurisdiction: Jurisdiction) -> tuple[Region, ...]:
    """The areas that are not the whole; the whole itself where there is no other."""
    return tuple(r for r in jurisdiction.areas if not r.whole) or (jurisdiction.whole,)


def _coded(area: Area, jurisdiction: Jurisdiction) -> tuple[set[str], list[str]]:
    """The districts that the area's codes name, and the codes that no area has."""
    named: set[str] = set()
    strange: list[str] = []
    for code in area.geocode:
        regions = [r for r in jurisdiction.areas if _has(r, code.value_name, code.value)]
        if not regions:
            strange.append(f"{code.value_name} {code.value}")
        for region in regions:
            named |= {r.code for r in _districts(jurisdiction)} if region.whole else {region.code}
    return named, strange


def _has(region: Region, system: str, value: str) -> bool:
    return any(system.upper() == name.upper() and value.strip() in values for name, values in region.geocodes.items())


def _whole_or_parts(chosen: set[str], jurisdiction: Jurisdiction) -> tuple[Region, ...]:
    """All districts together are the whole too, so that who asked for the whole is among them."""
    everything = {r.code for r in _districts(jurisdiction)}
    if chosen >= everything:
        return jurisdiction.areas
    return tuple(r for r in jurisdiction.areas if r.code in chosen)


def _shape(area: Area) -> tuple[BaseGeometry | None, list[str]]:
    """Everything that the area draws, as one shape of (longitude, latitude), and what could not be read."""
    shapes: list[BaseGeometry] = []
    bad: list[str] = []
    for kind, texts, read in (("polygon", area.polygon, _polygon), ("circle", area.circle, _circle)):
        for number, text in enumerate(texts, 1):
            try:
                shapes.append(read(text))
            except ValueError:
                bad.append(f"{kind} {number} of “{area.area_desc}”")
    return (union_all(shapes) if shapes else None), bad


def _polygon(text: str) -> BaseGeometry:
    """CAP's "lat,lon lat,lon …"; one that is not closed is closed, one that crosses itself is repaired."""
    points = [_point(pair) for pair in text.split()]
    if points and points[0] != points[-1]:
        points.append(points[0])
    if len(points) < RING_LEAST:
        raise ValueError(text)
    shape = make_valid(Polygon(points))
    if not shape.area:
        raise ValueError(text)
    return shape


def _circle(text: str) -> BaseGeometry:
    """CAP's "lat,lon radius", the radius in kilometres, as a polygon on the sphere."""
    centre, radius = text.split()
    lon, lat = _point(centre)
    angle = max(float(radius), LEAST_RADIUS_KM) / EARTH_KM
    if not 0 < angle < math.pi:
        raise ValueError(text)
    return make_valid(Polygon([_away(lat, lon, angle, 2 * math.pi * i / CIRCLE_STEPS) for i in range(CIRCLE_STEPS)]))


def _away(lat: float, lon: float, angle: float, bearing: float) -> tuple[float, float]:
    """The point at `angle` radians from (lat, lon) in a direction (https://www.edwilliams.org/avform147.htm#LL)."""
    phi = math.radians(lat)
    reached = math.asin(math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(bearing))
    east = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(phi), math.cos(angle) - math.sin(phi) * math.sin(reached)
    )
    return lon + math.degrees(east), math.degrees(reached)


def _point(pair: str) -> tuple[float, float]:
    """(longitude, latitude) of CAP's "lat,lon"; ValueError for anything else."""
    lat, lon = map(float, pair.split(","))
    if not (abs(lat) <= 90 and abs(lon) <= 180):  # noqa: PLR2004 - degrees of a sphere; NaN fails too
        raise ValueError(pair)
    return lon, lat


@cache
def _outline(ring: tuple[tuple[float, float], ...]) -> Polygon:
    return Polygon(ring)
