"""What the reviewers of guidance sign: that the words of one file are right for one jurisdiction, until a date."""

from typing import ClassVar, Literal

from schemas.base import Digest, Language, Record, Second, Signed
from schemas.decision import Nonce, Signature
from schemas.words import Realm


class GuidanceStatement(Signed):
    """One reviewer's word about one file of a guidance pack (tag `tocsin.guidance.v1`).

    `digest` is over the file's parsed content: one changed word, and this approves nothing. `language` is null for the
    pack's own file, else that of the further language. `sandbox_only`: it holds for drills and sandbox accounts alone.
    """

    v: Literal[1] = 1
    realm: Realm
    pack: str
    language: Language | None = None
    version: str
    digest: Digest
    jurisdiction: str
    sandbox_only: bool
    person: str
    role: Literal["subject-reviewer", "health-officer"]
    issued: Second
    until: Second
    nonce: Nonce


class GuidanceApproval(Record):
    """A file in the folder of approvals: the statement, the key that signed it, and the signature."""

    schema_name: ClassVar[str] = "guidance-approval"

    statement: GuidanceStatement
    key: str
    signature: Signature
