"""Who is to get it: estimates before approval, signed batches of opaque ids after, replies with the number gone."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Digest, Instant, Language, Record, Signed
from schemas.decision import Signature
from schemas.words import Channel, Realm, ReplyWord, Severity

SubscriberId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
BATCH_LIMIT = 500


class AudienceEstimate(Record):
    """`audiences.estimated`: how many people a Broadcast would reach, and what that costs in segments."""

    schema_name: ClassVar[str] = "audience-estimate"

    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    revision: int = Field(ge=1)
    digest: Digest
    people: int = Field(ge=0)
    by_language: dict[str, int] = Field(default_factory=dict)
    by_area: dict[str, int] = Field(default_factory=dict)
    segments: int = Field(0, ge=0)
    at: Instant


class BatchStatement(Signed):
    """What audience's key signs (tag `tocsin.batch.v1`): one id more, and the signature is wrong."""

    v: Literal[1] = 1
    realm: Realm
    channel: Channel
    lineage: str
    version: int = Field(ge=1)
    revision: int = Field(ge=1)
    digest: Digest
    severity: Severity
    number: int = Field(ge=1)
    of: int = Field(ge=1)
    reach: int = Field(ge=0)
    language: Language
    subscribers: tuple[SubscriberId, ...] = Field(max_length=BATCH_LIMIT)


class Batch(Record):
    """`batches.<channel>.<urgency>`: up to 500 subscribers who read one language."""

    schema_name: ClassVar[str] = "batch"

    lineage: str
    statement: BatchStatement
    key: str
    signature: Signature


class Reply(Record):
    """`replies`: somebody answered a text. Neither the number nor the words are here."""

    schema_name: ClassVar[str] = "reply"

    realm: Realm
    channel: Channel
    subscriber: SubscriberId
    word: ReplyWord
    language: Language
    at: Instant
