"""What operations must know: alarms, and the end of what was parked."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from schemas.base import Instant, Record
from schemas.words import Channel, Realm

_OF_DISPATCH = (
    "duplicate", "late_evidence", "reads_alike", "unresolved", "no_words", "batches_missing", "no_batches",
)  # fmt: skip
#: Every alarm that there is, by the room that raises it: closed, because metrics have labels of it.
ALARM_RULES: Mapping[str, tuple[str, ...]] = {
    "intake": ("actual-in-drill", "missed-heartbeat"),
    "audience": ("reach",),
    "approve": ("deadline", "held"),
    **{f"dispatch/{channel}": _OF_DISPATCH for channel in Channel},
}


class Alarm(Record):
    """`alarms`, key room#rule: something is wrong since `since`, or no longer (`over`).

    What it is of is its `lineage`, or `about` where it is no alert's: a publisher's id, or the hash of bytes. Two of
    one rule that are not of the same stand beside each other, and each has its own end.
    """

    schema_name: ClassVar[str] = "alarm"

    realm: Realm
    room: str
    rule: str
    says: str
    do: str
    lineage: str | None = None
    about: str | None = None
    since: Instant
    over: bool = False


class Closing(Record):
    """`parked`: a person replayed or dropped a parked record; a tombstone follows."""

    schema_name: ClassVar[str] = "closing"

    realm: Realm
    origin: str
    did: Literal["replay", "drop"]
    person: str
    reason: str
    at: Instant
