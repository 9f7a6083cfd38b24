"""Counties named in words against codes and outlines: what disagrees wakes a person, what may agree does not."""

import pytest

from services.cap.read import read
from services.intake.validate import validate
from tests.cap.messages import boil_water

#: Wake and Durham are neighbours in North Carolina; Cherokee County is 400 km away; Wake's box is about 35.5,-78.9.
WAKE = "<geocode><valueName>SAME</valueName><value>037183</value></geocode>"
STATE = "<geocode><valueName>SAME</valueName><value>037000</value></geocode>"
DRAWN = "<polygon>35.7,-78.8 35.7,-78.5 35.9,-78.5 35.7,-78.8</polygon>"


def held(desc: str, where: str = WAKE, headline: str = "Boil your water") -> bool:
    area = f"<area><areaDesc>{desc}</areaDesc>{where}</area>"
    found = validate(data := boil_water(headline=headline, area=area))
    assert read(data).alert.info[0].area[0].area_desc == desc
    return "named-apart" in [one.rule for one in found.findings]


@pytest.mark.parametrize(
    "desc",
    [
        "Wake County", "Wake County, NC", "Greater Wake County", "the north of Wake County", "Raleigh", "Ferrow County",
        "Orange", "near the Cherokee County Health Department's clinic",
    ],
)  # fmt: skip
def test_what_may_be_meant_passes(desc: str) -> None:
    assert not held(desc)


@pytest.mark.parametrize("desc", ["Cherokee County", "Wake County and Cherokee County", "Cherokee County, NC"])
def test_another_county_than_the_codes_wakes_a_person(desc: str) -> None:
    assert held(desc)
    assert held("Raleigh", headline=f"Boil water in {desc}")
    assert held(desc, DRAWN + WAKE)


def test_a_neighbour_that_the_drawing_reaches_and_a_whole_state_pass() -> None:
    assert held("Durham County")
    assert not held("Durham County", "<polygon>35.7,-78.9 35.7,-78.5 36.0,-78.9 35.7,-78.9</polygon>" + WAKE)
    assert not held("Cherokee County", STATE)


def test_without_codes_and_without_a_register_nothing_is_said() -> None:
    assert not held("Cherokee County", DRAWN)
