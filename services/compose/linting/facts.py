"""Rules about what stands behind a sentence."""

from collections.abc import Iterator

from services.compose import filling
from services.compose.hearing import SLOT
from services.compose.linting.rules import Case, rule


@rule("fact.none")
def no_fact(case: Case) -> Iterator[tuple[str, str]]:
    """A sentence says more than the alert itself knows, and names no fact."""
    for where, _, sentence in case.sentences():
        if not sentence.facts and not filling.compiled(sentence.text)[1] & case.pack.slots.keys():
            yield where, "it has no fact behind it: name one under `facts`"


@rule("fact.unused")
def unused(case: Case) -> Iterator[tuple[str, str]]:
    """A fact or a source that nobody reads."""
    pack = case.pack
    used = {fact for _, _, sentence in case.sentences() for fact in sentence.facts}
    for fact in sorted(set(pack.facts) - used):
        yield f"facts/{fact}", "no sentence rests on it: use it or take it out"
    named = {source for fact in pack.facts.values() for source in fact.sources}
    for source in sorted(set(pack.sources) - named):
        yield f"sources/{source}", "no fact rests on it: use it or take it out"


@rule("fact.other-number")
def other_number(case: Case) -> Iterator[tuple[str, str]]:
    """A sentence has a number that none of its facts has."""
    english = case.hearings.get("en")
    if english is None:
        return
    for where, hearing, sentence in case.heard():
        says = [quantity for fact in sentence.facts for quantity in english.quantities(case.pack.facts[fact].says)]
        known = {(q.number, q.dimension) for q in says} | {(q.number, "") for q in says if not q.unit}
        for quantity in hearing.quantities(sentence.text):
            if (quantity.number, quantity.dimension) not in known and (quantity.number, "") not in known:
                yield where, f"none of its facts says {quantity.number} {quantity.unit}: correct it, or add the fact"


@rule("source.no-address")
def no_address(case: Case) -> Iterator[tuple[str, str]]:
    """A complete pack names a source that nobody can open."""
    if case.pack.is_complete:
        for name, source in case.pack.sources.items():
            if source.address is None:
                yield f"sources/{name}", "its address is not known: find it, or say so under `incomplete`"


@rule("source.not-first-hand")
def not_first_hand(case: Case) -> Iterator[tuple[str, str]]:
    """An approved pack rests on memory or on a retelling."""
    if case.pack.status == "approved":
        for name, source in case.pack.sources.items():
            if not source.is_first_hand:
                yield f"sources/{name}", f"read from {source.how}: open the authority's own page before approval"


@rule("slot.undeclared")
def undeclared(case: Case) -> Iterator[tuple[str, str]]:
    """A sentence names a value that the pack does not declare, or a declared one is in no sentence."""
    declared = case.pack.parameters.keys() | case.pack.slots.keys()
    named: set[str] = set()
    for where, _, sentence in case.sentences():
        here = set(SLOT.findall(sentence.text))
        named |= here
        for name in sorted(here - declared - filling.COMMON):
            yield where, f"{name} is neither a parameter nor a slot of this pack"
    for name in sorted(declared - named):
        yield f"parameters/{name}", "no sentence names it: use it or take it out"
