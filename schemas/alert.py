"""What intake answers: the accepted Alert, or a Refusal."""

from typing import ClassVar

from pydantic import Field

from schemas.base import Digest, Instant, Part, Record
from schemas.cap import CapAlert
from schemas.words import Grade, Realm

#: Rules that hold what may identify a person: who approves it nevertheless says why, in the signed decision.
IDENTIFIER_RULES = frozenset({"personal", "text.personal"})


class Span(Part):
    """Characters of a text, from 0, the end not included; of what kind they are, never what they say."""

    kind: str
    start: int = Field(ge=0)
    end: int = Field(ge=1)


class Finding(Part):
    """One thing that a gate noticed, for a person to read. `spans` are where in the element it stands."""

    rule: str
    grade: Grade
    element: str | None = None
    value: str | None = None
    says: str
    source: str | None = None
    spans: tuple[Span, ...] | None = None


class Alert(Record):
    """`alerts.accepted`: one CAP message with its place in its lineage.

    `source` is the hash of the bytes as sent, which intake keeps; `lineage` is the hash of the root message's name,
    `version` counts the alerts of the lineage from 1.
    """

    schema_name: ClassVar[str] = "alert"

    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    grade: Grade
    findings: tuple[Finding, ...] = ()
    source: Digest
    received: Instant
    publisher: str
    authors: tuple[str, ...] = ()
    cap: CapAlert


class Refusal(Record):
    """`alerts.refused`: why bytes did not become an Alert, in words that their sender can act on.

    Never carries what was written in the bytes beyond an element's name and an expected value: a refused message
    may hold a person's name.
    """

    schema_name: ClassVar[str] = "refusal"

    realm: Realm
    source: Digest
    received: Instant
    identifier: str | None = None
    sender: str | None = None
    rule: str
    element: str | None = None
    says: str
    expected: str | None = None
    accepted_before: Digest | None = None
    #: Where in the bytes, the moment that the message gives itself, and whose sender id it bears; null where unknown.
    line: int | None = None
    sent: Instant | None = None
    publisher: str | None = None
