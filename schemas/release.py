"""What approve says, and what stops a Broadcast afterwards."""

from typing import ClassVar

from pydantic import Field

from schemas.base import Digest, Instant, Record
from schemas.decision import Decision
from schemas.words import ApprovalState, Realm, Severity, WithheldReason


class Approval(Record):
    """`approvals`: where one digest stands with the people on call."""

    schema_name: ClassVar[str] = "approval"

    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    revision: int = Field(ge=1)
    digest: Digest
    state: ApprovalState
    severity: Severity
    have: int = Field(ge=0)
    need: int = Field(ge=0)
    roles: tuple[str, ...] = ()
    reach: int | None = None
    waiting_since: Instant
    deadline: Instant | None = None
    at: Instant


class Release(Record):
    """`broadcasts.released`: permission to send one digest, complete in itself.

    `broadcast` is the canonical JSON, character for character what was signed; a dispatcher hashes it again.
    """

    schema_name: ClassVar[str] = "release"

    realm: Realm
    lineage: str
    digest: Digest
    broadcast: str
    decisions: tuple[Decision, ...] = Field(min_length=1)
    at: Instant


class Withheld(Record):
    """`broadcasts.withheld`: this digest will not be released.

    Where no texts could be made, `digest` is that of what was held, and `revision` the one that they would have had.
    """

    schema_name: ClassVar[str] = "withheld"

    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    revision: int = Field(ge=1)
    digest: Digest
    reason: WithheldReason
    says: str
    at: Instant
    #: What the person gave as reason, where a person ended it.
    why: str | None = Field(None, max_length=500)


class Stop(Record):
    """`broadcasts.stopped`: a withdrawal, a pause or its end, straight from whoever signed it."""

    schema_name: ClassVar[str] = "stop"

    realm: Realm
    lineage: str
    digest: Digest
    broadcast: str
    decision: Decision
