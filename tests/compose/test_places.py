"""From an alert's areas to the jurisdiction's, never wider than what the alert says."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cap import Area
from services.compose import places
from tests.compose.alerts import COUNTY, EAST, NORTH, WEST, an_area, demo

PLACE = demo().jurisdiction
DISTRICTS = ("ferrow-centre", "ferrow-east", "ferrow-north", "ferrow-south", "ferrow-west")
INSIDE_NORTH = "38.7,-39.6 38.7,-39.4 38.8,-39.4 38.8,-39.6 38.7,-39.6"
ACROSS = "38.5,-39.7 38.5,-39.65 38.7,-39.65 38.7,-39.7 38.5,-39.7"
ELSEWHERE = "48.7,-9.6 48.7,-9.4 48.8,-9.4 48.8,-9.6 48.7,-9.6"


def found(*areas: Mapping[str, object]) -> places.Place:
    return places.find([Area.model_validate(area) for area in areas], PLACE)


def test_codes_name_areas() -> None:
    assert found(an_area(NORTH), an_area(WEST)).codes == ("ferrow-north", "ferrow-west")
    assert found(an_area(NORTH)).geometry is None


def test_the_name_of_a_code_list_is_read_in_any_case() -> None:
    area = {"areaDesc": "x", "geocode": [{"valueName": "same", "value": f" {EAST} "}]}
    assert found(area).codes == ("ferrow-east",)


def test_the_whole_and_all_its_parts_are_the_same() -> None:
    assert found(an_area(COUNTY)).codes == ("ferrow", *DISTRICTS)
    assert found(an_area("299001", "499001", "599001", "699001", "899001")).codes == ("ferrow", *DISTRICTS)


def test_a_polygon_alone_decides() -> None:
    assert found(an_area(polygon=[INSIDE_NORTH])).codes == ("ferrow-north",)
    assert found(an_area(polygon=[ACROSS])).codes == ("ferrow-north", "ferrow-west")
    assert found(an_area(polygon=[ELSEWHERE])).codes == ()


def test_a_polygon_narrows_a_countys_code() -> None:
    assert found(an_area(COUNTY, polygon=[INSIDE_NORTH])).codes == ("ferrow-north",)


def test_a_code_keeps_a_sloppy_polygon_from_widening() -> None:
    assert found(an_area(NORTH, polygon=[ACROSS])).codes == ("ferrow-north",)


def test_a_common_border_is_not_inside() -> None:
    north_of_the_border = "38.6,-39.8 38.6,-39.2 38.8,-39.2 38.8,-39.8 38.6,-39.8"
    assert found(an_area(polygon=[north_of_the_border])).codes == ("ferrow-north",)


def test_a_circle_is_measured_in_kilometres() -> None:
    # (38.45, -39.15) is the middle of the east; its border to the centre is 13.1 km away.
    assert found(an_area(circle=["38.45,-39.15 12"])).codes == ("ferrow-east",)
    assert found(an_area(circle=["38.45,-39.15 15"])).codes == ("ferrow-centre", "ferrow-east")
    assert found(an_area(circle=["38.45,-39.15 0"])).codes == ("ferrow-east",)


def test_an_open_or_crossing_polygon_is_repaired() -> None:
    assert found(an_area(polygon=["38.7,-39.6 38.7,-39.4 38.8,-39.4 38.8,-39.6"])).codes == ("ferrow-north",)
    bow_tie = "38.7,-39.6 38.8,-39.4 38.7,-39.4 38.8,-39.6 38.7,-39.6"
    assert found(an_area(polygon=[bow_tie])).codes == ("ferrow-north",)


@pytest.mark.parametrize("polygon", ["", "38.7,-39.6", "a,b c,d e,f", "95,0 95,1 96,1 95,0", "nan,0 nan,1 nan,2 nan,0"])
def test_what_cannot_be_read_is_named(polygon: str) -> None:
    place = found(an_area(polygon=[polygon]))
    assert place.codes == ()
    assert place.unreadable == ("polygon 1 of “somewhere”",)


def test_unknown_codes_are_named() -> None:
    assert found(an_area(NORTH, "006001")).unknown == ("SAME 006001",)


def test_the_geometry_has_one_hash_and_is_never_carried() -> None:
    one = found(an_area(polygon=[INSIDE_NORTH], circle=["38.45,-39.15 12"])).geometry
    assert one == found(an_area(polygon=[INSIDE_NORTH], circle=["38.45,-39.15 12"])).geometry
    assert one != found(an_area(polygon=[INSIDE_NORTH])).geometry
    assert one is not None
    assert one.startswith("sha256:")


@given(st.floats(37.5, 39.5), st.floats(-40.5, -38.5), st.floats(0.1, 80))
def test_a_larger_circle_never_reaches_fewer(lat: float, lon: float, radius: float) -> None:
    small = found(an_area(circle=[f"{lat:.4f},{lon:.4f} {radius:.2f}"]))
    large = found(an_area(circle=[f"{lat:.4f},{lon:.4f} {radius + 5:.2f}"]))
    assert set(small.codes) - {"ferrow"} <= set(large.codes)
