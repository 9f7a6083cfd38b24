"""Whether a release, a withdrawal, a batch or a recomposition may be believed. No network, no clock of its own.

Approve uses it before it releases, and every dispatcher again before it sends, each against the bundle on its own
disk: a compromised topic, broker or console can neither post nor widen the audience. A record's own fields outside
what is signed count for nothing: they must agree with the signed bytes, or it is refused.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pydantic import ValidationError

from schemas.alert import IDENTIFIER_RULES
from schemas.audience import Batch
from schemas.broadcast import Broadcast
from schemas.decision import Decision, ReadRequest, Recompose
from schemas.release import Release, Stop
from schemas.trust import Person, Policy, SeverityRule
from schemas.words import STOP_WORDS, BroadcastKind, DecisionWord, Grade, Realm, Severity
from services.runtime import trust
from services.runtime.trusted import NotTrustedError, Trust, bundle, revocation

__all__ = [
    "ENGINE_ROLE",
    "Believed",
    "NotTrustedError",
    "Trust",
    "approver",
    "batch",
    "broadcast_of",
    "bundle",
    "deciding_roles",
    "exceeds",
    "last_moment",
    "may_start_until",
    "must_say_why",
    "reading",
    "recompose",
    "release",
    "revocation",
    "signer",
    "stop",
]  # fmt: skip

#: The role that a decision of the policy engine names.
ENGINE_ROLE = "engine"
#: How long a signed wish to read bytes is good for: it is asked once, at once.
READING_S = timedelta(minutes=5)
#: How far the clocks of two machines may be apart before "not before the deadline" is doubted.
SKEW = timedelta(seconds=60)


@dataclass(frozen=True)
class Believed:
    """A release or withdrawal that was verified.

    `ends` is until when a send may start. `take_back_ends` is the end that a withdrawal, Cancel or correction has of
    its own. `reach` is the smallest number of people that a signer saw, null where none was shown one.
    """

    broadcast: Broadcast
    digest: str
    ends: datetime
    people: tuple[str, ...]
    keys: tuple[str, ...]
    reach: int | None
    take_back_ends: datetime


def last_moment(found: Broadcast, policy: Policy) -> datetime:
    """When a Broadcast is over: at its expiry, but a Cancel works after the alert has ended."""
    if found.kind is BroadcastKind.CANCEL:
        return max(found.expires, found.composed + timedelta(seconds=policy.take_back_s))
    return found.expires


def may_start_until(found: Broadcast, policy: Policy, rule: SeverityRule, issued: datetime) -> datetime:
    """Until when an approval issued at `issued` may start a send."""
    seconds = policy.take_back_s if found.kind is BroadcastKind.CANCEL else rule.valid_s
    return min(last_moment(found, policy), issued + timedelta(seconds=seconds))


def exceeds(seen: int | None, people: int, policy: Policy) -> bool:
    """Whether `people` is more than a signer who saw `seen` has agreed to, policy's margin included."""
    return people * 100 > (seen or 0) * (100 + policy.reach_margin_percent)


