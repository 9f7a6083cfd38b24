"""The severity of an alert whose sender leaves it Unknown, read from the class of a public index in its text.

132 of 139 air-quality alerts of the weather service say Unknown, and name the class in their words (the reference's
section 2.2). What is read here is ours, and the approver is told so.
"""

import re
from collections.abc import Sequence

from schemas.cap import Info
from services.compose.guidance import IndexClass, Pack
from services.compose.matching import tokens

#: A number within a few words after the index's name; the names are those of the languages that we have.
_NUMBER = re.compile(r"\b(?:aqi|air quality index|index|ica)\b\D{0,40}(\d{2,3})\b", re.IGNORECASE)


def index_class(pack: Pack, infos: Sequence[Info]) -> tuple[IndexClass, str] | None:
    """The gravest class that the alert names, and its words; None where it names none."""
    texts = [text for info in infos for text in (info.headline, info.description) if text]
    found = [(each, said) for each in pack.index for said in _named(each, texts)]
    return min(found, key=lambda pair: pair[0].severity.gravity, default=None)


def _named(each: IndexClass, texts: Sequence[str]) -> list[str]:
    first, last = each.numbers
    numbers = [int(match[1]) for text in texts for match in _NUMBER.finditer(text)]
    said = [f"index {number}" for number in numbers if first <= number <= last]
    padded = [f" {' '.join(tokens(text))} " for text in texts]
    return said + [word for word in each.words if any(f" {' '.join(tokens(word))} " in text for text in padded)]
