"""Where an alert is now, in one word of a closed set. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.words import BroadcastKind, DecisionWord


class Standing(StrEnum):
    """The word for the newest revision of the newest version of a lineage.

    `refused`   its bytes did not become an alert; nothing else will happen
    `accepted`  intake has it; nothing is composed yet
    `held`      nothing could be composed; a person must help
    `composed`  texts exist; approve has not asked anybody yet
    `waiting`   people on call are asked, or have approved in part
    `withheld`  it was rejected, returned, superseded, or its deadline passed: it will not go out
    `released`  it may be sent, and has not ended
    `paused`    released, and a person has halted it
    `expired`   released, and its end has come: nothing more of it starts
    `cancelled` a released Cancel ends this lineage
    `withdrawn` a person has taken it back
    """

    REFUSED = "refused"
    ACCEPTED = "accepted"
    HELD = "held"
    COMPOSED = "composed"
    WAITING = "waiting"
    WITHHELD = "withheld"
    RELEASED = "released"
    PAUSED = "paused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Facts:
    """What is known of one version's newest Broadcast, or of its hold. `stops` are believed ones, oldest first."""

    held: bool = False
    composed: bool = False
    kind: BroadcastKind = BroadcastKind.ALERT
    expires: datetime | None = None
    asked: bool = False
    withheld: bool = False
    released: bool = False
    stops: tuple[DecisionWord, ...] = ()


def standing(facts: Facts, now: datetime) -> Standing:
    """The word for `facts`."""
    if not facts.composed:
        return _without_texts(facts)
    if DecisionWord.WITHDRAW in facts.stops:
        return Standing.WITHDRAWN
    if facts.released:
        return _released(facts, now)
    if facts.withheld:
        return Standing.WITHHELD
    return Standing.WAITING if facts.asked else Standing.COMPOSED


def _without_texts(facts: Facts) -> Standing:
    if not facts.held:
        return Standing.ACCEPTED
    return Standing.WITHHELD if facts.withheld else Standing.HELD


def _released(facts: Facts, now: datetime) -> Standing:
    if facts.kind is BroadcastKind.CANCEL:
        return Standing.CANCELLED
    if facts.expires is not None and facts.expires <= now:
        return Standing.EXPIRED
    if facts.stops and facts.stops[-1] is DecisionWord.PAUSE:
        return Standing.PAUSED
    return Standing.RELEASED
