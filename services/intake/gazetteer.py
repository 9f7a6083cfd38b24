"""Where countries and codes lie: boxes only, read once from `geo/`."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_GEO = Path(__file__).parent / "geo"
_SAME_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees."""

    south: float
    west: float
    north: float
    east: float

    def grown(self, degrees: float) -> "Box":
        """The same with a margin on every side."""
        return Box(self.south - degrees, self.west - degrees, self.north + degrees, self.east + degrees)

    def meets(self, other: "Box") -> bool:
        """Whether the two have a point in common."""
        return (
            self.south <= other.north and other.south <= self.north
            and self.west <= other.east and other.west <= self.east
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a code. Without boxes its place is not known."""

    boxes: tuple[Box, ...]
    name: str = ""


def country(alpha2: str) -> tuple[Box, ...]:
    """The boxes of a country by its two letters, with its territories far away where those have no letters here."""
    return _countries().get(alpha2.upper(), ())


def country_of_number(numeric: str) -> str | None:
    """Two letters for ISO 3166-1's number, with or without leading zeros."""
    return _numbers().get(numeric.zfill(3))


def code(scheme: str, value: str) -> Place | None:
    """What is known of a geocode; None for a code that its list does not have, or a list that is not here."""
    name = scheme.upper()
    if name in {"SAME", "FIPS6"}:
        return _codes().get(("SAME", value[-_SAME_DIGITS:]))
    return _codes().get((name, value))


@cache
def counties(state: str) -> dict[str, tuple[str, ...]]:
    """SAME's five digits of the counties of a state (two digits) by their names in small letters."""
    found: dict[str, tuple[str, ...]] = {}
    for digits, name in _codes().of_state(state):
        known = name.partition(",")[0].strip().casefold()
        found[known] = (*found.get(known, ()), digits)
    return found


def knows(scheme: str) -> bool:
    """Whether this list of codes is here in full."""
    return scheme.upper() in {"SAME", "EMMA_ID"}


def outline(boxes: Iterable[Box], margin: float) -> tuple[Box, ...]:
    """All of them with a margin."""
    return tuple(box.grown(margin) for box in boxes)


def _boxes(text: str) -> tuple[Box, ...]:
    return tuple(Box(*map(float, part.split(","))) for part in text.split(";") if part)


@cache
def _countries() -> dict[str, tuple[Box, ...]]:
    return {alpha2: _boxes(boxes) for alpha2, _, boxes in _country_rows()}


@cache
def _numbers() -> dict[str, str]:
    return {numeric: alpha2 for alpha2, numeric, _ in _country_rows()}


def _country_rows() -> Iterator[list[str]]:
    lines = (_GEO / "countries.tsv").read_text(encoding="utf-8").splitlines()
    return (line.split("\t") for line in lines[1:])


class _Codes(dict[tuple[str, str], "Place"]):
    """Rows by scheme and code; a row becomes a Place when it is asked for, since few of 15,000 ever are."""

    def __init__(self) -> None:
        super().__init__()
        text = gzip.decompress((_GEO / "codes.tsv.gz").read_bytes()).decode()
        rows = (line.split("\t") for line in text.splitlines()[1:])
        self._rows = {(scheme, code): (boxes, name) for scheme, code, boxes, name in rows}

    def of_state(self, state: str) -> list[tuple[str, str]]:
        """SAME's codes and names of one state."""
        rows = self._rows.items()
        return [(digits, name) for (scheme, digits), (_, name) in rows if scheme == "SAME" and digits[:2] == state]

    def get(self, key: tuple[str, str], default: None = None) -> Place | None:  # type: ignore[override]  # narrower
        row = self._rows.get(key)
        return default if row is None else Place(_boxes(row[0]), row[1])


@cache
def _codes() -> _Codes:
    return _Codes()