def signer(decision: Decision, trusted: Trust, realm: Realm, roles: Iterable[str]) -> Person:
    """The person who made `decision`: active, in a role of `roles`, with an unrevoked key. Or NotTrustedError."""
    statement = decision.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", f"the decision is for {statement.realm}, this process is {realm}")
    person = trusted.person(statement.person)
    if statement.role not in person.roles or statement.role not in tuple(roles):
        raise NotTrustedError("role", f"the role {statement.role} may not decide this")
    public = trusted.public(person, decision.key)
    if not trust.verifies(public, "decision", statement, decision.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")
    return person


def broadcast_of(text: str, digest: str, realm: Realm) -> Broadcast:
    """The Broadcast in canonical `text`, when it hashes to `digest` and is of this realm. Or NotTrustedError."""
    found = _canonical(text, digest)
    if found.realm is not realm:
        raise NotTrustedError("realm", f"the Broadcast is for {found.realm}, this process is {realm}")
    return found


@lru_cache(maxsize=8)
def _canonical(text: str, digest: str) -> Broadcast:
    """The same of any realm, kept, for approve asks twice: the answer rests on nothing but the question."""
    try:
        data = text.encode()
        if trust.digest_of(data) != digest:
            raise NotTrustedError("digest", "the bytes do not hash to the digest that was signed")
        found = Broadcast.model_validate_json(data)
        if trust.canonical(json.loads(data)) != data:
            raise NotTrustedError("canonical", "the bytes are not in canonical form")
    except (ValidationError, ValueError) as error:
        raise NotTrustedError("shape", "the bytes are no Broadcast that this version can read") from error
    return found


@dataclass(frozen=True)
class _Case:
    """One Broadcast, and all that its release is judged by."""

    found: Broadcast
    trusted: Trust
    realm: Realm
    now: datetime
    needed: Severity | None

    @property
    def severity(self) -> Severity:
        return self.trusted.strictest(self.found.severity, self.needed)[0]

    @property
    def rule(self) -> SeverityRule:
        return self.trusted.strictest(self.found.severity, self.needed)[1]


def release(record: Release, trusted: Trust, realm: Realm, now: datetime, needed: Severity | None = None) -> Believed:
    """Believe a release, or NotTrustedError with the reason.

    `needed` is the gravest severity still live in the lineage, where the caller knows it: an Update or Cancel needs at
    least its quorum.
    """
    found = broadcast_of(record.broadcast, record.digest, realm)
    case = _Case(found, trusted, realm, now, needed)
    _must_agree(found, record.realm, record.lineage, *(d.lineage for d in record.decisions))
    people: dict[str, Decision] = {}
    for decision in record.decisions:
        if decision.statement.digest != record.digest:
            raise NotTrustedError("other_digest", "a decision is about another digest")
        if decision.statement.role == ENGINE_ROLE:
            _engine(case, decision)
            return _believed(case, record.digest, {}, [decision])
        people.setdefault(approver(decision, trusted, realm, found, needed), decision)
    quorum = max(1, case.rule.quorum)
    overridden = any(d.statement.decision is DecisionWord.OVERRIDE for d in people.values())
    if not overridden and len(people) < quorum:
        raise NotTrustedError("quorum", f"{len(people)} of {quorum} different people have approved")
    return _believed(case, record.digest, people, list(people.values()))


def must_say_why(found: Broadcast) -> bool:
    """Whether an approval of `found` overrides the identifier gate: then it must give a reason."""
    return any(one.rule in IDENTIFIER_RULES and one.grade is Grade.HOLD for one in found.findings)


def approver(decision: Decision, trusted: Trust, realm: Realm, found: Broadcast, needed: Severity | None = None) -> str:
    """Who approves `found`, or overrides, by this decision, whatever the digest that it names. Or NotTrustedError."""
    word = decision.statement.decision
    rule = trusted.strictest(found.severity, needed)[1]
    if word is DecisionWord.OVERRIDE:
        person = signer(decision, trusted, realm, trusted.policy.override_roles)
        if not decision.statement.reason:
            raise NotTrustedError("reason", "an override must say why")
    elif word is DecisionWord.APPROVE:
        person = signer(decision, trusted, realm, rule.roles + rule.escalate_to)
    else:
        raise NotTrustedError("word", f"{word} is no approval")
    if must_say_why(found) and not decision.statement.reason:
        raise NotTrustedError("reason", "it is held because it may identify a person: who approves it says why")
    if person.id in found.authors:
        raise NotTrustedError("author", "nobody approves what they published or edited")
    return person.id


def _engine(case: _Case, decision: Decision) -> None:
    engine = case.trusted.engine(decision.key, "release")
    statement = decision.statement
    if statement.realm is not case.realm or statement.decision is not DecisionWord.APPROVE:
        raise NotTrustedError("word", "the engine may only approve, and only in its realm")
    if statement.person != engine.id:
        raise NotTrustedError("person", "the engine may not speak for somebody else")
    if case.found.grade is Grade.HOLD:
        raise NotTrustedError("held", "a held alert is never released automatically")
    if engine.ceiling is None or case.severity.gravity < engine.ceiling.gravity:
        raise NotTrustedError("ceiling", f"{case.severity} is above the engine's ceiling")
    if case.rule.quorum > 0:
        _only_at_the_deadline(case)
    if not trust.verifies(case.trusted.public(engine, decision.key), "decision", statement, decision.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")


def _only_at_the_deadline(case: _Case) -> None:
    if case.rule.at_deadline != "release":
        raise NotTrustedError("quorum", f"policy wants a person for {case.severity}")
    if case.now + SKEW < case.found.composed + timedelta(seconds=case.rule.deadline_s):
        raise NotTrustedError("early", "the engine may release this only when its deadline has passed")


def _believed(case: _Case, digest: str, people: dict[str, Decision], decisions: list[Decision]) -> Believed:
    policy = case.trusted.policy
    if last_moment(case.found, policy) <= case.now:
        raise NotTrustedError("expired", "the alert has expired")
    said = [decision.statement for decision in decisions]
    ends = min(min(s.expires, may_start_until(case.found, policy, case.rule, s.issued)) for s in said)
    if ends <= case.now:
        raise NotTrustedError("signature_expired", "the approval has run out")
    shown = any(s.reach is not None for s in said)
    reach = min(s.reach or 0 for s in said) if shown else None
    take_back_ends = max(s.issued for s in said) + timedelta(seconds=policy.take_back_s)
    return Believed(case.found, digest, ends, tuple(people), tuple(d.key for d in decisions), reach, take_back_ends)


def _must_agree(found: Broadcast, realm: Realm, *lineages: str) -> None:
    if realm is not found.realm or any(lineage != found.lineage for lineage in lineages):
        raise NotTrustedError("lineage", "the record names another lineage or realm than its Broadcast")


def stop(record: Stop, trusted: Trust, realm: Realm, now: datetime) -> Believed:
    """Believe a withdrawal, a pause or a resume: one person in a role that may, about exactly these bytes."""
    found = broadcast_of(record.broadcast, record.digest, realm)
    _must_agree(found, record.realm, record.lineage, record.decision.lineage)
    statement = record.decision.statement
    if statement.digest != record.digest:
        raise NotTrustedError("other_digest", "the decision is about another digest")
    if statement.decision not in STOP_WORDS:
        raise NotTrustedError("word", "only withdraw, pause and resume stop a Broadcast")
    person = signer(record.decision, trusted, realm, trusted.policy.withdraw_roles)
    ends = statement.issued + timedelta(seconds=trusted.policy.take_back_s)
    if min(ends, statement.expires) <= now:
        raise NotTrustedError("signature_expired", "the decision has run out")
    return Believed(found, record.digest, ends, (person.id,), (record.decision.key,), None, ends)


def batch(record: Batch, trusted: Trust, realm: Realm) -> None:
    """Believe a batch of subscriber ids: audience's key signed exactly these. Or NotTrustedError."""
    statement = record.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the batch is for the other realm")
    if statement.lineage != record.lineage:
        raise NotTrustedError("lineage", "the batch names another lineage than its statement")
    engine = trusted.engine(record.key, "batch")
    if not trust.verifies(trusted.public(engine, record.key), "batch", statement, record.signature):
        raise NotTrustedError("signature", "the signature does not fit the batch")


def recompose(record: Recompose, trusted: Trust, realm: Realm) -> Person:
    """Believe a wish for other words: one person in a role that may. Or NotTrustedError."""
    statement = record.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the recomposition is for the other realm")
    if statement.lineage != record.lineage:
        raise NotTrustedError("lineage", "the recomposition names another lineage than its statement")
    person = trusted.person(statement.person)
    if statement.role not in person.roles or statement.role not in trusted.policy.recompose_roles:
        raise NotTrustedError("role", f"the role {statement.role} may not recompose")
    if not trust.verifies(trusted.public(person, record.key), "recompose", statement, record.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")
    return person


def reading(request: ReadRequest, trusted: Trust, realm: Realm, now: datetime) -> Person:
    """Believe a wish to read original bytes: one person in a role that decides about alerts. Or NotTrustedError."""
    statement, policy = request.statement, trusted.policy
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the wish is for the other realm")
    if abs(now - statement.issued) > READING_S:
        raise NotTrustedError("signature_expired", "a wish to read is good for five minutes: sign it again")
    person = trusted.person(statement.person)
    if statement.role not in person.roles or statement.role not in deciding_roles(policy):
        raise NotTrustedError("role", f"the role {statement.role} may not read original bytes")
    if not trust.verifies(trusted.public(person, request.key), "reading", statement, request.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")
    return person


def deciding_roles(policy: Policy) -> tuple[str, ...]:
    """Every role that decides about alerts in some way."""
    rules = policy.severities.values()
    named = [role for rule in rules for role in (*rule.roles, *rule.escalate_to)]
    return tuple(dict.fromkeys((*named, *policy.override_roles, *policy.withdraw_roles, *policy.recompose_roles)))
