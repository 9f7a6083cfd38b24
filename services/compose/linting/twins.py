"""Rules about the languages of one pack: the same steps, with the same numbers, units, negations and values."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from services.compose.guidance import Wording
from services.compose.hearing import SLOT, Hearing, Quantity
from services.compose.linting.rules import FORMS, Case, rule

FIRST = "en"


class Twin(NamedTuple):
    """One sentence in the pack's first language and in another."""

    where: str
    ours: str
    theirs: str
    heard: tuple[Hearing, Hearing] | None


def _pairs(case: Case) -> Iterator[Twin]:
    first = case.pack.languages.get(FIRST)
    if first is None:
        return
    for language, wording in case.pack.languages.items():
        if language == FIRST:
            continue
        hears = (case.hearings.get(FIRST), case.hearings.get(language))
        heard = (hears[0], hears[1]) if hears[0] and hears[1] else None
        for where, ours, theirs in _texts(first, wording):
            yield Twin(f"{language}/{where}", ours, theirs, heard)


def _texts(first: Wording, other: Wording) -> Iterator[tuple[str, str, str]]:
    for form in FORMS:
        theirs = {sentence.id: sentence.text for sentence in getattr(other, form)}
        for sentence in getattr(first, form):
            if sentence.id in theirs:
                yield f"{form}/{sentence.id}", sentence.text, theirs[sentence.id]
    for step, why in first.why.items():
        if step in other.why:
            yield f"why/{step}", why, other.why[step]


@rule("twin.steps")
def steps(case: Case) -> Iterator[tuple[str, str]]:
    """Another count or order of actions, or other facts behind one."""
    first = case.pack.languages.get(FIRST)
    for language, wording in case.pack.languages.items():
        for form in FORMS if first else ():
            ours = [(sentence.id, sentence.facts) for sentence in getattr(first, form)]
            theirs = [(sentence.id, sentence.facts) for sentence in getattr(wording, form)]
            if ours != theirs:
                yield f"{language}/{form}", f"its steps or their facts are not those of {FIRST}"
        if first and first.why.keys() != wording.why.keys():
            yield f"{language}/why", f"it explains other steps than {FIRST}"


@rule("twin.numbers")
def numbers(case: Case) -> Iterator[tuple[str, str]]:
    """Other numbers or other units than its twin."""
    for twin in _pairs(case):
        if twin.heard:
            one, other = (Counter(hear.quantities(text)) for hear, text in zip(twin.heard, twin[1:3], strict=True))
            if one != other:
                yield twin.where, f"other numbers or units than {FIRST}: {_difference(one, other)}"
        elif _digits(twin.ours) != _digits(twin.theirs):
            yield twin.where, f"other numbers than {FIRST}"


def _difference(one: Counter[Quantity], other: Counter[Quantity]) -> str:
    def listed(counts: Counter[Quantity]) -> str:
        return ", ".join(f"{number} {unit}".strip() for number, unit in counts) or "nothing"

    return f"{listed(one - other)} there, {listed(other - one)} here"


def _digits(text: str) -> Counter[str]:
    """The numbers of any language, whatever its digits."""
    plain = SLOT.sub(" ", text)
    runs = "".join(c if c.isdigit() else " " for c in plain).split()
    return Counter(str(int(run)) for run in runs)


@rule("twin.values")
def values(case: Case) -> Iterator[tuple[str, str]]:
    """Another parameter or slot than its twin."""
    for twin in _pairs(case):
        if Counter(SLOT.findall(twin.ours)) != Counter(SLOT.findall(twin.theirs)):
            yield twin.where, f"it fills in other values than {FIRST}"


@rule("twin.negation")
def negation(case: Case) -> Iterator[tuple[str, str]]:
    """One of the two says not, the other does not."""
    for twin in _pairs(case):
        if twin.heard:
            ours, theirs = (hear.negations_in(text) for hear, text in zip(twin.heard, twin[1:3], strict=True))
            if bool(ours) is not bool(theirs):
                yield twin.where, f"{FIRST} {'denies' if ours else 'does not deny'}, and this the other way round"


@rule("twin.copied")
def copied(case: Case) -> Iterator[tuple[str, str]]:
    """The same words in both languages."""
    for twin in _pairs(case):
        if twin.ours == twin.theirs and SLOT.sub("", twin.ours).strip(" .,:;?!"):
            yield twin.where, f"it is {FIRST} word for word: write it in its own language"
