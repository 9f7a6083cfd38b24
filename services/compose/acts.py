"""Which acts a text asks for, which it warns against, and which it asks for only on somebody's word.

Heard clause by clause with the words of templates/words/hearing: for comparing texts, never for showing them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.compose.hearing import CLAUSE_ENDS, TOKEN, Hearing, Quantity, words

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n\s*\n|[•*]|\n\s*[-\u2013]\s")
_NUMBER = r"\+?\(?\d(?:\)?[ .-]?\(?\d)*"
#: A telephone number that nothing announces: three groups of digits, or 555-0142.
_TELEPHONE = re.compile(r"\+?\(?\b\d{1,4}\)?(?:[ .-]\(?\d{2,4}\)?){2,}\b|\b\d{3}-\d{4}\b")


@dataclass(frozen=True)
class Act:
    """One act in one clause. `firm`: asked for now, not only if somebody says so."""

    name: str
    wanted: bool
    clause: str
    firm: bool = True


def acts(hearing: Hearing, text: str) -> list[Act]:
    """Every act that a text asks for or warns against, clause by clause."""
    found = []
    for clause, denied in clauses(hearing, text):
        said = words(clause)
        for name, action in hearing.actions.items():
            at = _at(said, action.says)
            if at is not None:
                firm = _at(said, hearing.told) is None and _at(said[: at.start], hearing.ahead) is None
                found.append(Act(name, not (denied or _denies(hearing, said, at)), clause, firm))
    return found


def _denies(hearing: Hearing, said: Sequence[str], act: slice) -> bool:
    """Whether a clause warns against the act in it; behind "if" a denial is of something else."""
    behind = said[act.stop :]
    end = _at(behind, hearing.ifs)
    sides = (said[: act.start], behind if end is None else behind[: end.start])
    return any(_at(side, hearing.avoids) is not None for side in sides)


def advice(hearing: Hearing, text: str) -> list[Quantity]:
    """The quantities of what a text asks for: not its telephone numbers, nor those that only describe the hazard."""
    found: list[Quantity] = []
    for sentence in _SENTENCE_ENDS.split(text):
        asks = any(act.wanted for act in acts(hearing, sentence))
        if asks or not hearing.has(sentence, hearing.describes):
            found += [q for q in hearing.quantities(_without_calls(hearing, sentence)) if q.unit]
    return found


def clauses(hearing: Hearing, text: str) -> list[tuple[str, bool]]:
    """The text in clauses, and whether one before it denies it: "do not drink, cook with, or boil the water"."""
    stretches = (stretch for sentence in _SENTENCE_ENDS.split(text) for stretch in _stretches(sentence))
    return [pair for stretch in stretches for pair in _denials(hearing, list(_turned(hearing, stretch)))]


def _stretches(text: str) -> Iterator[list[str]]:
    """The words between two hard stops, with their commas."""
    stretch: list[str] = []
    for word in TOKEN.findall(text):
        if word in CLAUSE_ENDS and word != ",":
            yield stretch
            stretch = []
        else:
            stretch.append(word)
    yield stretch


def _turned(hearing: Hearing, stretch: Sequence[str]) -> Iterator[str]:
    """The clauses of a stretch: split at commas, and where a denial begins after "and" or "but"."""
    clause: list[str] = []
    for at, word in enumerate(stretch):
        turns = word.lower() in hearing.turns and _begins([w.lower() for w in stretch[at + 1 : at + 4]], hearing.avoids)
        if word != "," and not turns:
            clause.append(word)
        elif clause:
            yield " ".join(clause)
            clause = []
    if clause:
        yield " ".join(clause)


def _denials(hearing: Hearing, found: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each clause, and whether a list that goes on with "or" denies it from further up."""
    said = [words(clause) for clause in found]
    heads = [at for at, each in enumerate(said) if _at(each, hearing.avoids) is not None]
    ors = [at for at, each in enumerate(said) if _begins(each, hearing.ors)]
    for at, clause in enumerate(found):
        before, after = (max((h for h in heads if h < at), default=None), max(ors, default=-1))
        yield clause, before is not None and at <= after


def _at(said: Sequence[str], phrases: tuple[str, ...]) -> slice | None:
    """Where the first of the phrases stands, or None."""
    known = _spoken(phrases)
    for at, word in enumerate(said):
        for each in known.get(word, ()):
            if list(said[at : at + len(each)]) == each:
                return slice(at, at + len(each))
    return None


def _begins(said: Sequence[str], phrases: tuple[str, ...]) -> bool:
    found = _at(said, phrases)
    return found is not None and found.start == 0


@lru_cache(maxsize=1024)
def _spoken(phrases: tuple[str, ...]) -> dict[str, list[list[str]]]:
    """The words of each phrase by its first, the longest first."""
    found: dict[str, list[list[str]]] = {}
    for said in sorted(map(words, phrases), key=len, reverse=True):
        found.setdefault(said[0], []).append(said)
    return found


def _without_calls(hearing: Hearing, text: str) -> str:
    """The text without its telephone numbers, and without "24 hours a day"."""
    announced = "|".join(re.escape(word) for word in hearing.calls)
    plain = re.sub(rf"\b(?:{announced})\s+{_NUMBER}", " ; ", text, flags=re.IGNORECASE)
    for phrase in hearing.always:
        plain = re.sub(re.escape(phrase), " ; ", plain, flags=re.IGNORECASE)
    return _TELEPHONE.sub(" ; ", plain)
