"""What a Broadcast wants of audience: whom, in which languages, how urgently, at how many segments a person."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.broadcast import Broadcast
from schemas.words import BroadcastKind, Channel, Severity, Urgency

#: At most this grave (0 is Extreme, 1 Severe and Unknown) is urgent.
URGENT_GRAVITY = Severity.SEVERE.gravity


@dataclass(frozen=True)
class Wanted:
    """Taken from a Broadcast. `units` has the languages that there is a text in, in the Broadcast's order."""

    digest: str
    lineage: str
    version: int
    revision: int
    kind: BroadcastKind
    severity: Severity
    areas: tuple[str, ...]
    units: Mapping[str, int]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there is a text in; the first is for those who read none of them."""
        return tuple(self.units)

    @property
    def urgency(self) -> Urgency:
        """Which topic: a campaign never delays an alarm."""
        return Urgency.URGENT if self.severity.gravity <= URGENT_GRAVITY else Urgency.ROUTINE

    @property
    def gets_batches(self) -> bool:
        """A Cancel goes to those who got the alert, which only the dispatcher knows; without a text nobody is told."""
        return self.kind is not BroadcastKind.CANCEL and bool(self.units)

    def segments(self, by_language: Mapping[str, int]) -> int:
        """How many segments so many people cost."""
        return sum(people * self.units.get(language, 0) for language, people in by_language.items())


def _reached(broadcast: Broadcast) -> tuple[str, ...]:
    """The areas it is for, and the whole, whose code is the jurisdiction's: who asked for all of it lives in each."""
    return tuple(dict.fromkeys((*broadcast.audience.areas, broadcast.audience.jurisdiction)))


def wanted_of(broadcast: Broadcast, digest: str) -> Wanted:
    """What this Broadcast wants, for texts."""
    texts = {each.language: sum(each.units) for each in broadcast.renditions if each.channel is Channel.SMS}
    ordered = [each for each in broadcast.languages if each in texts] + [
        each for each in texts if each not in broadcast.languages
    ]
    return Wanted(
        digest=digest,
        lineage=broadcast.lineage,
        version=broadcast.version,
        revision=broadcast.revision,
        kind=broadcast.kind,
        severity=broadcast.severity,
        areas=_reached(broadcast),
        units={language: texts[language] for language in ordered},
    )
