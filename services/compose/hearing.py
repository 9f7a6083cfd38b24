"""What a sentence says in numbers, units, negations and acts: for comparing texts, never for showing them.

The words of each language are data (templates/words/hearing): a new language brings its own file.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from schemas.base import Language
from services.place.reading import Data, DataError, Line, read_as

SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# Typographic apostrophes and dashes are written as code points: 2019 is an apostrophe, 2013 a dash.
TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*|°\s*[fc]\b|%|[^\W\d_]\w*(?:['\u2019]\w+)*|[-\u2013]|[.:;,()¿?¡!]|\{\{\s*\w+\s*\}\}|\S"
)
_BLANKS = re.compile(r"\s+")
CLAUSE_ENDS = frozenset(".:;,()?!¿¡")
#: How many of a unit make the base unit of its dimension; what is not here is its own dimension.
_BASES = {
    "second": ("time", 1), "minute": ("time", 60), "hour": ("time", 3600), "day": ("time", 86_400),
    "week": ("time", 604_800), "inch": ("length", 2.54), "foot": ("length", 30.48), "centimetre": ("length", 1),
    "metre": ("length", 100), "mile": ("length", 160_934.4),
}  # fmt: skip


class Quantity(NamedTuple):
    """A number and its unit; no unit is "" ."""

    number: str
    unit: str

    @property
    def dimension(self) -> str:
        """What is measured: time, length, or the unit itself."""
        return _BASES.get(self.unit, (self.unit, 1))[0]

    @property
    def size(self) -> float:
        """The number in the base unit of its dimension."""
        return float(self.number.replace(",", "")) * _BASES.get(self.unit, ("", 1))[1]


class Action(Data):
    """How one act is said. `strong`: the issuer's text and the pack's both say it, or neither."""

    strong: bool
    says: tuple[Line, ...]


class Hearing(Data):
    """One language."""

    language: Language
    units: dict[str, tuple[str, ...]]
    joins: tuple[str, ...]
    fillers: tuple[str, ...]
    ages: tuple[str, ...]
    negations: tuple[str, ...]
    #: What stands before the number of a telephone, which measures nothing.
    calls: tuple[str, ...]
    #: Numbers that only say "always".
    always: tuple[str, ...]
    #: A sentence with one of these describes the hazard: its numbers ask nothing of anybody.
    describes: tuple[str, ...]
    common: tuple[str, ...]
    informal: tuple[str, ...]
    avoids: tuple[str, ...]
    #: Words after which a denial starts a new clause.
    turns: tuple[str, ...]
    #: Words with which a list goes on denying, and words behind which a denial is of something else.
    ors: tuple[str, ...]
    ifs: tuple[str, ...]
    #: An act that is asked for only on somebody's word, or only to be prepared for.
    told: tuple[str, ...]
    ahead: tuple[str, ...]
    limits: tuple[str, ...]
    purposes: dict[str, tuple[str, ...]]
    actions: dict[str, Action]
    opposites: tuple[tuple[str, str], ...]
    bleach: tuple[str, ...]
    generator: tuple[str, ...]
    iodide: tuple[str, ...]

    @cached_property
    def _unit_of(self) -> dict[str, str]:
        return {" ".join(words(said)): unit for unit, listed in self.units.items() for said in listed}

    def quantities(self, text: str) -> list[Quantity]:
        """Every number of a text with its unit; a range gives its unit to both ends."""
        said = words(text)
        found: list[Quantity] = []
        waiting: list[str] = []
        for at, word in enumerate(said):
            if not word[0].isdigit():
                continue
            waiting.append(word)
            if self._joined(said, at + 1):
                continue
            unit = self._unit(said, at)
            found += [Quantity(number, unit) for number in waiting]
            waiting = []
        return found + [Quantity(number, "") for number in waiting]

    def shown(self, quantity: Quantity) -> str:
        """A quantity for a person: each unit's first word is for one, its second for more."""
        said = self.units[quantity.unit]
        return f"{quantity.number} {said[0] if quantity.number == '1' else said[min(1, len(said) - 1)]}"

    def _joined(self, said: Sequence[str], at: int) -> bool:
        """Whether a word that joins two numbers stands here, and a number after it."""
        return at + 1 < len(said) and said[at] in self.joins and said[at + 1][0].isdigit()

    def _unit(self, said: Sequence[str], at: int) -> str:
        rest = [word for word in said[at + 1 : at + 5] if word not in self.fillers]
        for length in (2, 1):
            if unit := self._unit_of.get(" ".join(rest[:length])):
                return unit
        return "year" if at and said[at - 1] in self.ages else ""

    def negations_in(self, text: str) -> int:
        """How many words of a text deny."""
        return sum(word in self.negations for word in words(text))

    def is_foreign(self, text: str, other: "Hearing") -> bool:
        """Whether a text reads as `other` rather than as this language."""
        said = set(words(SLOT.sub(" ", text)))
        here, there = len(said & set(self.common)), len(said & set(other.common) - set(self.common))
        return there > max(1, here)

    def has(self, text: str, phrases: Sequence[str]) -> bool:
        """Whether one of the phrases stands in the text as whole words."""
        padded = f" {' '.join(words(text))} "
        return any(f" {' '.join(words(phrase))} " in padded for phrase in phrases)


def words(text: str) -> list[str]:
    """The words, numbers and unit signs of a text, in lower case."""
    plain = text.lower().replace("\u2013", "-").replace("\u2019", "'")
    return [_BLANKS.sub("", t) for t in TOKEN.findall(plain) if t not in CLAUSE_ENDS and not t.startswith("{{")]


_HEARING = TypeAdapter(Hearing)


def read_hearing(folder: Path) -> dict[str, Hearing]:
    """All languages of a folder, `<language>.yaml` each, or DataError."""
    found = {path.stem: read_as(_HEARING, path) for path in sorted(folder.glob("*.yaml"))}
    for language, hearing in found.items():
        if hearing.language != language:
            raise DataError(f"{folder / language}.yaml says its language is {hearing.language}; name it for that")
    return found
