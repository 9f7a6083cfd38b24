"""The identifier gate for what people write themselves: a reason stands on record for ever, and many read it."""

from services.cli.errors import Code, fail
from services.identifiers.detect import find
from services.identifiers.finding import mask


def clean(reason: str | None, option: str = "--reason") -> None:
    """Nothing where the reason identifies nobody; otherwise an end with a sentence that shows where."""
    if found := find(reason or ""):
        shown = mask(reason or "", found)
        fail(f"{option} may identify a person where it is covered here: {shown}; say why without that", Code.WRONG)


def checked(reason: str | None) -> str | None:
    """For an option's callback: the reason, or an end with a sentence."""
    clean(reason)
    return reason
