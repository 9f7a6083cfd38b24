"""Whether the counties that a message names in words are those that its codes and outlines mean.

Only the names of the United States' counties, in the states that its codes or its publisher's register speak of: there
the list of names is whole (SAME, NWR Specification NWS Instruction 10-1712). Elsewhere nothing is said.
"""

import re
from collections.abc import Iterator

from schemas.cap import Area
from services.intake import gazetteer
from services.intake.case import Case, Rule
from services.intake.findings import Remark
from services.intake.gazetteer import Box
from services.intake.geometry import Shapes

_NAMED = re.compile(
    r"\b((?:[A-Z][\w.'-]*\s+(?:(?:of|and the|du|de la)\s+)?){1,4}(?:County|Parish|Borough|Census Area|Municipio))\b"
    r"(?!\s+(?:[A-Z][\w-]*\s+)?(?:Board|Commission\w*|Council|Department|District|Emergency|EOC|Fair|Fire|Government|"
    r"Health|Jail|Office|OEM|Police|Public|School|Sheriff|Water|911))"
)
#: How the code of a whole state ends, and the code of the whole country.
_WHOLE, _COUNTRY = "000", "00000"
_COUNTIES = ("SAME", "FIPS6")
#: Degrees: a county that the drawing touches, or nearly, is not far.
_NEAR = 0.1


def _named(case: Case) -> Iterator[Remark]:
    granted = case.publisher.geocodes if case.publisher else ()
    everywhere = case.ground.shapes
    for info in case.alert.info:
        if _apart(info.headline or "", everywhere, granted):
            yield _remark("headline")
            return
    for shapes in everywhere:
        if _apart(shapes.area.area_desc or "", [shapes], granted):
            yield _remark("areaDesc")
            return


def _remark(element: str) -> Remark:
    says = f"{element} names a county that is neither among the codes nor near what is drawn"
    return Remark("named-apart", says, element, expected="words, codes and outlines of one place")


def _apart(text: str, where: list[Shapes], granted: tuple[str, ...]) -> bool:
    """Whether a county is named that none of `where` means."""
    if _NAMED.search(text) is None:
        return False
    codes = {code for shapes in where for code in _codes(shapes.area)}
    boxes = [box.grown(_NEAR) for shapes in where for box in shapes.boxes()]
    states = {code[:2] for code in codes or _granted(granted)}
    if not states or not (codes or boxes) or _COUNTRY in codes:
        return False
    return any(not _meant(name, states, codes, boxes) for name in _names(text))


def _codes(area: Area) -> set[str]:
    """State and county digits of an area's codes."""
    return {code.value[-5:] for code in area.geocode if code.value_name.upper() in _COUNTIES}


def _granted(granted: tuple[str, ...]) -> set[str]:
    return {text.partition("=")[2][-5:] for text in granted if text.partition("=")[0] in _COUNTIES}


def _names(text: str) -> Iterator[tuple[str, ...]]:
    """What is named, each with the shorter readings of it: `Greater Polk County` may be Polk County."""
    for match in _NAMED.finditer(text):
        words = match.group(1).split()
        yield tuple(" ".join(words[start:]) for start in range(len(words) - 1))


def _meant(readings: tuple[str, ...], states: set[str], codes: set[str], boxes: list[Box]) -> bool:
    """Whether it is no county of these states, or one of the codes, or one that the drawing reaches."""
    for name in readings:
        found = {code for state in states for code in gazetteer.counties(state).get(name.casefold(), ())}
        if found:
            return any(
                code in codes or code[:2] + _WHOLE in codes or _drawn(code, boxes) for code in found
            )  # fmt: skip
    return True


def _drawn(code: str, boxes: list[Box]) -> bool:
    place = gazetteer.code("SAME", code)
    return place is None or not place.boxes or any(box.meets(other) for box in place.boxes for other in boxes)


RULES: tuple[Rule, ...] = (_named,)
