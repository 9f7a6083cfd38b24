"""Where a message stands after intake: what compose and approve say of its version. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.answer import Told
from schemas.broadcast import Held
from schemas.release import Approval, Withheld
from schemas.words import AnswerState, ApprovalState, WithheldReason

#: Which of two words of one moment counts: topics have no common order.
_RANK = {
    AnswerState.HELD: 0, AnswerState.WAITING: 1, AnswerState.WITHHELD: 2, AnswerState.RETURNED: 2,
    AnswerState.RELEASED: 3,
}  # fmt: skip
_WAITS = "it waits for the people on call"
_GONE = {
    WithheldReason.REJECTED: "it was rejected, and goes to nobody",
    WithheldReason.RETURNED: "it was returned: other words are wanted before it may go out",
    WithheldReason.DEADLINE: "nobody decided in time, and policy ends it there",
    WithheldReason.SUPERSEDED: "a newer version or revision took its place",
    WithheldReason.EXPIRED: "it expired before it was released",
    WithheldReason.WITHDRAWN: "it was withdrawn while it waited",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One word about one version, and when it was said. `findings` are compose's, as JSON."""

    state: AnswerState
    at: datetime
    says: str
    why: str | None = None
    findings: tuple[dict[str, Any], ...] = ()

    def follows(self, other: "Standing | None") -> bool:
        """Whether it is the later word."""
        return other is None or (self.at, _RANK[self.state]) > (other.at, _RANK[other.state])


def of_held(record: Held) -> Standing:
    """Compose could not write it."""
    told = [Told.model_validate(one.model_dump()) for one in record.findings]
    findings = tuple(one.model_dump(mode="json", exclude_none=True) for one in told)
    return Standing(AnswerState.HELD, record.held, "a person must help before it can be written for people",
                    findings=findings)  # fmt: skip


def of_approval(record: Approval) -> Standing | None:
    """Approve waits or has released; what it withholds it says with the reason, on another topic."""
    match record.state:
        case ApprovalState.RELEASED:
            return Standing(AnswerState.RELEASED, record.at, "it was released, and is on its way to people")
        case ApprovalState.WITHHELD:
            return None
        case ApprovalState.WAITING | ApprovalState.COUNTED | ApprovalState.ESCALATED:
            return Standing(AnswerState.WAITING, record.at, _WAITS)


def of_withheld(record: Withheld) -> Standing:
    """It goes to nobody, and why."""
    returned = record.reason is WithheldReason.RETURNED
    state = AnswerState.RETURNED if returned else AnswerState.WITHHELD
    return Standing(state, record.at, _GONE[record.reason], record.why)
