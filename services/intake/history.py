"""What intake knows of other messages when it judges one: filled by the store, or left empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.cap import MsgType


class Place(StrEnum):
    """Where bytes, or the message that they hold, have ended up."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    LATE = "late"
    REFUSED = "refused"
    #: A copy whose better-proved original came later.
    REPLACED = "replaced"
    HANDED_OVER = "handed-over"
    #: An Ack or Error.
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Filed:
    """One message that was accepted, waits for the one that it refers to, or came late. Lineage 32 hex digits."""

    key: str
    sender: str
    identifier: str
    sent: datetime
    msg_type: MsgType
    place: Place
    digest: str
    received: datetime
    lineage: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One lineage: its highest version, the newest of its accepted messages by `sent`, whether one was a Cancel."""

    last: int
    newest: Filed
    cancelled: bool


@dataclass(frozen=True, slots=True)
class History:
    """What is known around one message.

    `named` has the same sender and identifier, `referrer` was accepted and refers to this message, `parents` are those
    that this message refers to, `lines` are the lineages of all of these.
    """

    named: Filed | None = None
    #: Whether what came under that name bore a signature by a pinned key.
    named_proven: bool = False
    referrer: Filed | None = None
    parents: tuple[Filed, ...] = ()
    lines: Mapping[str, Line] = field(default_factory=dict)
