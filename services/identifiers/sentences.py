"""Where sentences begin and end: what ties an identifier to a person stands in the same one."""

import re
from dataclasses import dataclass
from functools import cached_property

from services.identifiers.cues import ILL, PERSON

_DIGIT = re.compile(r"\d")
_END = re.compile(r"(?<=[.!?;])[\"')\]]*\s+(?=[\"'(¿¡A-ZÁÉÍÓÚÑ0-9])|\n\s*\n|\n(?=[-*•])")
_SHORT = re.compile(
    r"(?:\b(?:Dr|Dra|Mr|Mrs|Ms|Sr|Sra|Srta|St|Sta|Jr|No|no|Núm|núm|Apt|Av|Ave|approx|vs|Gov|Lt|Sgt"
    r"|Rev|Prof|Tel|tel|Ext|ext|Inc|Co)"
    r"|\b[A-Z])\.[\"')\]]*$"
)


@dataclass(frozen=True)
class Sentence:
    """A sentence and where it begins in the whole text. What several detectors ask is asked once."""

    text: str
    start: int
    #: Somebody is named in it.
    named: bool = False
    #: It was written in capitals throughout: lists of counties are, and their words are given names too.
    shouted: bool = False

    @cached_property
    def lower(self) -> str:
        """In small letters, which patterns read faster than letters of both kinds; position by position the same."""
        small = self.text.lower()
        return small if len(small) == len(self.text) else self.text  # some capitals become two letters

    @cached_property
    def about_one(self) -> bool:
        """Whether it speaks of one person."""
        return self.named or PERSON.search(self.lower) is not None

    @cached_property
    def ill(self) -> bool:
        """Whether somebody is ill, exposed or dead in it."""
        return ILL.search(self.lower) is not None

    @cached_property
    def has_digit(self) -> bool:
        """Whether there is a digit in it."""
        return _DIGIT.search(self.text) is not None


def split(text: str) -> list[Sentence]:
    """The sentences in order. An abbreviation ends none."""
    found: list[Sentence] = []
    start = 0
    for gap in _END.finditer(text):
        if _SHORT.search(text, start, gap.start()) is None:
            found.append(Sentence(text[start : gap.start()], start))
            start = gap.end()
    found.append(Sentence(text[start:], start))
    return [one for one in found if one.text.strip()]
