"""What intake answers: the accepted Alert, or a Refusal."""

from typing import ClassVar

from pydantic import Field

from schemas.base import Digest, Instant, Part, Record
from schemas.cap import CapAlert
from schemas.words import Grade, Realm


class Finding(Part):
    """One thing that a gate noticed, for a person to read."""

    rule: str
    grade: Grade
    element: str | None = None
    value: str | None = None
    says: str
    source: str | None = None


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
    may hold a person's name (DESIGN §1, promise 6).
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
