"""The issuer's own instruction beside the pack's: a difference in numbers, units or acts is for a person to settle.

What counts is heard, not understood: quantities with their unit, and the acts of templates/words/hearing. Where it
cannot tell it holds. What only describes the hazard (its wind, its temperature) or names a telephone asks nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.alert import Finding
from schemas.cap import Info
from schemas.words import Grade
from services.compose.acts import acts, advice
from services.compose.hearing import Hearing, Quantity

RULE = "instruction.differs"


@dataclass(frozen=True)
class Heard:
    """What one text says. `firm` are the wanted acts that do not wait for somebody's word."""

    quantities: tuple[Quantity, ...]
    wanted: dict[str, str]
    unwanted: dict[str, str]
    firm: dict[str, str]


def compare(infos: Sequence[Info], ours: Mapping[str, str], hearings: Mapping[str, Hearing]) -> list[Finding]:
    """A finding for every difference; `ours` is the pack's long form of each language, finished."""
    found, compared = [], False
    instructions = [(info.language.split("-")[0].lower(), info.instruction) for info in infos if info.instruction]
    for language, instruction in instructions:
        if language in ours and language in hearings:
            compared = True
            found += [
                _finding(language, says) for says in _differences(instruction, ours[language], hearings[language])
            ]
    if instructions and not compared:
        spoken = ", ".join(sorted({language for language, _ in instructions}))
        found.append(_finding(spoken, f"its instruction in {spoken} could not be compared with the pack: read both"))
    return found


def _finding(language: str, says: str) -> Finding:
    cure = "approve this Broadcast to choose the pack, or `tocsin recompose LINEAGE --slot words=issuer`"
    return Finding(rule=RULE, grade=Grade.HOLD, element=f"instruction/{language}", says=f"{says}. To settle it: {cure}")


def _differences(theirs: str, ours: str, hearing: Hearing) -> Iterator[str]:
    issuer, pack = _hear(theirs, hearing), _hear(ours, hearing)
    yield from _numbers(issuer, pack, hearing)
    yield from _acts(issuer, pack, hearing)


def _hear(text: str, hearing: Hearing) -> Heard:
    found = acts(hearing, text)
    return Heard(
        tuple(advice(hearing, text)),
        {act.name: act.clause for act in found if act.wanted},
        {act.name: act.clause for act in found if not act.wanted},
        {act.name: act.clause for act in found if act.wanted and act.firm},
    )


def _numbers(issuer: Heard, pack: Heard, hearing: Hearing) -> Iterator[str]:
    known = {(round(quantity.size, 1), quantity.dimension) for quantity in pack.quantities}
    for quantity in dict.fromkeys(issuer.quantities):
        if (round(quantity.size, 1), quantity.dimension) in known:
            continue
        same = [
            hearing.shown(other) for other in dict.fromkeys(pack.quantities) if other.dimension == quantity.dimension
        ]
        says = f"the pack says {', '.join(same)}" if same else "the pack says nothing of it"
        yield f"the issuer says {hearing.shown(quantity)}; {says}"


def _acts(issuer: Heard, pack: Heard, hearing: Hearing) -> Iterator[str]:
    for act, clause in issuer.firm.items():
        if act in pack.unwanted and act not in pack.wanted:
            yield f"the issuer says “{clause}”; the pack says “{pack.unwanted[act]}”"
        elif act not in pack.wanted and hearing.actions[act].strong:
            yield f"the issuer says “{clause}”; the pack does not ask for it"
    for act, clause in issuer.unwanted.items():
        if act in pack.wanted and act not in issuer.wanted:
            yield f"the issuer says “{clause}”; the pack says “{pack.wanted[act]}”"
    for one, other in (*hearing.opposites, *((b, a) for a, b in hearing.opposites)):
        if one in issuer.firm and other in pack.firm and other not in issuer.wanted:
            yield f"the issuer says “{issuer.firm[one]}”; the pack says “{pack.firm[other]}”"
