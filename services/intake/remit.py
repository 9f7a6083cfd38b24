"""Whether a publisher may say this, here: its sender id, area, events and severities, as the register has them."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import shapely

from services.intake.case import Case, Rule
from services.intake.findings import Remark
from services.intake.geometry import Points, read_ring
from services.place.publishers import Publisher

#: Degrees by which corners may lie outside: outlines are drawn by hand and by other maps.
_MARGIN = 0.1
_MOST = 0.9
_STATE = "000"


def _sender(case: Case) -> Iterator[Remark]:
    if case.register is not None and case.publisher is None:
        yield Remark("unknown-sender", "sender is not in the register of publishers", "sender")


def _grants(case: Case) -> Iterator[Remark]:
    publisher = case.publisher
    if publisher is None:
        return
    if publisher.severities and any(info.severity not in publisher.severities for info in case.alert.info):
        says = f"severity is one that {publisher.id} is not registered for"
        yield Remark("severity-not-granted", says, "severity", expected=", ".join(publisher.severities))
    if publisher.events and any(not _granted(info.event, publisher) for info in case.alert.info):
        says = f"event is one that {publisher.id} is not registered for"
        yield Remark("event-not-granted", says, "event", expected=", ".join(publisher.events))


def _granted(event: str, publisher: Publisher) -> bool:
    return event.casefold() in {one.casefold() for one in publisher.events}


def _area(case: Case) -> Iterator[Remark]:
    publisher = case.publisher
    if publisher is None or not (publisher.geocodes or publisher.polygon):
        return
    codes = [(code.value_name, code.value) for one in case.ground.shapes for code in one.area.geocode]
    strange = [name for name, value in codes if publisher.geocodes and not _covers(publisher, name, value)]
    if strange or (publisher.polygon and not _inside(case.ground.points(), publisher.polygon)):
        says = f"the area reaches beyond the jurisdiction of {publisher.id}"
        element = "geocode" if strange else "polygon"
        yield Remark("outside-jurisdiction", says, element, expected="an area in the publisher's jurisdiction")


def _covers(publisher: Publisher, name: str, value: str) -> bool:
    """Whether the register gives the code. SAME: any part of a county that is given, any county of a state."""
    granted = {text.partition("=")[2] for text in publisher.geocodes if text.partition("=")[0] == name}
    if not granted:
        return all(text.partition("=")[0] != name for text in publisher.geocodes)
    if name != "SAME":
        return value in granted
    return any(
        value[-5:] in (one[-5:], one[-5:-3] + value[-3:]) and one[-3:] in (value[-3:], _STATE) for one in granted
    )


def _inside(points: Points, polygon: str) -> bool:
    if not len(points):
        return True
    return float(np.mean(shapely.contains_xy(_home(polygon), points[:, 1], points[:, 0]))) >= _MOST


@lru_cache(maxsize=256)
def _home(polygon: str) -> shapely.geometry.base.BaseGeometry:
    """The jurisdiction in x, y with its margin. The register's reader has seen that it is a ring."""
    ring = read_ring(polygon)
    if ring is None:
        raise ValueError("the register's polygon is no ring")
    home = shapely.Polygon(ring.points[:, ::-1]).buffer(_MARGIN)
    shapely.prepare(home)
    return home


RULES: tuple[Rule, ...] = (_sender, _grants, _area)
