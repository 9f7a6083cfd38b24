"""Rules about how a sentence is written: to be read aloud once by a frightened person."""

import itertools
import re
from collections.abc import Iterator

from services.compose.hearing import SLOT, words
from services.compose.linting.rules import Case, rule

WORDS_AT_MOST = 26
#: Capitals that are names and not shouting.
NAMES = frozenset({"HEPA"})
#: From here on stand arrows, pictures and other languages' scripts; from the second on only pictures.
FIRST_SIGN, FIRST_PICTURE = 0x2190, 0x1F000
#: Signs outside the alphabet of text messages: a degree sign, curly quotes, dashes.
COSTLY = "°\u201c\u201d\u2018\u2019\u2013\u2014"
_OPEN = re.compile(r"\bTODO\b|\bTBD\b|\bX{2,}\b|_{2,}|\.\.\.|…|\[[^\]]*\]|<[^>]*>|(?<!\{)\{(?!\{)|(?<!\})\}(?!\})|\?\?")
_WORD = re.compile(r"\b[^\W\d_]{2,}\b")


def _plain(text: str) -> str:
    return SLOT.sub(" ", text)


@rule("number.no-unit")
def no_unit(case: Case) -> Iterator[tuple[str, str]]:
    """A number that says nothing of what it counts."""
    for where, hearing, sentence in case.heard():
        for quantity in hearing.quantities(_plain(sentence.text)):
            if not quantity.unit:
                yield where, f"{quantity.number} has no unit: write one after it"


@rule("placeholder.open")
def placeholder(case: Case) -> Iterator[tuple[str, str]]:
    """Something that somebody meant to fill in."""
    for where, _, sentence in case.sentences():
        if found := _OPEN.search(_plain(sentence.text)):
            yield where, f"“{found[0]}” is still open: write it, or make it a parameter or a slot"


@rule("sentence.long")
def long(case: Case) -> Iterator[tuple[str, str]]:
    """More words than can be heard once."""
    for where, _, sentence in case.sentences():
        count = len(sentence.text.split())
        if count > WORDS_AT_MOST:
            yield where, f"{count} words, at most {WORDS_AT_MOST}: make two sentences of it"


@rule("sentence.unended")
def unended(case: Case) -> Iterator[tuple[str, str]]:
    """A sentence without its last sign runs into the next one."""
    for where, _, sentence in case.sentences():
        if sentence.text[-1] not in ".?!؟。":
            yield where, "it does not end: put a full stop"


@rule("sentence.small-start")
def small_start(case: Case) -> Iterator[tuple[str, str]]:
    """A sentence that begins small has lost its first word, which may have been "not"."""
    texts = [(where, sentence.text) for where, _, sentence in case.sentences()]
    for language, wording in case.pack.languages.items():
        texts += [(f"{language}/why/{step}", text) for step, text in wording.why.items()]
    for where, text in texts:
        if text[0].islower():
            yield where, f"it begins with a small letter: is a word missing before “{text.split()[0]}”?"


@rule("sentence.not-twice")
def not_twice(case: Case) -> Iterator[tuple[str, str]]:
    """Two words that deny stand side by side."""
    for where, hearing, sentence in case.heard():
        said = words(sentence.text)
        for one, other in itertools.pairwise(said):
            if one in hearing.negations and other in hearing.negations:
                yield where, f"“{one} {other}” denies twice: say it once"


@rule("sign.shouting")
def shouting(case: Case) -> Iterator[tuple[str, str]]:
    """Capitals carry a meaning that a screen reader does not say."""
    for where, _, sentence in case.sentences():
        if found := [word for word in _WORD.findall(_plain(sentence.text)) if word.isupper() and word not in NAMES]:
            yield where, f"{found[0]} shouts: write it small"


@rule("sign.emoji")
def emoji(case: Case) -> Iterator[tuple[str, str]]:
    """A picture, or a sign that text messages pay double for, in place of a word."""
    for where, hearing, sentence in case.sentences():
        strange = [c for c in sentence.text if ord(c) >= FIRST_SIGN or c in COSTLY]
        if strange and (hearing is not None or any(ord(c) >= FIRST_PICTURE for c in strange)):
            yield where, f"“{strange[0]}” is a picture or a sign: use a word"


@rule("language.informal")
def informal(case: Case) -> Iterator[tuple[str, str]]:
    """Two ways of speaking to one person."""
    for where, hearing, sentence in case.heard():
        if hearing.has(sentence.text, hearing.informal):
            yield where, "it speaks to a friend where the others speak to a stranger: use one form"


@rule("language.foreign")
def foreign(case: Case) -> Iterator[tuple[str, str]]:
    """A sentence that reads as another of the languages."""
    for where, hearing, sentence in case.heard():
        for other in case.hearings.values():
            if other.language != hearing.language and hearing.is_foreign(sentence.text, other):
                yield where, f"it reads as {other.language}: write it in {hearing.language}"
