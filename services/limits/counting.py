"""What all channels share about counting: the rule, and the answer."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """One channel's rule: what is counted, how much of it fits, and where that is written."""

    name: str
    unit: str
    """What is counted, in the words of the source."""
    maximum: int
    """The channel's own limit, in `unit`."""
    reserve: int
    """How much of `maximum` we leave unused, because counters are known to differ."""
    source: str
    """Address of the page or file that states the rule."""

    @property
    def usable(self) -> int:
        """What a text of ours may take, in `unit`."""
        return self.maximum - self.reserve


@dataclass(frozen=True, slots=True)
class Count:
    """How long one text is on one channel, and whether it may be sent there."""

    units: int
    """Length in the channel's own unit."""
    limit: int
    """The largest `units` that we send."""
    fits: bool
    """True when the channel takes the text whole. A blank text never fits."""
    segments: int
    """Message parts that are billed: 1 on a channel without parts."""


class UnknownChannelError(ValueError):
    """A channel's name that nothing here can count for."""

    def __init__(self, channel: str, known: list[str]) -> None:
        super().__init__(
            f"no counting rule for channel {channel!r}: known are {', '.join(known)}. "
            "Add a file to services/limits and name it in LIMITS."
        )


def normalise(text: str) -> str:
    r"""Return the one form in which a text is counted, signed and sent.

    Unicode NFC (an e and a combining accent become one character, so that GSM-7 still
    holds it), line ends as `\n` alone, no blanks at the ends.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).strip()
