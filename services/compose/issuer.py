"""The issuer's own instruction: when it stands alone, and how it differs from the pack."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.alert import Alert, Finding
from schemas.cap import Info
from schemas.words import Grade
from services.compose import filling
from services.compose.allowed import Permit
from services.compose.comparing import compare
from services.compose.guidance import Pack
from services.compose.library import Library
from services.compose.wishes import Wishes


class Own(NamedTuple):
    """The issuer's words in one language: what it calls the event, and its instruction."""

    event: str
    instruction: str


#: A person's choice between the two: `tocsin recompose LINEAGE --slot words=issuer` (or `=pack`).
CHOICE, ISSUER, PACK = "words", "issuer", "pack"
#: What intake calls a publisher that its register does not know.
UNREGISTERED = "unknown"


def own_words(alert: Alert, allowed: Permit, wishes: Wishes) -> tuple[dict[str, Own] | None, list[Finding]]:
    """The issuer's words by language where they stand alone, and why; None where the pack speaks.

    They do where a person chose them, and where the pack may not be used but a registered issuer gave an instruction.
    """
    instructions = {
        info.language.split("-")[0].lower(): Own(info.event, " ".join(info.instruction.split()))
        for info in reversed(alert.cap.info) if info.instruction
    }  # fmt: skip
    chosen = wishes.slots.get(CHOICE) == ISSUER
    if not instructions or alert.publisher == UNREGISTERED or not (chosen or allowed.stops):
        return None, []
    reasons = "; ".join(finding.says for finding in allowed.stops)
    why = f"{wishes.editors[-1]} chose them" if chosen and wishes.editors else reasons or "a person chose them"
    says = f"the issuer's own words stand alone, in {', '.join(sorted(instructions))}: {why}"
    return instructions, [Finding(rule="issuer.words", grade=Grade.HOLD, element="instruction", says=says)]


def differences(infos: Sequence[Info], pack: Pack, slots: Mapping[str, str], library: Library) -> list[Finding]:
    """How the issuer's instruction differs from the pack's long form."""
    if not any(info.instruction for info in infos):
        return []
    ours = {}
    for language in library.jurisdiction.languages:
        if wording := pack.languages.get(language):
            shown = filling.values(pack, library.jurisdiction, slots, library.words[language])
            ours[language] = " ".join(line.text for line in filling.fill(wording.long, shown)[0])
    return compare(infos, ours, library.hearings)
