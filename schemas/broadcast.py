"""What compose writes: the Broadcast, whose digest people sign; or Held, when a person must help.

The value on `broadcasts.composed` *is* the canonical form (RFC 8785, https://www.rfc-editor.org/rfc/rfc8785), and the
digest is SHA-256 over those bytes. No floating-point numbers here: canonical JSON spells them in one way only, readers
in many.
"""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.alert import Finding
from schemas.base import Digest, Instant, Language, Part, Record, Second
from schemas.cap import Certainty, Scope, Urgency
from schemas.words import BroadcastKind, Channel, Grade, Realm, Severity


class Rendition(Part):
    """The exact payload for one channel, language and audience. `parts` are posted in order, each a message."""

    channel: Channel
    language: Language
    audience: str = "public"
    form: Literal["long", "short", "minimum"]
    parts: tuple[str, ...] = Field(min_length=1)
    #: What the channel's own rule counts, a number a part: weighted characters for X, segments for SMS.
    units: tuple[int, ...]


class LeftOut(Part):
    """Something that did not fit or was not there, by name: the approver signs this list."""

    channel: Channel
    language: Language
    what: str
    why: str


class SourceUse(Part):
    """Where a fact comes from."""

    id: str
    authority: str
    address: str
    read_on: str


class GuidanceUse(Part):
    """The reviewed instructions that were used."""

    pack: str
    version: str
    digest: Digest
    status: Literal["draft", "approved"]
    review_by: str
    parameters: dict[str, str] = Field(default_factory=dict)
    sources: tuple[SourceUse, ...] = ()


class ContactUse(Part):
    """A hotline, clinic or page that the texts name."""

    id: str
    kind: str
    verified_on: str
    review_by: str


class Selection(Part):
    """Whom it is for: the jurisdiction's area codes, and the hash of the alert's geometry (never the polygons)."""

    jurisdiction: str
    areas: tuple[str, ...]
    geometry: Digest | None = None


class Broadcast(Record):
    """`broadcasts.composed`: all texts of one version and revision, ready to be approved as they stand."""

    schema_name: ClassVar[str] = "broadcast"

    v: Literal[1] = 1
    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    revision: int = Field(ge=1)
    kind: BroadcastKind
    identifier: str
    sender: str
    sent: Second
    issuer: str
    scope: Scope
    event: str
    hazard: str
    headline: str
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    grade: Grade
    findings: tuple[Finding, ...] = ()
    authors: tuple[str, ...] = ()
    received: Second
    composed: Second
    expires: Second
    languages: tuple[Language, ...] = Field(min_length=1)
    audience: Selection
    renditions: tuple[Rendition, ...]
    #: For a revision after the first: what those get who already have an earlier revision.
    corrections: tuple[Rendition, ...] = ()
    #: Stand-alone texts that take this Broadcast back, approved with it.
    withdrawals: tuple[Rendition, ...]
    left_out: tuple[LeftOut, ...] = ()
    guidance: tuple[GuidanceUse, ...] = ()
    contacts: tuple[ContactUse, ...] = ()
    #: Of a place that does not exist, or with its contact: a dispatcher whose account is no sandbox believes no such
    #: release. Of a real place it is absent and never false: one spelling, one digest.
    fictional: Literal[True] | None = None


class Held(Record):
    """`broadcasts.held`: no Broadcast could be made; what a person can do is in the findings."""

    schema_name: ClassVar[str] = "held"

    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    identifier: str
    severity: Severity
    event: str
    findings: tuple[Finding, ...] = Field(min_length=1)
    held: Instant
    deadline: Instant
