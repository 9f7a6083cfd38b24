"""One transaction's turn, and what it did: counted only once it is committed."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from schemas.words import Severity, WithheldReason

#: How a release came about: the closed set of the metric's label.
HOW = ("automatic", "approved", "override")


@dataclass(frozen=True)
class Released:
    """A Release was written. Times in seconds: since it waits here, and since intake received the alert."""

    how: str
    severity: Severity
    waited_s: float
    since_received_s: float
    again: bool


@dataclass(frozen=True)
class WithheldNow:
    """A Withheld was written."""

    reason: WithheldReason


@dataclass(frozen=True)
class Escalated:
    """A deadline passed and an alarm was raised, for an `approval` or a `held` alert."""

    what: str


@dataclass(frozen=True)
class AskedAgain:
    """A released digest waits for another signature."""


@dataclass(frozen=True)
class Refused:
    """A decision was not believed, by the verifier's rule."""

    rule: str
    lineage: str


@dataclass(frozen=True)
class TooLate:
    """A decision was believed, and nothing waits for it any more."""


Outcome = Released | WithheldNow | Escalated | AskedAgain | Refused | TooLate


@dataclass(frozen=True)
class Turn:
    """One transaction at one moment. `told` grows as things are done in it."""

    c: sa.Connection
    now: datetime
    told: list[Outcome] = field(default_factory=list)

    def tell(self, outcome: Outcome) -> None:
        """Note what was done."""
        self.told.append(outcome)
