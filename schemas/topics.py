"""The list of topics: from it they are created, documented (AsyncAPI, README) and tested.

`name` is without the realm's prefix; use `Topic.full`. Sizes are bytes, retention is milliseconds.
"""

from dataclasses import dataclass, replace

from schemas.alert import Alert, Refusal
from schemas.answer import Answer, BytesRead
from schemas.audience import AudienceEstimate, Batch, Reply
from schemas.base import Record
from schemas.broadcast import Broadcast, Held
from schemas.decision import Decision, Recompose
from schemas.delivery import Deliveries, Receipts
from schemas.operations import Alarm, Closing
from schemas.release import Approval, Release, Stop, Withheld
from schemas.trust import Bundle, Revocation
from schemas.words import PUBLIC_CHANNELS, Channel, Realm, Urgency

MEGABYTE = 1_048_576
DAY = 86_400_000
_PUBLISHER = "<publisher>"


@dataclass(frozen=True)
class Topic:
    """One topic. `values` is empty where the value is raw bytes (what agencies send, what was parked)."""

    name: str
    key: str
    values: tuple[type[Record], ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    about: str
    partitions: int = 6
    retention_ms: int = 30 * DAY
    max_bytes: int = MEGABYTE
    compacted: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether the name has a place for a publisher: then each that is registered has one."""
        return _PUBLISHER in self.name

    def of(self, publisher: str) -> "Topic":
        """The topic of one publisher."""
        return replace(self, name=self.name.replace(_PUBLISHER, publisher))

    def full(self, realm: Realm) -> str:
        """The name on the broker: a drill's topics are other topics."""
        return f"drill.{self.name}" if realm is Realm.DRILL else self.name


DISPATCHERS = tuple(f"dispatch/{channel}" for channel in Channel)

INCOMING = Topic(
    "alerts.incoming", "any", (), ("agencies", "agency", "cli", "intake (live, to drill)"), ("intake",),
    "CAP 1.2 XML or JSON as the agency sent it", max_bytes=6 * MEGABYTE,
)  # fmt: skip
ACCEPTED = Topic(
    "alerts.accepted", "lineage", (Alert,), ("intake",), ("compose", "audience", "record", "agency", "cli"),
    "an alert with its lineage and version", max_bytes=16 * MEGABYTE,
)  # fmt: skip
REFUSED = Topic(
    "alerts.refused", "hash of the bytes", (Refusal,), ("intake",), ("record", "agency", "cli"),
    "why bytes did not become an alert",
)  # fmt: skip
ANSWERS = Topic(
    "answers.<publisher>", "identifier", (Answer,), ("agency",), ("agencies",),
    "what a publisher hears of its messages; a CAP Ack or Error in the place of JSON where its entry wants that",
    partitions=1,
)  # fmt: skip
READINGS = Topic(
    "bytes.read", "hash of the bytes", (BytesRead,), ("intake",), ("record",),
    "a person has read the original bytes of a message", partitions=1,
)  # fmt: skip
COMPOSED = Topic(
    "broadcasts.composed", "lineage", (Broadcast,), ("compose",), ("approve", "audience", "record", "cli"),
    "all texts of one version and revision; the value is the canonical form that is signed",
    max_bytes=4 * MEGABYTE,
)  # fmt: skip
HELD = Topic(
    "broadcasts.held", "lineage", (Held,), ("compose",), ("approve", "record", "agency"),
    "an alert that a person must help to compose",
)  # fmt: skip
RECOMPOSITIONS = Topic(
    "recompositions", "lineage", (Recompose,), ("cli",), ("compose", "record"),
    "a person's signed wish for other words",
)  # fmt: skip
ESTIMATED = Topic(
    "audiences.estimated", "lineage", (AudienceEstimate,), ("audience",), ("approve", "record"),
    "how many people a Broadcast would reach",
)  # fmt: skip
DECIDED = Topic(
    "broadcasts.decided", "lineage", (Decision,), ("cli",), ("approve", "record"),
    "a person's signed word about one digest",
)  # fmt: skip
APPROVALS = Topic(
    "approvals", "lineage", (Approval,), ("approve",), ("record", "agency", "cli"),
    "where a digest stands with the people on call",
)  # fmt: skip
RELEASED = Topic(
    "broadcasts.released", "lineage", (Release,), ("approve",), (*DISPATCHERS, "audience", "record", "cli"),
    "permission to send one digest", max_bytes=5 * MEGABYTE,
)  # fmt: skip
WITHHELD = Topic(
    "broadcasts.withheld", "lineage", (Withheld,), ("approve",), ("compose", "record", "agency", "cli"),
    "a digest that will not be released",
)  # fmt: skip
STOPPED = Topic(
    "broadcasts.stopped", "lineage", (Stop,), ("cli",), (*DISPATCHERS, "audience", "approve", "record"),
    "a signed withdrawal, pause or resume, straight to every dispatcher", max_bytes=5 * MEGABYTE,
)  # fmt: skip
RECEIPTS = Topic(
    "receipts", "channel", (Receipts,), ("receipts",), ("dispatch/sms",),
    "what the platform reports of messages",
)  # fmt: skip
REPLIES = Topic(
    "replies", "subscriber id", (Reply,), ("receipts",), ("audience", "dispatch/sms"),
    "STOP, START and HELP, the number already an id",
)  # fmt: skip
DELIVERIES = Topic(
    "deliveries", "lineage#number, or lineage#channel", (Deliveries,), DISPATCHERS, ("record",),
    "what became of each message",
)  # fmt: skip
TRUST = Topic(
    "trust", "`bundle` or the revocation's id", (Bundle, Revocation), ("cli",),
    ("intake", "compose", "approve", "audience", *DISPATCHERS, "record"), "people, keys, roles, policy", partitions=1,
    compacted=True,
)  # fmt: skip
ALARMS = Topic(
    "alarms", "room#rule", (Alarm,), ("any room",), ("record", "cli"), "what is wrong, since when, what to do",
)  # fmt: skip
PARKED = Topic(
    "parked", "origin", (Closing,), ("any room", "cli"), ("record", "cli"),
    "raw bytes of a record that could not be handled, why and whence in headers", partitions=1,
    max_bytes=16 * MEGABYTE, compacted=True,
)  # fmt: skip


def batches(channel: Channel, urgency: Urgency) -> Topic:
    """The topic of one channel's batches; only channels that write to subscribers have one."""
    if channel in PUBLIC_CHANNELS:
        message = f"{channel} writes to one public account and has no batches"
        raise ValueError(message)
    return Topic(
        f"batches.{channel}.{urgency}", "lineage#number", (Batch,), ("audience",), (f"dispatch/{channel}",),
        f"up to 500 subscribers, {urgency}",
    )  # fmt: skip


TOPICS: tuple[Topic, ...] = (
    INCOMING, ACCEPTED, REFUSED, ANSWERS, READINGS, COMPOSED, HELD, RECOMPOSITIONS, ESTIMATED, DECIDED, APPROVALS,
    RELEASED, WITHHELD, STOPPED,
    *(batches(channel, urgency) for channel in Channel if channel not in PUBLIC_CHANNELS for urgency in Urgency),
    RECEIPTS, REPLIES, DELIVERIES, TRUST, ALARMS, PARKED,
)  # fmt: skip
