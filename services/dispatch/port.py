"""The port that a channel implements, and what it may answer.

A channel knows its platform and nothing else: it never retries, never waits for a rate, and never decides what an
answer means for a delivery. It says what it knows: a platform's id, a refusal, "surely not sent", or doubt.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from schemas.words import Channel as ChannelName
from schemas.words import Kind, Reason, Severity
from services.dispatch.bounds import Bounds

#: How a message ends: a platform that confirms no delivery has none of these.
Ended = Literal["delivered", "undelivered", "failed"]


class Job(NamedTuple):
    """One attempt at one delivery: what to send to whom, and how long that may still start."""

    id: str
    attempt: int
    lineage: str
    ordinal: int
    kind: Kind
    target: str
    language: str
    severity: Severity
    text: str
    ends: datetime
    #: The platform's id of the message that this one deletes or answers.
    about: str | None = None
    #: When the last intent was written, by the wall clock; bounds what a look-up must read.
    started: datetime | None = None


class Permit(Protocol):
    """Asked once, right before the first byte; also the reason why it said no."""

    def __call__(self) -> bool:
        """Whether the request may start now."""
        ...


class Sent(NamedTuple):
    """The platform has it, under this id."""

    platform_id: str
    created: datetime | None = None


@dataclass(frozen=True)
class NotSent:
    """Surely not accepted: refused for rate, no connection, or never written. Goes back to `planned`."""

    reason: Reason
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Refused:
    """Refused for good. `code` is the platform's own number, for the log."""

    reason: Reason
    code: int | None = None


@dataclass(frozen=True)
class Doubt:
    """No usable answer: it may or may not have been accepted."""

    reason: Reason = Reason.UNKNOWN_OUTCOME


Outcome = Sent | NotSent | Refused | Doubt


@dataclass(frozen=True)
class LookUp:
    """What a look-up saw of one job. `complete` means that every page was read without an error."""

    complete: bool
    found: tuple[Sent, ...] = ()


@dataclass(frozen=True)
class Listed:
    """One message on the platform's own list, for the nightly comparison. Never logged.

    `ended` is how it ended, where it has and the list says so; `code` the platform's number for why.
    """

    platform_id: str
    address: str
    text: str
    created: datetime
    ended: Ended | None = None
    code: int | None = None


@dataclass(frozen=True)
class Probe:
    """What a free call says of the credentials. `wait_s`: the platform answers, and wants no call for so long."""

    ok: bool
    says: str
    remaining: int | None = None
    wait_s: float = 0.0


@dataclass(frozen=True)
class Capabilities:
    """What the channel's platform can do."""

    public: bool
    deletes: bool
    replies: bool = False


class Channel(Protocol):
    """One platform."""

    name: ChannelName
    capabilities: Capabilities
    bounds: Bounds

    async def open(self) -> None:
        """Make the pooled session. Called once, inside the event loop."""
        ...

    async def close(self) -> None:
        """Close the session."""
        ...

    async def addresses(self, targets: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        """The platform's address of each target that may be written to; a target left out may not.

        `reading` asks for a look-up, and includes who has opted out since.
        """
        ...

    async def publish(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Send one message."""
        ...

    async def withdraw(self, job: Job, address: str, permit: Permit) -> Outcome:
        """Delete the message `job.about`, where the platform can."""
        ...

    async def look_up(self, jobs: Sequence[Job], addresses: dict[str, str]) -> dict[str, LookUp]:
        """Which of `jobs` stand on the platform, by job id. A failed look-up is not complete."""
        ...

    def listing(self, since: datetime) -> AsyncIterator[Listed]:
        """Everything that the account has sent since then; raises when the list cannot be read whole."""
        ...

    async def probe(self) -> Probe:
        """Try the credentials by a call that costs nothing."""
        ...


Wake = Callable[[], None]
