"""What a person's word about a proposal is good for. Inside one transaction."""

from typing import NamedTuple

from schemas.decision import Decision
from schemas.words import DecisionWord, WithheldReason
from services.approve import store
from services.approve.outcomes import Refused, TooLate, Turn
from services.approve.proposal import Proposal
from services.approve.quorum import REFUSING, Case, check
from services.approve.settling import Settler
from services.identifiers.masking import masked_or_none
from services.runtime.trusted import NotTrustedError

#: Verdicts that no rule of the verifier names.
COUNTED, TOO_LATE = "counted", "late"


class Judge:
    """Writes verdicts. Whether a digest may go is never read from them: it is counted anew from the decisions."""

    def __init__(self, settler: Settler) -> None:
        """Refusals are carried out by `settler`."""
        self._settler = settler

    def judge_all(self, turn: Turn, proposal: Proposal) -> None:
        """Judge what has waited for its Broadcast, and once more what was not believed."""
        for decision, verdict in unsettled(turn, proposal.digest):
            self.judge(turn, proposal, decision, before=verdict)

    def judge(self, turn: Turn, proposal: Proposal, decision: Decision, before: str | None = None) -> None:
        """Note what a decision is good for; a return or a reject ends the wait at once."""
        case = self._settler.case(turn, proposal)
        if case is None:
            return  # nobody can be believed yet; it stays unjudged until there is a bundle
        verdict = _verdict(case, decision, is_open=_is_open(turn, proposal.digest))
        store.set_verdict(turn.c, decision, verdict)
        if verdict == TOO_LATE:
            turn.tell(TooLate())
        elif verdict not in {COUNTED, before}:
            turn.tell(Refused(verdict, proposal.lineage))
        elif verdict == COUNTED and decision.statement.decision in REFUSING:
            self._refuse(turn, proposal, decision)

    def _refuse(self, turn: Turn, proposal: Proposal, decision: Decision) -> None:
        refusal = refusal_of(decision)
        self._settler.close(turn, proposal, refusal.reason, refusal.says, why=refusal.why)


def unsettled(turn: Turn, digest: str) -> list[tuple[Decision, str | None]]:
    """Decisions about a digest that nobody has judged or believed yet, each with its verdict."""
    found = store.find_decisions(turn.c, digest)
    return [(decision, verdict) for decision, _came, verdict in found if verdict not in {COUNTED, TOO_LATE}]


class Refusal(NamedTuple):
    """What a return or a reject tells others; `why` identifies nobody."""

    reason: WithheldReason
    says: str
    why: str | None


def refusal_of(decision: Decision) -> Refusal:
    """Of a decision that is one of `quorum.REFUSING`."""
    said = decision.statement
    reason = WithheldReason.RETURNED if said.decision is DecisionWord.RETURN else WithheldReason.REJECTED
    says = f"{said.person} has {reason} it; why stands in the decision"
    return Refusal(reason, says, masked_or_none(said.reason))


def _verdict(case: Case, decision: Decision, *, is_open: bool) -> str:
    try:
        check(case, decision)
    except NotTrustedError as error:
        return error.rule
    return COUNTED if is_open else TOO_LATE


def _is_open(turn: Turn, digest: str) -> bool:
    found = store.find_proposal(turn.c, digest)
    return found is not None and found.is_open
