"""The phrases that all texts of one language share: moments, periods, lists, quantities. No locale library.

CLDR's patterns change with its releases (since 42 a narrow no-break space stands before "PM", which would turn an
English text into UCS-2): what people were shown and signed must not change with a dependency. So the words are data.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Language
from services.place.reading import Data, DataError, Line, read_as

Phrase = Annotated[str, Field(min_length=1)]


class And(Data):
    """The words between the last two of a list; `before` maps a pattern of the last word to other words."""

    usual: Phrase
    before: dict[str, Phrase] = Field({})


class Unit(Data):
    """A number with its unit, for one and for any other number; `metric` is how a metric place says it.

    `exact` has the words of single numbers where a language has more than two forms, as Arabic for two.
    """

    one: Line
    other: Line
    metric: Line | None = None
    exact: dict[int, Line] = Field({})


class Ends(Data):
    """First and last words of a text that is not real."""

    opening: Line
    closing: Line


class Words(Data):
    """One language."""

    language: Language
    #: How it is written; pages set it, plain text needs nothing.
    direction: Literal["ltr", "rtl"] = "ltr"
    version: str
    status: Literal["draft", "approved"]
    months: Annotated[tuple[Line, ...], Field(min_length=12, max_length=12)]
    halves: Annotated[tuple[Line, ...], Field(min_length=2, max_length=2)]
    moment: Line
    clock12: Line
    clock24: Line
    same_half: Line
    same_day: Line
    days_apart: Line
    and_: And = Field(alias="and")
    units: dict[str, Unit]
    until_moment: Line
    until_notice: Line
    earlier: dict[Literal["alert", "update", "cancel"], Line]
    exercise: Ends
    test: Ends

    def listed(self, names: Sequence[str]) -> str:
        """Names as a list in a sentence."""
        if len(names) < 2:  # noqa: PLR2004 - one name is no list
            return "".join(names)
        last = names[-1]
        link = next((w for p, w in self.and_.before.items() if re.search(p, last, re.IGNORECASE)), self.and_.usual)
        return ", ".join(names[:-1]) + link + last

    def quantity(self, number: int, unit: str, *, metric: bool = False) -> str:
        """A whole number with its unit, also in the other system where the unit's words do so. KeyError: no unit."""
        words = self.units[unit]
        form = words.exact.get(number) or (words.one if number == 1 else words.other)
        return ((metric and words.metric) or form).format(
            n=number, celsius=round((number - 32) / 1.8), metre=round(number * 0.3048), centimetre=round(number * 2.54)
        )


_WORDS = TypeAdapter(Words)


def read_words(folder: Path, languages: Sequence[str]) -> dict[str, Words]:
    """The words of these languages, `<language>.yaml` each, or DataError."""
    found = {language: read_as(_WORDS, folder / f"{language}.yaml") for language in languages}
    for language, words in found.items():
        if words.language != language:
            raise DataError(f"{folder / language}.yaml says its language is {words.language}; name it for that")
    return found
