"""Change any number, unit, negation or language of a complete pack: the digest changes, and the linter mostly sees it.

Bars: every mutation changes the digest; at least 90 % are caught by lint or the twin check, without the digest.
"""

import copy
import random
import re
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.compose.packfiles import digest_of, read_packs
from tests.compose.library import GUIDANCE, content, hearings, problems

COMPLETE = [pack.id for pack in read_packs(GUIDANCE).values() if pack.is_complete and pack.id != "general"]
CONTENT = {name: content(name) for name in COMPLETE}
MUTATIONS, CAUGHT_AT_LEAST = 600, 0.9
_NUMBER = re.compile(r"(?<![\w.])\d+(?!\w)")

Place = tuple[str, str, tuple[Any, ...], str]


def texts(wording: Any, at: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Every sentence of one language, and every "why", with the way to it."""
    if isinstance(wording, dict):
        return [found for key, value in wording.items() if key not in {"id", "facts", "name", "about"}
                for found in texts(value, (*at, key))]  # fmt: skip
    if isinstance(wording, list):
        return [found for number, value in enumerate(wording) for found in texts(value, (*at, number))]
    return [(at, wording)]


def units(language: str) -> dict[str, str]:
    return {word: unit for unit, said in hearings()[language].units.items() for word in said if word.isalpha()}


def ways(pack: str, language: str, text: str) -> list[str]:
    """The kinds of mutation that this sentence allows."""
    words = set(re.findall(r"\w+", text.lower()))
    found = ["language"] if len(words) > 1 else []
    if _NUMBER.search(text):
        found.append("number")
        found += ["unit"] if words & units(language).keys() else []
    if words & set(hearings()[language].negations):
        found.append("negation")
    return [*found, "denied"]


PLACES: list[Place] = [
    (pack, language, at, kind)
    for pack, found in CONTENT.items()
    for language, wording in found["languages"].items()
    for at, text in texts(wording)
    for kind in ways(pack, language, text)
]


def mutated(text: str, kind: str, language: str, twin: str, chance: random.Random) -> str:
    """The sentence with one thing changed."""
    if kind == "language":
        return twin
    if kind == "number":
        found = chance.choice(list(_NUMBER.finditer(text)))
        other = str(int(found[0]) + chance.choice([-1, 1, 2, 10])) if found[0] != "0" else "1"
        return text[: found.start()] + other.lstrip("-") + text[found.end() :]
    if kind == "unit":
        known = units(language)
        here = [m for m in re.finditer(r"[^\W\d_]+", text) if m[0].lower() in known]
        found = chance.choice(here)
        others = [word for word, unit in known.items() if unit != known[found[0].lower()] and len(word) > 1]
        return text[: found.start()] + chance.choice(others) + text[found.end() :]
    denials = hearings()[language].negations
    if kind == "negation":
        here = [m for m in re.finditer(r"[^\W\d_]+ ?", text) if m[0].strip().lower() in denials]
        found = chance.choice(here)
        return (text[: found.start()] + text[found.end() :]).strip()
    return ("Do not " if language == "en" else "No ") + text[0].lower() + text[1:]


def change(place: Place, chance: random.Random) -> tuple[dict[str, Any], str, str]:
    """The pack's content with the mutation in it, and the sentence before and after."""
    pack, language, at, kind = place
    found = copy.deepcopy(CONTENT[pack])
    here, twin = found["languages"][language], found["languages"]["es" if language == "en" else "en"]
    for step in at[:-1]:
        here, twin = here[step], twin[step]
    before = here[at[-1]]
    here[at[-1]] = mutated(before, kind, language, twin[at[-1]], chance)
    return found, before, here[at[-1]]


def test_mutations_change_the_digest_and_are_mostly_caught_without_it() -> None:
    seen: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    missed: list[str] = []
    kinds = sorted({place[3] for place in PLACES})
    by_kind = {kind: [place for place in PLACES if place[3] == kind] for kind in kinds}
    places = st.sampled_from(kinds).flatmap(lambda kind: st.sampled_from(by_kind[kind]))

    @settings(
        max_examples=MUTATIONS, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )  # fmt: skip
    @given(places, st.randoms(use_true_random=False))
    def mutate(place: Place, chance: random.Random) -> None:
        found, before, after = change(place, chance)
        if before == after:
            return
        pack, language, _, kind = place
        assert digest_of(found) != digest_of(CONTENT[pack]), after
        seen[kind] += 1
        if problems(found):
            caught[kind] += 1
        else:
            missed.append(f"{pack}/{language} {kind}: {before} -> {after}")

    mutate()
    for kind in kinds:
        print(f"{kind}: {caught[kind]} of {seen[kind]} caught")
    print("\n".join(f"  missed: {each}" for each in missed[:20]))
    share = caught.total() / seen.total()
    print(f"mutations: {seen.total()}, caught without the digest: {share:.1%}")
    assert seen.total() >= 500
    assert share >= CAUGHT_AT_LEAST
