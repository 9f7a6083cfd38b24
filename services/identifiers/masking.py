"""What every view does with a text that people wrote: identifiers of a person are covered, the rest stands."""

from services.identifiers.detect import LIMIT, find
from services.identifiers.finding import mask


def masked(text: str) -> str:
    """The text with what identifies a person covered. What is longer than the gate looks at is cut there."""
    return mask(text[:LIMIT], find(text))


def masked_or_none(text: str | None) -> str | None:
    """The same where there may be no text."""
    return None if text is None else masked(text)
