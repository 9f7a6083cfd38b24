"""The severity of an alert whose sender leaves it Unknown, read from the class of a public index in its text.

The United States' weather service sends its air-quality alerts so, and names the class in their words (counted in the
test data of https://github.com/weather-gov/weather.gov). What is read here is ours, and the approver is told so.
"""

import re
from collections.abc import Sequence

from schemas.cap import Info
from services.compose.guidance import IndexClass, Pack
from services.compose.matching import tokens
from services.place.jurisdiction import Jurisdiction

_MORE = r"\b(?:greater than|above|over|exceed\w*|mayor que|superior a)\b"
_NO_TIME = r"(?!\s*(?:[ap]\.?\s?m\b|[%\u00b5]|percent))"
#: A number within a few words after the index's name, which is no time of day; the names are those of the languages
#: that we have. "Greater than 100" is the class above.
_NUMBER = re.compile(
    rf"(?P<more>{_MORE}\D{{0,20}})?"
    r"\b(?:aqi|air quality index|index|ica)\b(?P<then>\D{0,40})(?P<number>\d{2,3})\b" + _NO_TIME,
    re.IGNORECASE,
)


def index_class(pack: Pack, place: Jurisdiction, infos: Sequence[Info]) -> tuple[IndexClass, str] | None:
    """The gravest class of an index of this place that the alert names, and its words; None where it names none."""
    texts = [text for info in infos for text in (info.headline, info.description) if text]
    found = [(each, said) for each in pack.index if each.scale in place.indexes for said in _named(each, texts)]
    return min(found, key=lambda pair: pair[0].severity.gravity, default=None)


def _named(each: IndexClass, texts: Sequence[str]) -> list[str]:
    first, last = each.numbers
    found = (match for text in texts for match in _NUMBER.finditer(" ".join(text.split())))
    numbers = [_number(match) for match in found]
    said = [words for number, words in numbers if first <= number <= last]
    padded = [f" {' '.join(tokens(text))} " for text in texts]
    return said + [word for word in each.words if any(f" {' '.join(tokens(word))} " in text for text in padded)]


def _number(match: re.Match[str]) -> tuple[int, str]:
    """The least number that is meant, and how it is said."""
    if match["more"] or re.search(_MORE, match["then"], re.IGNORECASE):
        return int(match["number"]) + 1, f"index above {match['number']}"
    return int(match["number"]), f"index {match['number']}"
