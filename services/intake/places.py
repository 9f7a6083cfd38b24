"""Whether what a message draws can be where it says it is. Boxes and corners only: no outline is ever mended here.

A person looks wherever two things that a message says of its place cannot both be true.
"""

from collections.abc import Iterator

import numpy as np
import shapely

from services.intake import claims, gazetteer
from services.intake.case import Case, Rule
from services.intake.findings import Remark
from services.intake.gazetteer import Box
from services.intake.geometry import Points, Ring, Shapes, box_of, in_range, share_inside

#: Degrees by which a country's warnings reach beyond its coast; language alone allows less.
_NAMED_MARGIN, _SPOKEN_MARGIN = 12.0, 2.0
#: A code's box and the area drawn with it may be this far apart: codes change their borders, coasts are coarse.
_CODE_MARGIN = 0.75
#: The share of points that has to be at home for an area to be at home.
_MOST = 0.9
#: One step of an outline longer than this many degrees, and this many times the usual one, leads to a stray point.
_STRAY_STEP, _STRAY_TIMES = 8.0, 40.0
#: No area of a real warning is larger, oceans apart: degrees of longitude.
_WIDEST = 120.0
_HALF_WORLD = 180.0
#: Points below which a self-crossing outline is looked for; the largest real ring has 41,009.
_CROSSING_LIMIT = 60_000


def _form(case: Case) -> Iterator[Remark]:
    says = {
        "polygon-syntax": "polygon is no list of lat,lon pairs separated by blanks",
        "polygon-points": "polygon has fewer than four points",
        "polygon-open": "polygon does not end where it begins; it was closed",
        "circle-syntax": "circle is not `lat,lon radius` with a radius in kilometres",
    }
    for fault in sorted({fault for shapes in case.ground.shapes for fault in shapes.faults}):
        yield Remark(fault, says[fault], fault.partition("-")[0])


def _range(case: Case) -> Iterator[Remark]:
    points = case.ground.points()
    if len(points) and not in_range(points):
        yield Remark("coordinates-range", "a point lies off the globe: latitude goes to ±90, longitude to ±180",
                     "polygon", expected="lat,lon in degrees (WGS 84)")  # fmt: skip


def _axes(case: Case) -> Iterator[Remark]:
    """Points that are at home only with their two numbers exchanged, or not at home at all."""
    points = case.ground.points()
    if not len(points):
        return
    named, spoken = claims.named_countries(case.alert), claims.spoken_countries(case.alert)
    near = claims.boxes_of(named | spoken, _SPOKEN_MARGIN)
    if near and share_inside(points, near) < 1 - _MOST and share_inside(points[:, ::-1], near) >= _MOST:
        yield Remark("swapped-axes", "read as lat,lon the area is far from its country; read as lon,lat it lies in it",
                     "polygon", expected="lat,lon: latitude first")  # fmt: skip
    elif named and share_inside(points, claims.boxes_of(named, _NAMED_MARGIN)) < _MOST:
        says = f"the area lies far from {', '.join(sorted(named))}, the country of its sender's names"
        yield Remark("far-from-country", says, "polygon", expected="an area in or near its sender's country")


def _codes(case: Case) -> Iterator[Remark]:
    """An area whose codes and drawing are apart, and codes that their list does not have."""
    unknown: set[str] = set()
    apart = False
    for shapes in case.ground.shapes:
        places = [(code, gazetteer.code(code.value_name, code.value)) for code in shapes.area.geocode]
        unknown.update(
            code.value_name for code, place in places if place is None and _listed(code.value_name, code.value)
        )
        boxes = [box for _, place in places if place for box in place.boxes]
        apart = apart or _apart(shapes, gazetteer.outline(boxes, _CODE_MARGIN))
    if unknown:
        says = f"geocode has a value that the list {', '.join(sorted(unknown))} does not have"
        yield Remark("geocode-unknown", says, "geocode")
    if apart:
        yield Remark("geocode-apart", "an area is drawn in another place than the one that its geocode stands for",
                     "geocode", expected="polygon and geocode of one place")  # fmt: skip


def _listed(scheme: str, value: str) -> bool:
    """Whether a code ought to be in our list. SAME's whole states and the sea have no county's box and name."""
    return gazetteer.knows(scheme) and not (scheme.upper() == "SAME" and (value.endswith("000") or value[1:3] >= "57"))


def _apart(shapes: Shapes, boxes: tuple[Box, ...]) -> bool:
    drawn = shapes.boxes()
    return bool(boxes and drawn) and not any(box.meets(other) for box in drawn for other in boxes)


def _extent(case: Case) -> Iterator[Remark]:
    """Stray points, and spans that no area has."""
    rings = [ring for shapes in case.ground.shapes for ring in shapes.rings]
    if any(_strays(ring.points) for ring in rings):
        yield Remark("stray-point", "an outline jumps to a far point and back: a point that does not belong to it",
                     "polygon", expected="one outline a polygon")  # fmt: skip
    if any(_crosses_dateline(ring.points) for ring in rings):
        yield Remark("dateline", "an outline crosses the 180th meridian, where many systems draw it around the globe",
                     "polygon", expected="two polygons, one on each side")  # fmt: skip
    elif any(_span(ring) > _WIDEST for ring in rings):
        yield Remark("too-wide", f"an area is wider than {_WIDEST:.0f} degrees", "polygon")


def _span(ring: Ring) -> float:
    box = box_of(ring.points)
    return box.east - box.west


def _strays(points: Points) -> bool:
    steps = np.abs(np.diff(points, axis=0)).max(axis=1) if len(points) > 1 else np.zeros(1)
    steps = np.where(steps > _HALF_WORLD, 0, steps)
    return bool(steps.max() > _STRAY_STEP and steps.max() > _STRAY_TIMES * max(float(np.median(steps)), 1e-6))


def _crosses_dateline(points: Points) -> bool:
    return len(points) > 1 and bool((np.abs(np.diff(points[:, 1])) > _HALF_WORLD).any())


def _crossing(case: Case) -> Iterator[Remark]:
    rings = [ring for shapes in case.ground.shapes for ring in shapes.rings if "polygon-points" not in ring.faults]
    checked = [ring.points for ring in rings if len(ring.points) <= _CROSSING_LIMIT]
    if not all(shapely.is_valid(shapely.polygons(points)) for points in checked if len(points) > 2):  # noqa: PLR2004
        yield Remark(
            "polygon-crosses", "an outline crosses or touches itself; who is inside may be read two ways", "polygon"
        )


RULES: tuple[Rule, ...] = (_form, _range, _axes, _codes, _extent, _crossing)
