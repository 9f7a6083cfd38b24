"""A Broadcast that waits, or waited, for its people; and an alert that compose could not compose."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from schemas.broadcast import Broadcast, Held
from schemas.release import Release
from schemas.words import PUBLIC_CHANNELS, ApprovalState, Severity
from services.runtime import holds

#: States in which something is still waited for.
OPEN = frozenset({ApprovalState.WAITING, ApprovalState.COUNTED, ApprovalState.ESCALATED})


@dataclass(frozen=True)
class Proposal:
    """One digest. `reach` is the newest estimate, `reach_signed` the one that the release's signers saw."""

    digest: str
    lineage: str
    version: int
    revision: int
    severity: Severity
    expires: datetime
    text: str
    correlation: str
    state: ApprovalState
    have: int
    reach: int | None
    waiting_since: datetime
    estimate_until: datetime
    deadline: datetime | None
    due: datetime | None
    escalations: int
    released_at: datetime | None
    release: str | None
    reach_signed: int | None
    withdrawn: bool

    @property
    def place(self) -> tuple[int, int]:
        """Version and revision: of two in one lineage, the larger is the newer."""
        return self.version, self.revision

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.state in OPEN

    @cached_property
    def broadcast(self) -> Broadcast:
        """What the text says."""
        return Broadcast.model_validate_json(self.text)

    @property
    def permission(self) -> Release | None:
        """The newest release of this digest."""
        return Release.model_validate_json(self.release) if self.release else None


@dataclass(frozen=True)
class HeldAlert:
    """An alert that no Broadcast could be made of, until one is or a person ends it."""

    lineage: str
    version: int
    severity: Severity
    record: str
    since: datetime
    due: datetime | None
    escalations: int
    correlation: str

    @cached_property
    def held(self) -> Held:
        """What compose said."""
        return Held.model_validate_json(self.record)

    @cached_property
    def digest(self) -> str:
        """What a person signs who ends it without texts."""
        return holds.digest_of(self.held)


def answers(proposal: Proposal, record: Held) -> bool:
    """Whether a Broadcast came of what is held: one of its version composed after it, or one of a later version."""
    if proposal.version != record.version:
        return proposal.version > record.version
    return proposal.broadcast.composed + timedelta(seconds=1) > record.held


def reaches_subscribers(found: Broadcast) -> bool:
    """Whether anybody is selected for it: public channels select nobody."""
    return any(rendition.channel not in PUBLIC_CHANNELS for rendition in found.renditions)
