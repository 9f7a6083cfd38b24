"""Whether a release, a withdrawal, a batch or a recomposition may be believed. No network, no clock of its own.

Approve uses it before it releases, and every dispatcher again before it sends, each against the bundle on its own
disk: a compromised topic, broker or console can neither post nor widen the audience (DESIGN §1, promise 1).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from schemas.audience import Batch
from schemas.broadcast import Broadcast
from schemas.decision import Decision, Recompose
from schemas.release import Release, Stop
from schemas.trust import Bundle, BundleStatement, Engine, Person, Policy, Revocation, SeverityRule
from schemas.words import DecisionWord, Grade, Realm, Severity
from services.runtime import trust

#: The role that a decision of the policy engine names.
ENGINE_ROLE = "engine"


class NotTrustedError(Exception):
    """Why something is not believed. `rule` is one word for metrics, the message a sentence for people."""

    def __init__(self, rule: str, says: str) -> None:
        """Name the `rule` that was broken, and say it."""
        super().__init__(says)
        self.rule = rule


@dataclass(frozen=True)
class Trust:
    """A bundle and the keys taken away since."""

    bundle: BundleStatement
    revoked: frozenset[str] = frozenset()

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        return self.bundle.policy

    def rule(self, severity: Severity) -> SeverityRule:
        """The rule of one severity; a severity without one needs what the gravest needs."""
        rules = self.policy.severities
        return rules.get(severity) or rules[min(rules, key=lambda word: word.gravity)]

    def person(self, name: str) -> Person:
        """An active person, or NotTrustedError."""
        for person in self.bundle.people:
            if person.id == name and person.active:
                return person
        raise NotTrustedError("person", "nobody of that name is active in the trust bundle")

    def public(self, holder: Person | Engine, key: str) -> str:
        """The public half of one unrevoked key of `holder`, or NotTrustedError."""
        if key in self.revoked:
            raise NotTrustedError("revoked", f"the key {key} was revoked")
        for known in holder.keys:
            if known.id == key:
                return known.public
        raise NotTrustedError("key", f"the key {key} does not belong to the signer")

    def engine(self, key: str, use: str) -> Engine:
        """The engine that holds `key` for `use`, or NotTrustedError."""
        for engine in self.bundle.engines:
            if engine.use == use and any(known.id == key for known in engine.keys):
                return engine
        raise NotTrustedError("key", f"the key {key} is no engine's for {use}")


@dataclass(frozen=True)
class Believed:
    """A release or withdrawal that was verified: its Broadcast and until when a send may start."""

    broadcast: Broadcast
    digest: str
    ends: datetime
    people: tuple[str, ...]
    keys: tuple[str, ...]
    reach: int | None


def bundle(candidate: Bundle, realm: Realm, current: Trust | None, pinned: str | None) -> Trust:
    """Believe a bundle: the first by its pinned digest, each later one by two administrators of the one before."""
    statement = candidate.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", f"the bundle is for {statement.realm}, this process is {realm}")
    if current is None:
        found = trust.digest_of(trust.canonical(statement))
        if pinned is not None and found != pinned:
            raise NotTrustedError("pin", f"the bundle's digest is {found}, TOCSIN_BUNDLE_DIGEST says {pinned}")
        administrators: tuple[Person, ...] = statement.administrators
    else:
        if statement.serial < current.bundle.serial:
            raise NotTrustedError("serial", f"serial {statement.serial} is older than {current.bundle.serial}")
        administrators = current.bundle.administrators
    revoked = current.revoked if current else frozenset[str]()
    signers = {
        sign.person
        for sign in candidate.signatures
        for person in administrators
        if person.id == sign.person and person.active and sign.key not in revoked
        for key in person.keys
        if key.id == sign.key and trust.verifies(key.public, "bundle", statement, sign.signature)
    }
    if len(signers) < 2:  # noqa: PLR2004 - two administrators (DESIGN §2, Trust bundle)
        raise NotTrustedError("signatures", "a bundle needs the signatures of two administrators")
    return Trust(statement, revoked)


def revocation(candidate: Revocation, realm: Realm, current: Trust) -> Trust:
    """Take a key away: one administrator, or the person whose key it is."""
    statement = candidate.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the revocation is for the other realm")
    holders = [*current.bundle.administrators, *(p for p in current.bundle.people if _has(p, statement.key))]
    for person in holders:
        if person.id == candidate.by.person and person.active and candidate.by.key not in current.revoked:
            public = current.public(person, candidate.by.key)
            if trust.verifies(public, "revocation", statement, candidate.by.signature):
                return Trust(current.bundle, current.revoked | {statement.key})
    raise NotTrustedError("signatures", "a revocation needs an administrator's signature or the person's own")


def _has(person: Person, key: str) -> bool:
    return any(known.id == key for known in person.keys)


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
    data = text.encode()
    if trust.digest_of(data) != digest:
        raise NotTrustedError("digest", "the bytes do not hash to the digest that was signed")
    try:
        found = Broadcast.model_validate_json(data)
        if trust.canonical(json.loads(data)) != data:
            raise NotTrustedError("canonical", "the bytes are not in canonical form")
    except (ValidationError, ValueError) as error:
        raise NotTrustedError("shape", "the bytes are no Broadcast that this version can read") from error
    if found.realm is not realm:
        raise NotTrustedError("realm", f"the Broadcast is for {found.realm}, this process is {realm}")
    return found


def release(record: Release, trusted: Trust, realm: Realm, now: datetime, needed: Severity | None = None) -> Believed:
    """Believe a release, or NotTrustedError with the reason.

    `needed` is the gravest severity still live in the lineage, where the caller knows it: an Update or Cancel needs at
    least its quorum.
    """
    found = broadcast_of(record.broadcast, record.digest, realm)
    severity = min((found.severity, needed or found.severity), key=lambda word: word.gravity)
    rule = trusted.rule(severity)
    people: dict[str, Decision] = {}
    for decision in record.decisions:
        if decision.statement.digest != record.digest:
            raise NotTrustedError("other_digest", "a decision is about another digest")
        if decision.statement.role == ENGINE_ROLE:
            _engine(decision, trusted, realm, found, severity)
            return _believed(record, found, [decision], (), now)
        people.setdefault(_approver(decision, trusted, realm, rule, found), decision)
    overridden = any(d.statement.decision is DecisionWord.OVERRIDE for d in people.values())
    if not overridden and len(people) < max(1, rule.quorum):
        raise NotTrustedError("quorum", f"{len(people)} of {max(1, rule.quorum)} different people have approved")
    return _believed(record, found, list(people.values()), tuple(people), now)


def _approver(decision: Decision, trusted: Trust, realm: Realm, rule: SeverityRule, found: Broadcast) -> str:
    word = decision.statement.decision
    if word is DecisionWord.OVERRIDE:
        person = signer(decision, trusted, realm, trusted.policy.override_roles)
    elif word is DecisionWord.APPROVE:
        person = signer(decision, trusted, realm, rule.roles + rule.escalate_to)
    else:
        raise NotTrustedError("word", f"{word} is no approval")
    if person.id in found.authors:
        raise NotTrustedError("author", "nobody approves what they published or edited")
    return person.id


def _engine(decision: Decision, trusted: Trust, realm: Realm, found: Broadcast, severity: Severity) -> None:
    engine = trusted.engine(decision.key, "release")
    statement = decision.statement
    if statement.realm is not realm or statement.decision is not DecisionWord.APPROVE:
        raise NotTrustedError("word", "the engine may only approve, and only in its realm")
    if found.grade is Grade.HOLD:
        raise NotTrustedError("held", "a held alert is never released automatically")
    if engine.ceiling is None or severity.gravity < engine.ceiling.gravity:
        raise NotTrustedError("ceiling", f"{severity} is above the engine's ceiling")
    if trusted.rule(severity).quorum > 0 and trusted.rule(severity).at_deadline != "release":
        raise NotTrustedError("quorum", f"policy wants a person for {severity}")
    if not trust.verifies(trusted.public(engine, decision.key), "decision", statement, decision.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")


def _believed(
    record: Release, found: Broadcast, decisions: list[Decision], people: tuple[str, ...], now: datetime
) -> Believed:
    ends = min(found.expires, *(d.statement.expires for d in decisions))
    if found.expires <= now:
        raise NotTrustedError("expired", "the alert has expired")
    if ends <= now:
        raise NotTrustedError("signature_expired", "the approval has run out")
    reaches = [d.statement.reach for d in decisions if d.statement.reach is not None]
    keys = tuple(d.key for d in decisions)
    return Believed(found, record.digest, ends, people, keys, max(reaches) if reaches else None)


def stop(record: Stop, trusted: Trust, realm: Realm, now: datetime) -> Believed:
    """Believe a withdrawal, a pause or a resume: one person in a role that may, about exactly these bytes."""
    found = broadcast_of(record.broadcast, record.digest, realm)
    if record.decision.statement.digest != record.digest:
        raise NotTrustedError("other_digest", "the decision is about another digest")
    if record.decision.statement.decision not in {DecisionWord.WITHDRAW, DecisionWord.PAUSE, DecisionWord.RESUME}:
        raise NotTrustedError("word", "only withdraw, pause and resume stop a Broadcast")
    person = signer(record.decision, trusted, realm, trusted.policy.withdraw_roles)
    ends = record.decision.statement.issued + timedelta(seconds=trusted.policy.take_back_s)
    if min(ends, record.decision.statement.expires) <= now:
        raise NotTrustedError("signature_expired", "the decision has run out")
    return Believed(found, record.digest, ends, (person.id,), (record.decision.key,), None)


def batch(record: Batch, trusted: Trust, realm: Realm) -> None:
    """Believe a batch of subscriber ids: audience's key signed exactly these. Or NotTrustedError."""
    statement = record.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the batch is for the other realm")
    engine = trusted.engine(record.key, "batch")
    if not trust.verifies(trusted.public(engine, record.key), "batch", statement, record.signature):
        raise NotTrustedError("signature", "the signature does not fit the batch")


def recompose(record: Recompose, trusted: Trust, realm: Realm) -> Person:
    """Believe a wish for other words: one person in a role that may. Or NotTrustedError."""
    statement = record.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the recomposition is for the other realm")
    person = trusted.person(statement.person)
    if statement.role not in person.roles or statement.role not in trusted.policy.recompose_roles:
        raise NotTrustedError("role", f"the role {statement.role} may not recompose")
    if not trust.verifies(trusted.public(person, record.key), "recompose", statement, record.signature):
        raise NotTrustedError("signature", "the signature does not fit the statement")
    return person
