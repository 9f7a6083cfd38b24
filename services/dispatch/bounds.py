"""The inequality that the whole protocol stands on: Q > F + G + R + D + L, in seconds.

A request starts within F of its intent or not at all; nobody else acts on the row before Q has passed. The smallest
safe Q was exactly the sum in all 36 settings that the model tried, so a setting below it stops the process.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """One channel's bounds, seconds."""

    fresh: float
    """F: from the intent to the check right before the first byte."""
    gap: float
    """G: from that check to the first byte."""
    answer: float
    """R: the client's time-out, kept by the kernel too (TCP_USER_TIMEOUT)."""
    accept: float
    """D: from then until the platform has accepted the request, assumed."""
    visible: float
    """L: from accepted to visible in the look-up, assumed."""
    quarantine: float
    """Q: how long doubt is waited out before the look-up."""

    @property
    def sum(self) -> float:
        """The largest age of a message that a look-up may still miss."""
        return self.fresh + self.gap + self.answer + self.accept + self.visible

    @property
    def last_arrival(self) -> float:
        """From an intent to the last moment at which its request may still be accepted."""
        return self.fresh + self.gap + self.answer + self.accept

    def wrong(self) -> str | None:
        """A sentence when the quarantine is too short to be safe."""
        if self.quarantine > self.sum:
            return None
        return (
            f"QUARANTINE_S is {self.quarantine:g} and must be above {self.sum:g}, the sum of FRESH_S, GAP_S, ANSWER_S, "
            "ACCEPT_S and VISIBLE_S: a shorter one sends texts twice"
        )
