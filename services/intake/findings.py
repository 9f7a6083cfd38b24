"""One thing that a rule found, and what all of them amount to. The rules themselves are in `rules`."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.alert import Finding, Span
from schemas.words import Grade
from services.cap.reading import Note
from services.intake.rules import RULES, Cost


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a rule found. Carries element names and expectations, never text of the message."""

    rule: str
    says: str
    element: str | None = None
    line: int | None = None
    expected: str | None = None
    #: Where in the element's text, for a gate that looks at characters.
    spans: tuple[Span, ...] = ()
    #: The register relaxes this rule for its publisher.
    relaxed: bool = False

    @property
    def cost(self) -> Cost:
        """What the rule does to the message."""
        cost = RULES[self.rule][0]
        return Cost.NOTE if self.relaxed and cost is Cost.HOLD else cost

    @property
    def source(self) -> str:
        """Where the rule is written."""
        return RULES[self.rule][1]


def remarks_of(notes: Iterable[Note]) -> list[Remark]:
    """What reading forgave, one remark for each rule and element however often it was found."""
    found: dict[tuple[str, str | None], list[Note]] = {}
    for note in notes:
        found.setdefault((note.rule, note.element), []).append(note)
    return [_one(same) for same in found.values()]


def _one(same: list[Note]) -> Remark:
    first, more = same[0], len(same) - 1
    says = f"{first.says} (and {more} more like it)" if more else first.says
    return Remark(first.rule, says, element=first.element, line=first.line)


def grade_of(remarks: Iterable[Remark]) -> Grade:
    """The grade of a message that is not refused."""
    return Grade.HOLD if any(remark.cost is Cost.HOLD for remark in remarks) else Grade.ACCEPT


def finding_of(remark: Remark) -> Finding:
    """As the Alert record carries it."""
    grade = Grade.HOLD if remark.cost is Cost.HOLD else Grade.ACCEPT
    return Finding(
        rule=remark.rule, grade=grade, element=remark.element, says=remark.says, source=remark.source,
        spans=remark.spans or None,
    )  # fmt: skip
