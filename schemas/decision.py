"""What people sign. Signed bytes: tag, newline, RFC 8785 of the statement (`services/runtime/trust.py`)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Digest, Record, Second, Signed
from schemas.words import DecisionWord, Realm

Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]


class Statement(Signed):
    """One person's word about one digest.

    `expires` is how long this signature may *start* a send; a withdrawal has an end of its own. `reach` is the number
    of people that the signer was shown, null where nobody is selected.
    """

    v: Literal[1] = 1
    realm: Realm
    decision: DecisionWord
    digest: Digest
    person: str
    role: str
    reason: str | None = Field(None, max_length=500)
    issued: Second
    expires: Second
    reach: int | None = Field(None, ge=0)
    nonce: Nonce


class Decision(Record):
    """`broadcasts.decided`: a statement, the key that signed it, and the signature (base64url, no padding)."""

    schema_name: ClassVar[str] = "decision"

    lineage: str
    statement: Statement
    key: str
    signature: Signature


class ReadStatement(Signed):
    """A person's wish to read the original bytes of one message (tag `tocsin.reading.v1`). Good for minutes."""

    v: Literal[1] = 1
    realm: Realm
    source: Digest
    person: str
    role: str
    reason: str = Field(min_length=1, max_length=500)
    issued: Second
    nonce: Nonce


class ReadRequest(Signed):
    """The wish, signed, as intake's private door takes it: it never crosses Kafka, only that it was done."""

    statement: ReadStatement
    key: str
    signature: Signature


class RecomposeStatement(Signed):
    """A person's wish for other words: another guidance pack, a shorter form, a slot filled."""

    v: Literal[1] = 1
    realm: Realm
    lineage: str
    version: int = Field(ge=1)
    pack: str | None = None
    form: Literal["long", "short", "minimum"] | None = None
    slots: dict[str, str] = Field(default_factory=dict)
    person: str
    role: str
    reason: str | None = Field(None, max_length=500)
    issued: Second
    nonce: Nonce


class Recompose(Record):
    """`recompositions`: the wish, signed."""

    schema_name: ClassVar[str] = "recompose"

    lineage: str
    statement: RecomposeStatement
    key: str
    signature: Signature
