"""What becomes of one message, given what came before it. Pure: no store, no clock, no Kafka.

Identity first, then lateness, then the place in a lineage:
a name once taken is taken; a message that an accepted one already refers to is late, unless it is a Cancel;
an Update or Cancel of something unknown waits, and then goes on by itself for a person to look at.
"""

from dataclasses import dataclass

from schemas.base import second_text
from schemas.cap import CapAlert, MsgType, Status
from schemas.words import Realm
from services.cap.names import key_of
from services.intake.findings import Remark
from services.intake.history import Filed, History, Line, Place

_FOLLOWS = frozenset({MsgType.UPDATE, MsgType.CANCEL})
_DRILLS = frozenset({Status.EXERCISE, Status.TEST, Status.SYSTEM})


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not taken. `taken_by` is the message that already has its name; `alarm` wakes somebody."""

    remark: Remark
    taken_by: Filed | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """Kept with its lineage, never sent; the sender is told."""

    lineage: str | None
    remark: Remark


@dataclass(frozen=True, slots=True)
class HandOver:
    """A drill that came by the live way: its bytes go to the drill."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody's Ack or Error: kept with what it answers, and never for people."""

    remark: Remark


@dataclass(frozen=True, slots=True)
class Wait:
    """For the message that it refers to."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Taken, as this version of this lineage."""

    lineage: str
    version: int
    remarks: tuple[Remark, ...] = ()
    #: The copy that had its name, in whose place it stands.
    replaces: Filed | None = None


Decision = Refuse | Late | HandOver | Wait | Accept


def gate(alert: CapAlert, realm: Realm) -> Refuse | HandOver | Answer | None:
    """Status decides the realm, whatever the wording; None lets the message in."""
    if alert.status is Status.DRAFT:
        remark = Remark("draft", "status is Draft, which nobody may act on", "status", expected="Actual, or Exercise")
        return Refuse(remark)
    if realm is Realm.LIVE and alert.status in _DRILLS:
        return HandOver()
    if realm is Realm.DRILL and alert.status is Status.ACTUAL:
        says = "status is Actual, and this is the drill: a real alert went the wrong way"
        return Refuse(Remark("actual-in-drill", says, "status", expected="Exercise, Test or System"), alarm=True)
    if alert.msg_type in {MsgType.ACK, MsgType.ERROR}:
        says = (
            f"msgType is {alert.msg_type}, an answer and no alert: it is kept with what it answers, and goes no further"
        )
        return Answer(Remark("answer", says, "msgType", expected="Alert, Update or Cancel for people"))
    return None


def decide(alert: CapAlert, history: History, *, waited: bool = False, proven: bool = False) -> Decision:
    """The decision over a message that passed the gate.

    `waited`: its time to wait for a parent is over. `proven`: it is signed by a key that is pinned to its sender, so
    that it takes its name back from a copy that came first and is not; nothing else does.
    """
    if history.named is not None:
        if not proven or history.named_proven:
            return _taken(history.named)
        if history.named.place is Place.ACCEPTED and history.named.lineage is not None:
            return _instead_of(history.named, history)
    if history.referrer is not None and alert.msg_type is not MsgType.CANCEL:
        says = "a message that was accepted earlier already refers to this one, so it is out of date"
        return Late(history.referrer.lineage, Remark("late", says, "references", expected="nothing: it is on record"))
    if alert.msg_type in _FOLLOWS and others(alert) and not _relatives(history) and not waited:
        return Wait()
    return _place(alert, history)


def others(alert: CapAlert) -> tuple[str, ...]:
    """The keys of the messages that it refers to, itself left out: its own name with another `sent` is itself too."""
    own = alert.sender, alert.identifier
    return tuple(key_of(one) for one in alert.references if (one.sender, one.identifier) != own)


def _taken(named: Filed) -> Refuse:
    says = (
        f"another message with this sender and identifier is on record since {second_text(named.received)} "
        f"({named.digest}); this one has other bytes"
    )
    expected = "a new identifier, and references if it replaces the earlier one"
    return Refuse(Remark("identifier-taken", says, "identifier", expected=expected), taken_by=named)


def _instead_of(copy: Filed, history: History) -> Accept:
    """The original as the next version of the lineage that its copy began or went on with."""
    lineage = str(copy.lineage)
    last = history.lines[lineage].last if lineage in history.lines else copy.version or 1
    says = f"it is signed by its sender's key, and takes the place of a copy that was not ({copy.digest})"
    return Accept(lineage, last + 1, (Remark("replaces-copy", says, "identifier"),), replaces=copy)


def _relatives(history: History) -> tuple[Filed, ...]:
    """Known messages of its lineage: those that it refers to, and for a late Cancel the one that refers to it."""
    return history.parents or ((history.referrer,) if history.referrer else ())


def _place(alert: CapAlert, history: History) -> Accept:
    remarks = list(_self_reference(alert))
    named = [one for one in _relatives(history) if one.lineage is not None]
    if not named:
        return Accept(key_of(alert), 1, (*remarks, *_alone(alert)))
    parent = max(named, key=lambda one: one.sent)
    lineage = str(parent.lineage)
    line = history.lines[lineage]
    if len({one.lineage for one in named}) > 1:
        says = "it refers to messages of several lineages; it was put with the newest of them"
        remarks.append(Remark("several-lineages", says, "references"))
    remarks.extend(_among(alert, history, line))
    return Accept(lineage, line.last + 1, tuple(remarks))


def _self_reference(alert: CapAlert) -> list[Remark]:
    if len(others(alert)) == len(alert.references):
        return []
    return [Remark("self-reference", "it refers to itself; that reference was left out", "references")]


def _alone(alert: CapAlert) -> list[Remark]:
    """What is odd about a message that begins a lineage."""
    if alert.msg_type not in _FOLLOWS:
        return []
    if not others(alert):
        return [Remark("no-reference", f"msgType is {alert.msg_type}, and it refers to nothing", "references")]
    return [Remark("unknown-reference", "it refers to messages that have not come", "references")]


def _among(alert: CapAlert, history: History, line: Line) -> list[Remark]:
    """What is odd about a message that goes on with a lineage."""
    remarks = []
    if alert.msg_type is MsgType.ALERT:
        remarks.append(Remark("alert-with-reference", "msgType is Alert, and it refers to an earlier one", "msgType"))
    if len(history.parents) < len(set(others(alert))):
        says = "some of the messages that it refers to have not come"
        remarks.append(Remark("partly-unknown-reference", says, "references"))
    if alert.sent < line.newest.sent and line.newest.key not in others(alert):
        says = "sent is earlier than that of the newest of its lineage, to which it does not refer"
        remarks.append(Remark("older-than-newest", says, "sent"))
    if line.cancelled and alert.msg_type is not MsgType.CANCEL:
        remarks.append(Remark("after-cancel", "its lineage was cancelled before", "msgType"))
    return remarks
