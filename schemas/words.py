"""The closed sets. Each is also a metric label, so a value that is not here cannot exist."""

from enum import StrEnum


class Realm(StrEnum):
    """Live reaches people; a drill has other topics, credentials and keys, and reaches nobody."""

    LIVE = "live"
    DRILL = "drill"


class Channel(StrEnum):
    """Where a message can go."""

    X = "x"
    SMS = "sms"


#: Channels that write to one public account; the others write to subscribers.
PUBLIC_CHANNELS = frozenset({Channel.X})


class Severity(StrEnum):
    """CAP 1.2 §3.2.2 (https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html), gravest first."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"

    @property
    def gravity(self) -> int:
        """0 is the gravest. Unknown counts as Severe: what nobody has judged is not harmless."""
        return {"Extreme": 0, "Severe": 1, "Unknown": 1, "Moderate": 2, "Minor": 3}[self.value]


class Grade(StrEnum):
    """What intake found: may go on by itself, or waits for a person."""

    ACCEPT = "accept"
    HOLD = "hold"


class BroadcastKind(StrEnum):
    """What a Broadcast is in its lineage: CAP's msgType in our words."""

    ALERT = "alert"
    UPDATE = "update"
    CANCEL = "cancel"


class Kind(StrEnum):
    """What one delivery does to its target."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    CANCEL = "cancel"
    WITHDRAWAL = "withdrawal"
    DELETION = "deletion"


#: Deliveries that take an earlier one back. They have an end of their own and work after the alert has ended.
TAKE_BACKS = frozenset({Kind.CANCEL, Kind.WITHDRAWAL, Kind.DELETION})


class State(StrEnum):
    """The life of a delivery; the allowed moves are in `services.dispatch.moves`."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"
    UNRESOLVED = "unresolved"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why a delivery failed, was held back or is in doubt: one set for all channels."""

    PERMANENT_CONTENT = "permanent_content"
    PERMANENT_RECIPIENT = "permanent_recipient"
    OPTED_OUT = "opted_out"
    AUTH = "auth"
    FORBIDDEN_CAPABILITY = "forbidden_capability"
    PAYMENT = "payment"
    DUPLICATE = "duplicate"
    RATE_LIMITED = "rate_limited"
    TRANSIENT = "transient"
    UNKNOWN_OUTCOME = "unknown_outcome"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    QUIET_HOURS = "quiet_hours"
    FATIGUE = "fatigue"
    DRILL = "drill"
    REVOKED = "revoked"


class DecisionWord(StrEnum):
    """What a person may say about one digest."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    OVERRIDE = "override"
    WITHDRAW = "withdraw"
    PAUSE = "pause"
    RESUME = "resume"


#: Words that go to `broadcasts.stopped` straight from whoever says them, never through approve.
STOP_WORDS = frozenset({DecisionWord.WITHDRAW, DecisionWord.PAUSE, DecisionWord.RESUME})


class ApprovalState(StrEnum):
    """Where a digest stands with the people on call."""

    WAITING = "waiting"
    COUNTED = "counted"
    ESCALATED = "escalated"
    RELEASED = "released"
    WITHHELD = "withheld"


class WithheldReason(StrEnum):
    """Why a digest will not be released."""

    REJECTED = "rejected"
    RETURNED = "returned"
    DEADLINE = "deadline"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class AnswerState(StrEnum):
    """What a publisher hears of its message, in the order in which it usually comes."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: An Ack or Error: kept with what it answers, and never for people.
    RECORDED = "recorded"
    HELD = "held"
    WAITING = "waiting"
    RETURNED = "returned"
    WITHHELD = "withheld"
    RELEASED = "released"


class Urgency(StrEnum):
    """Which of a channel's batch topics: a campaign never delays an alarm."""

    URGENT = "urgent"
    ROUTINE = "routine"


class ReplyWord(StrEnum):
    """What somebody who answers a text wants. The words themselves are never kept."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"
