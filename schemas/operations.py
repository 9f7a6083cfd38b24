"""What operations must know: alarms, and the end of what was parked."""

from typing import ClassVar, Literal

from schemas.base import Instant, Record
from schemas.words import Realm


class Alarm(Record):
    """`alarms`, key room#rule: something is wrong since `since`, or no longer (`over`)."""

    schema_name: ClassVar[str] = "alarm"

    realm: Realm
    room: str
    rule: str
    says: str
    do: str
    lineage: str | None = None
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
