"""The one question: which parts of a text identify a person."""

import re
from collections.abc import Iterator

from services.identifiers import counts, dates, names, numbers, places, reach
from services.identifiers.finding import Span, merged
from services.identifiers.sentences import Sentence, split

#: Characters that are looked at. Longer texts are looked at in pieces by whoever has them.
LIMIT = 100_000
_SHORT = 12
_SMALL = re.compile(r"\b(?:And|Or|Of|The|In|On|At|To|By|For|From|Through|With|Is|Are|Was|Y|De|La|El|Los|Las|En|Con)\b")


def find(text: str) -> tuple[Span, ...]:
    """Every identifier that is tied to a person, in order; positions are of `text`, of which LIMIT characters count."""
    return merged(_all(text[:LIMIT]))


def _all(text: str) -> Iterator[Span]:
    ill_before = False
    for sentence in map(_spoken, split(text)):
        found = list(names.find(sentence, ill_before=ill_before))
        yield from found
        if found:
            sentence = Sentence(sentence.text, sentence.start, named=True, shouted=sentence.shouted)  # noqa: PLW2901 - the same one, known better
        yield from numbers.find(sentence)
        yield from dates.find(sentence)
        yield from places.find(sentence, found)
        yield from reach.find(sentence, found)
        yield from counts.find(sentence)
        ill_before = sentence.ill


def _spoken(sentence: Sentence) -> Sentence:
    """A sentence that shouts in capitals, as it would be written otherwise; positions stay."""
    text = sentence.text
    if len(text) < _SHORT or not text.isupper():
        return sentence
    calm = _SMALL.sub(lambda match: match.group().lower(), text.title())
    return Sentence(calm, sentence.start, shouted=True) if len(calm) == len(text) else sentence
