"""Whom to believe: the bundle of people, keys, roles and policy, how one follows another, and keys taken away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from schemas.base import Signed
from schemas.trust import Bundle, BundleStatement, Engine, Person, Policy, Revocation, SeverityRule, Sign
from schemas.words import Realm, Severity
from services.runtime import trust

ADMINISTRATORS_NEEDED = 2
Holder = Person | Engine


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

    def strictest(self, severity: Severity, live: Severity | None = None) -> tuple[Severity, SeverityRule]:
        """The gravest of a Broadcast's own severity and the one still `live` in its lineage, and the rule to keep.

        The rule is the one with the larger quorum, and of two alike the graver one's.
        """
        words = sorted((severity, live or severity), key=lambda word: word.gravity)
        return words[0], max((self.rule(word) for word in words), key=lambda rule: rule.quorum)

    def person(self, name: str) -> Person:
        """An active person, or NotTrustedError."""
        for person in self.bundle.people:
            if person.id == name and person.active:
                return person
        raise NotTrustedError("person", "nobody of that name is active in the trust bundle")

    def public(self, holder: Holder, key: str) -> str:
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


def bundle(candidate: Bundle, realm: Realm, current: Trust | None, pinned: str | None) -> Trust:
    """Believe a bundle: the first by its pinned digest, each later one by two administrators of the one before."""
    statement = candidate.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", f"the bundle is for {statement.realm}, this process is {realm}")
    check_shape(statement)
    if current is None:
        _check_pin(statement, pinned)
        current = Trust(statement)
    else:
        _check_follows(statement, current.bundle)
    if len(set(_administrators_who_signed(candidate, current))) < ADMINISTRATORS_NEEDED:
        raise NotTrustedError("signatures", "a bundle needs the signatures of two administrators")
    return replace(current, bundle=statement)


def _check_pin(statement: BundleStatement, pinned: str | None) -> None:
    found = trust.digest_of(trust.canonical(statement))
    if pinned is not None and found != pinned:
        raise NotTrustedError("pin", f"the bundle's digest is {found}, TOCSIN_BUNDLE_DIGEST says {pinned}")


def _check_follows(statement: BundleStatement, before: BundleStatement) -> None:
    """Upwards only, and one serial names one bundle: else two rooms could hold two that both call newest."""
    if statement.serial < before.serial or (statement.serial == before.serial and statement != before):
        says = f"serial {statement.serial} does not follow {before.serial}, which is in force"
        raise NotTrustedError("serial", says)


def _administrators_who_signed(candidate: Bundle, current: Trust) -> Iterator[str]:
    by_name = {person.id: person for person in current.bundle.administrators if person.active}
    for sign in candidate.signatures:
        person = by_name.get(sign.person)
        if person and _signed_by(person, sign, current, "bundle", candidate.statement):
            yield person.id


def _signed_by(person: Person, sign: Sign, current: Trust, purpose: trust.Purpose, statement: Signed) -> bool:
    return sign.key not in current.revoked and any(
        key.id == sign.key and trust.verifies(key.public, purpose, statement, sign.signature) for key in person.keys
    )


def check_shape(statement: BundleStatement) -> None:
    """One name is one holder, one key is one holder's, and a key's id is made of the key. Or NotTrustedError.

    Two people who share a key would be two approvers with one hand, and a key under a second id would outlive its
    revocation. An administrator may also be one of the people, with the same keys.
    """
    if not statement.policy.severities:
        raise NotTrustedError("shape", "the policy has no rule for any severity")
    groups: tuple[tuple[Holder, ...], ...] = (statement.administrators, statement.people, statement.engines)
    holder_of: dict[str, str] = {}
    for group in groups:
        names = [holder.id for holder in group]
        if len(names) != len(set(names)):
            raise NotTrustedError("shape", "one name stands twice in the bundle")
        for holder in group:
            _claim_keys(holder, "engine" if isinstance(holder, Engine) else "person", holder_of)


def _claim_keys(holder: Holder, sort: str, holder_of: dict[str, str]) -> None:
    for key in holder.keys:
        if not trust.is_key_id(key.id, key.public):
            raise NotTrustedError("shape", f"the id {key.id} is not made of its key")
        if holder_of.setdefault(key.id, f"{sort} {holder.id}") != f"{sort} {holder.id}":
            raise NotTrustedError("shape", f"the key {key.id} is in two hands")


def revocation(candidate: Revocation, realm: Realm, current: Trust) -> Trust:
    """Take a key away: one administrator, or the person whose key it is. Or NotTrustedError."""
    statement = candidate.statement
    if statement.realm is not realm:
        raise NotTrustedError("realm", "the revocation is for the other realm")
    owners = (p for p in current.bundle.people if any(key.id == statement.key for key in p.keys))
    for person in (*current.bundle.administrators, *owners):
        if (
            person.id == candidate.by.person
            and person.active
            and _signed_by(person, candidate.by, current, "revocation", statement)
        ):
            return replace(current, revoked=current.revoked | {statement.key})
    raise NotTrustedError("signatures", "a revocation needs an administrator's signature or the person's own")
