"""Whether enough different people have approved one digest. Pure: the verifier's own rules, counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.broadcast import Broadcast
from schemas.decision import Decision
from schemas.trust import SeverityRule
from schemas.words import DecisionWord, Realm, Severity
from services.approve.proposal import reaches_subscribers
from services.runtime import verifier
from services.runtime.trusted import NotTrustedError, Trust

APPROVING = frozenset({DecisionWord.APPROVE, DecisionWord.OVERRIDE})
REFUSING = frozenset({DecisionWord.RETURN, DecisionWord.REJECT})


@dataclass(frozen=True)
class Case:
    """One digest, and all that a decision about it is judged by. `live` is the gravest severity live in its lineage."""

    broadcast: Broadcast
    digest: str
    trusted: Trust
    realm: Realm
    now: datetime
    live: Severity | None = None
    reach: int | None = None

    @property
    def rule(self) -> SeverityRule:
        """The rule to keep."""
        return self.trusted.strictest(self.broadcast.severity, self.live)[1]

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles in which a person may approve."""
        return tuple(dict.fromkeys(self.rule.roles + self.rule.escalate_to))

    def outgrown(self, seen: int | None) -> bool:
        """Whether the audience has outgrown what somebody who saw `seen` agreed to."""
        if self.reach is None or not reaches_subscribers(self.broadcast):
            return False
        return verifier.exceeds(seen, self.reach, self.trusted.policy)


@dataclass(frozen=True)
class Standing:
    """Where a digest stands: the decisions that a release would carry, and how many people it takes."""

    counted: tuple[Decision, ...]
    need: int

    @property
    def have(self) -> int:
        """How many different people."""
        return len(self.counted)

    @property
    def complete(self) -> bool:
        """Whether it may go."""
        return self.have >= self.need or self.overridden

    @property
    def overridden(self) -> bool:
        """Whether one person in a role named for it has taken it upon themselves."""
        return any(decision.statement.decision is DecisionWord.OVERRIDE for decision in self.counted)


def check(case: Case, decision: Decision) -> str:
    """The person whom this decision counts for, or NotTrustedError with the rule that it breaks."""
    statement = decision.statement
    if statement.digest != case.digest:
        raise NotTrustedError("other_digest", "the decision is about another digest")
    if decision.lineage != case.broadcast.lineage:
        raise NotTrustedError("lineage", "the decision names another lineage than its digest has")
    if statement.decision in REFUSING:
        return refuser(decision, case.rule, case.trusted, case.realm, case.now)
    person = verifier.approver(decision, case.trusted, case.realm, case.broadcast, case.live)
    ends = verifier.may_start_until(case.broadcast, case.trusted.policy, case.rule, statement.issued)
    if min(statement.expires, ends) <= case.now:
        raise NotTrustedError("signature_expired", "the approval has run out")
    if case.outgrown(statement.reach):
        raise NotTrustedError("reach", "more people would get it than the signer saw")
    return person


def refuser(decision: Decision, rule: SeverityRule, trusted: Trust, realm: Realm, now: datetime) -> str:
    """Who sends back or refuses by this decision: whoever may approve, authors included. Or NotTrustedError.

    Saying no harms nobody twice.
    """
    roles = (*rule.roles, *rule.escalate_to, *trusted.policy.override_roles)
    person = verifier.signer(decision, trusted, realm, roles)
    if not decision.statement.reason:
        raise NotTrustedError("reason", "a return and a reject must say why")
    if decision.statement.expires <= now:
        raise NotTrustedError("signature_expired", "the decision has run out")
    return person.id


def standing(case: Case, decisions: Iterable[Decision]) -> Standing:
    """Count people, never signatures: of one person's approvals the latest stands. `decisions` come oldest first."""
    people: dict[str, Decision] = {}
    for decision in decisions:
        if decision.statement.decision not in APPROVING:
            continue
        try:
            people[check(case, decision)] = decision
        except NotTrustedError:
            continue
    return Standing(tuple(people.values()), max(1, case.rule.quorum))
