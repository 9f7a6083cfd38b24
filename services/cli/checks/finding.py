"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "mind", "bad"]


@dataclass(frozen=True)
class Found:
    """`good`; `mind`: it works, and a person should know; `bad`: it does not work. `do` is what to type or set."""

    subject: str
    verdict: Verdict
    says: str
    do: str = ""


def good(subject: str, says: str) -> Found:
    """All is well."""
    return Found(subject, "good", says)


def mind(subject: str, says: str, do: str = "") -> Found:
    """It works; but know this."""
    return Found(subject, "mind", says, do)


def bad(subject: str, says: str, do: str) -> Found:
    """It does not work; do this."""
    return Found(subject, "bad", says, do)
