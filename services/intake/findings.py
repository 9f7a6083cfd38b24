"""Every rule by its name: what it costs, and where it is written.

`note` goes on, `hold` waits for a person and is never released automatically, `refuse` is answered to the sender.
A health department can read this table; the reasons are in the sentences that the rules say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from schemas.alert import Finding
from schemas.words import Grade
from services.cap.reading import Note


class Cost(IntEnum):
    """What a rule does to a message, mildest first."""

    NOTE = 0
    HOLD = 1
    REFUSE = 2

    @property
    def word(self) -> str:
        """As reports write it."""
        return self.name.lower()


_CAP = "CAP 1.2, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html"
_ELEMENTS = f"{_CAP} §3.2"
_SCHEMA = f"{_CAP} §3.4.1"
_TIMES = f"{_CAP} §3.3.2"
_OURS = "README, Decisions"

RULES: dict[str, tuple[Cost, str]] = {
    # What reading forgave
    "cap-1.1": (Cost.NOTE, _CAP),
    "content-type": (Cost.NOTE, _OURS),
    "empty-element": (Cost.NOTE, _SCHEMA),
    "language-form": (Cost.NOTE, _ELEMENTS),
    "name-characters": (Cost.NOTE, _ELEMENTS),
    "no-language": (Cost.NOTE, _ELEMENTS),
    "old-word": (Cost.NOTE, _ELEMENTS),
    "time-form": (Cost.NOTE, _TIMES),
    "web-form": (Cost.NOTE, _ELEMENTS),
    "language-unknown": (Cost.HOLD, _ELEMENTS),
    "reference-form": (Cost.HOLD, _ELEMENTS),
    "schema": (Cost.HOLD, _SCHEMA),
    "unknown-element": (Cost.HOLD, _SCHEMA),
    "unreadable": (Cost.HOLD, _ELEMENTS),
    # What the message says
    "cancel-without-info": (Cost.NOTE, _ELEMENTS),
    "no-expires": (Cost.NOTE, _ELEMENTS),
    "expired": (Cost.HOLD, _ELEMENTS),
    "no-info": (Cost.HOLD, _ELEMENTS),
    "not-public": (Cost.HOLD, _ELEMENTS),
    "sent-in-future": (Cost.HOLD, _OURS),
    "unknown-sender": (Cost.HOLD, _OURS),
    # Its place among others
    "hand-over": (Cost.NOTE, _OURS),
    "partly-unknown-reference": (Cost.NOTE, _ELEMENTS),
    "self-reference": (Cost.NOTE, _ELEMENTS),
    "after-cancel": (Cost.HOLD, _ELEMENTS),
    "alert-with-reference": (Cost.HOLD, _ELEMENTS),
    "no-reference": (Cost.HOLD, _ELEMENTS),
    "older-than-newest": (Cost.HOLD, _ELEMENTS),
    "several-lineages": (Cost.HOLD, _OURS),
    "unknown-reference": (Cost.HOLD, _ELEMENTS),
    # What cannot be read
    "characters": (Cost.REFUSE, _SCHEMA),
    "dtd": (Cost.REFUSE, _OURS),
    "duplicate-key": (Cost.REFUSE, _OURS),
    "encoding": (Cost.REFUSE, _SCHEMA),
    "form": (Cost.REFUSE, _SCHEMA),
    "missing": (Cost.REFUSE, _ELEMENTS),
    "not-well-formed": (Cost.REFUSE, _SCHEMA),
    "packed": (Cost.REFUSE, _OURS),
    "repeated": (Cost.REFUSE, _SCHEMA),
    "root": (Cost.REFUSE, _SCHEMA),
    "shape": (Cost.REFUSE, _SCHEMA),
    "too-deep": (Cost.REFUSE, _OURS),
    "too-large": (Cost.REFUSE, _OURS),
    "too-many-points": (Cost.REFUSE, _OURS),
    "too-much-markup": (Cost.REFUSE, _OURS),
    "unknown-value": (Cost.REFUSE, _ELEMENTS),
    # What cannot be taken
    "actual-in-drill": (Cost.REFUSE, _OURS),
    "answer": (Cost.REFUSE, _ELEMENTS),
    "draft": (Cost.REFUSE, _ELEMENTS),
    "identifier-taken": (Cost.REFUSE, _ELEMENTS),
    "late": (Cost.REFUSE, _ELEMENTS),
}

REFUSALS = tuple(sorted(rule for rule, (cost, _) in RULES.items() if cost is Cost.REFUSE))


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a rule found. Carries element names and expectations, never text of the message."""

    rule: str
    says: str
    element: str | None = None
    line: int | None = None
    expected: str | None = None

    @property
    def cost(self) -> Cost:
        """What the rule does to the message."""
        return RULES[self.rule][0]

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
    return Finding(rule=remark.rule, grade=grade, element=remark.element, says=remark.says, source=remark.source)
