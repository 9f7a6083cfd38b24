"""Rules about what kills in one hazard and saves in another."""

import re
from collections import defaultdict
from collections.abc import Iterator

from services.compose.acts import acts
from services.compose.guidance import Harm
from services.compose.hearing import Hearing
from services.compose.linting.rules import FORMS, Case, rule

#: Hazards in which it harms, whatever the pack says of itself.
HARMS: dict[Harm, frozenset[str]] = {
    "boil": frozenset({"do-not-drink", "lead-in-water", "algal-bloom-beach"}),
    "basement": frozenset({"chemical-release"}),
}
VOLUMES = frozenset({"drop", "teaspoon", "tablespoon", "cup", "litre", "gallon"})
NEAREST_CM = 6 * 100
#: Numbers that live on in old pages and reach nobody, or somebody else.
DEAD = re.compile(r"800[ .-]?273[ .-]?8255|66746")


def _asks_for(hearing: Hearing, text: str, act: str) -> bool:
    return any(found.name == act and found.wanted for found in acts(hearing, text))


def _harming(case: Case, harm: Harm) -> Iterator[tuple[str, str]]:
    if case.pack.id not in HARMS[harm] and harm not in case.pack.forbids:
        return
    for where, hearing, sentence in case.heard():
        if _asks_for(hearing, sentence.text, harm):
            yield where, f"in this hazard “{harm}” harms: only a warning against it may stand here"


@rule("danger.boil")
def boil(case: Case) -> Iterator[tuple[str, str]]:
    """An instruction to boil where boiling harms."""
    yield from _harming(case, "boil")


@rule("danger.basement")
def basement(case: Case) -> Iterator[tuple[str, str]]:
    """An instruction to go down where gas gathers."""
    yield from _harming(case, "basement")


@rule("danger.bleach-purpose")
def bleach_purpose(case: Case) -> Iterator[tuple[str, str]]:
    """An amount of bleach without what it is for, or two purposes in one language."""
    purposes: dict[str, set[str]] = defaultdict(set)
    for where, hearing, sentence in case.heard():
        amounts = [q for q in hearing.quantities(sentence.text) if q.unit in VOLUMES]
        if not amounts or not hearing.has(sentence.text, hearing.bleach):
            continue
        here = {name for name, said in hearing.purposes.items() if hearing.has(sentence.text, said)}
        if not here:
            yield where, "an amount of bleach says what it is for: drinking water, dishes, surfaces, laundry"
        purposes[hearing.language] |= here
    for language, found in purposes.items():
        if len(found) > 1:
            yield language, f"bleach for {' and for '.join(sorted(found))} in one pack: somebody will mix them up"


@rule("danger.generator")
def generator(case: Case) -> Iterator[tuple[str, str]]:
    """A generator nearer than 20 feet (6 m)."""
    for where, hearing, sentence in case.heard():
        if hearing.has(sentence.text, hearing.generator):
            for quantity in hearing.quantities(sentence.text):
                if quantity.dimension == "length" and quantity.size < NEAREST_CM:
                    yield where, f"{quantity.number} {quantity.unit} is nearer than 20 feet (6 m)"


@rule("danger.iodide")
def iodide(case: Case) -> Iterator[tuple[str, str]]:
    """Potassium iodide without "only when officials say"."""
    for where, hearing, sentence in case.heard():
        if hearing.has(sentence.text, hearing.iodide) and not hearing.has(sentence.text, hearing.limits):
            yield where, "it is taken only when officials say so: write that in the same sentence"


@rule("danger.dead-number")
def dead_number(case: Case) -> Iterator[tuple[str, str]]:
    """A telephone number that was given up."""
    for where, _, sentence in case.sentences():
        if found := DEAD.search(sentence.text):
            yield where, f"{found[0]} is no longer answered: numbers belong into templates/contacts"


@rule("parameter.two-values")
def two_values(case: Case) -> Iterator[tuple[str, str]]:
    """One step with two different numbers of one kind in two forms, or a number where another form has a parameter."""
    for language, wording in case.pack.languages.items():
        hearing = case.hearings.get(language)
        if hearing is None:
            continue
        longest = {sentence.id: sentence.text for sentence in wording.long}
        for form in FORMS[:2]:
            for sentence in getattr(wording, form):
                here = {(q.number, q.dimension) for q in hearing.quantities(sentence.text)}
                there = {(q.number, q.dimension) for q in hearing.quantities(longest.get(sentence.id, ""))}
                if here - there:
                    said = ", ".join(f"{number} {unit}".strip() for number, unit in sorted(here - there))
                    yield f"{language}/{form}/{sentence.id}", f"it says {said}, and its long form does not"


@rule("parameter.constant")
def constant(case: Case) -> Iterator[tuple[str, str]]:
    """A fixed number where the pack has a parameter for it: authorities disagree on it."""
    for where, hearing, sentence in case.heard():
        for name, parameter in case.pack.parameters.items():
            steps = [s for s in case.pack.languages[hearing.language].all() if f"{{{{ {name} }}}}" in s.text]
            if sentence.id in {s.id for s in steps} and sentence not in steps:
                units = {quantity.unit for quantity in hearing.quantities(sentence.text)}
                if parameter.unit in units:
                    yield where, f"its number is the parameter {name}, which the jurisdiction fills"
