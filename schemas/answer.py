"""What a publisher hears of its own message, and that somebody has read bytes which are kept from view."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.alert import Span
from schemas.base import Digest, Instant, Part, Record
from schemas.words import AnswerState, Grade, Realm


class Told(Part):
    """One thing that a gate noticed, as its publisher hears it: where, and what would be right; never the text."""

    rule: str
    grade: Literal["accept", "hold", "refuse"]
    element: str | None = None
    line: int | None = None
    says: str
    expected: str | None = None
    source: str | None = None
    spans: tuple[Span, ...] | None = None


class Answer(Record):
    """`answers.<publisher>`: where one message stands now. A later one with the same `source` takes its place.

    `status` is the path at the agencies' door, `page` the address of the page of record. A publisher that wants CAP
    gets an Ack or Error in its place (README, What comes in).
    """

    schema_name: ClassVar[str] = "answer"

    realm: Realm
    publisher: str
    source: Digest
    identifier: str | None = None
    sender: str | None = None
    state: AnswerState
    grade: Grade | None = None
    findings: tuple[Told, ...] = ()
    says: str
    why: str | None = Field(None, max_length=500)
    lineage: str | None = None
    version: int | None = Field(None, ge=1)
    status: str
    page: str | None = None
    at: Instant


class BytesRead(Record):
    """`bytes.read`: a person in a role has read the original bytes of a held or refused message, and why."""

    schema_name: ClassVar[str] = "bytes-read"

    realm: Realm
    source: Digest
    person: str
    role: str
    reason: str = Field(max_length=500)
    lineage: str | None = None
    at: Instant
