"""Who may do what: the trust bundle that every verifier keeps on its own disk, and the list of keys taken away."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Record, Second, Signed
from schemas.decision import Signature
from schemas.words import Realm, Severity


class Key(Signed):
    """An Ed25519 public key (base64url, no padding, 32 bytes)."""

    id: str
    public: str


class Person(Signed):
    """Somebody who may sign, in the roles that are listed."""

    id: str
    active: bool = True
    roles: tuple[str, ...]
    keys: tuple[Key, ...] = ()


class Engine(Signed):
    """A key that a process holds: approve's, up to a severity; audience's, for batches.

    `ceiling` is the gravest severity that the policy engine may release alone; null where the key releases nothing.
    """

    id: str
    use: Literal["release", "batch"]
    ceiling: Severity | None = None
    keys: tuple[Key, ...]


class SeverityRule(Signed):
    """What one severity needs: how many different people in which roles, until when, and what happens then.

    `quorum` 0 is automatic. `at_deadline`: `escalate` wakes `escalate_to` and waits again; `release` lets the engine
    release, which only its ceiling allows; `withhold` ends it.
    """

    quorum: int = Field(ge=0, le=2)
    roles: tuple[str, ...] = ()
    deadline_s: int = Field(gt=0)
    at_deadline: Literal["escalate", "release", "withhold"]
    escalate_to: tuple[str, ...] = ()
    #: How long an approval may start a send, seconds; never beyond the alert's own expiry.
    valid_s: int = Field(gt=0)


class Policy(Signed):
    """The rules that the bundle carries; the only policy that approve and the dispatchers read."""

    severities: dict[Severity, SeverityRule]
    override_roles: tuple[str, ...]
    withdraw_roles: tuple[str, ...]
    recompose_roles: tuple[str, ...]
    #: Percent by which an audience may outgrow the reach that its signer saw.
    reach_margin_percent: int = Field(10, ge=0)
    #: How long a withdrawal, Cancel or correction goes on being sent, seconds.
    take_back_s: int = Field(86_400, gt=0)


class BundleStatement(Signed):
    """What two administrators sign (tag `tocsin.bundle.v1`). A lower serial is refused."""

    v: Literal[1] = 1
    realm: Realm
    serial: int = Field(ge=1)
    issued: Second
    administrators: tuple[Person, ...] = Field(min_length=2)
    people: tuple[Person, ...]
    engines: tuple[Engine, ...]
    policy: Policy


class Sign(Signed):
    """Whose key made a signature."""

    person: str
    key: str
    signature: Signature


class Bundle(Record):
    """`trust`, key `bundle`: the statement and two administrators' signatures."""

    schema_name: ClassVar[str] = "bundle"

    statement: BundleStatement
    signatures: tuple[Sign, ...] = Field(min_length=1)


class RevocationStatement(Signed):
    """A key that is believed no more (tag `tocsin.revocation.v1`): one administrator, or the person."""

    v: Literal[1] = 1
    realm: Realm
    key: str
    reason: str = Field(max_length=500)
    issued: Second


class Revocation(Record):
    """`trust`, key `revocation:<key>`: grows only."""

    schema_name: ClassVar[str] = "revocation"

    statement: RevocationStatement
    by: Sign
