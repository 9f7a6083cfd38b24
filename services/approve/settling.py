"""What becomes of one proposal: released, withheld, escalated, or asked about again. Inside one transaction."""

from structlog.stdlib import get_logger

from schemas.broadcast import Broadcast
from schemas.decision import Decision
from schemas.release import Release, Withheld
from schemas.topics import RELEASED, WITHHELD
from schemas.words import ApprovalState, Realm, WithheldReason
from services.approve import deadlines, store
from services.approve.announcing import Announcer
from services.approve.engine import Engine
from services.approve.outcomes import AskedAgain, Escalated, Released, Turn, WithheldNow
from services.approve.proposal import Proposal, reaches_subscribers
from services.approve.quorum import Case, standing
from services.runtime import verifier
from services.runtime.keeper import Keeper
from services.runtime.trusted import NotTrustedError, Trust

log = get_logger(__name__)


class Settler:
    """Moves proposals, each method within the caller's turn."""

    def __init__(self, realm: Realm, keeper: Keeper, engine: Engine, announcer: Announcer) -> None:
        """Wire it."""
        self._realm, self._keeper, self._engine, self._announcer = realm, keeper, engine, announcer

    @property
    def trusted(self) -> Trust | None:
        """The trust in force; None while there is no bundle, and then nothing can be released."""
        try:
            return self._keeper.trust
        except NotTrustedError:
            return None

    def case(self, turn: Turn, proposal: Proposal) -> Case | None:
        """All that decisions about a proposal are judged by; None without a bundle."""
        return self.case_of(turn, proposal.broadcast, proposal.digest, proposal.reach)

    def case_of(self, turn: Turn, found: Broadcast, digest: str, reach: int | None) -> Case | None:
        """The same for a Broadcast that is not entered yet."""
        trusted = self.trusted
        if trusted is None:
            return None
        live = store.live_severity(turn.c, found.lineage, (found.version, found.revision), turn.now)
        return Case(found, digest, trusted, self._realm, turn.now, live, reach)

    # --- towards a release ---

    def settle(self, turn: Turn, proposal: Proposal, *, announce: bool = False) -> None:
        """Release an open proposal if it may go; otherwise note where it stands, and say so if that changed."""
        if not proposal.is_open:
            return
        case = self.case(turn, proposal)
        if case and self._may_go(turn, proposal, case):
            return
        have = standing(case, store.approvals(turn.c, case.digest)).have if case else 0
        if have != proposal.have:
            state = ApprovalState.COUNTED if have else ApprovalState.WAITING
            proposal = store.update_proposal(turn.c, proposal.digest, have=have, state=state)
            announce = True
        self._set_due(turn, proposal)
        if announce:
            self._announcer.approval(turn.c, proposal, case, turn.now)

    def _may_go(self, turn: Turn, proposal: Proposal, case: Case) -> bool:
        found = standing(case, store.approvals(turn.c, case.digest))
        if found.complete:
            how = "approved" if found.have >= found.need else "override"
            return self._release(turn, proposal, case, found.counted, how)
        waits = reaches_subscribers(case.broadcast) and proposal.reach is None and turn.now < proposal.estimate_until
        return case.rule.quorum == 0 and not waits and self._release_by_engine(turn, proposal, case)

    def _release_by_engine(self, turn: Turn, proposal: Proposal, case: Case) -> bool:
        """Release with the engine's key alone, if every verifier would believe it."""
        try:
            decision = self._engine.decide(case)
        except NotTrustedError as error:
            log.info("engine.cannot", digest=case.digest, rule=error.rule)
            return False
        return self._release(turn, proposal, case, (decision,), "automatic")

    def _release(self, turn: Turn, proposal: Proposal, case: Case, counted: tuple[Decision, ...], how: str) -> bool:
        """Write the Release, but only one that a dispatcher would believe: the same verifier looks at it here."""
        record = Release(
            realm=self._realm, lineage=proposal.lineage, digest=proposal.digest, broadcast=proposal.text,
            decisions=counted, at=turn.now,
        )  # fmt: skip
        try:
            believed = verifier.release(record, case.trusted, self._realm, turn.now, case.live)
        except NotTrustedError as error:
            log.info("release.not_yet", digest=case.digest, rule=error.rule, how=how)
            return False
        self._announcer.clear_alarm(turn.c, proposal, turn.now)
        fresh = store.update_proposal(
            turn.c, proposal.digest, state=ApprovalState.RELEASED, have=len(believed.people), due=None, deadline=None,
            released_at=proposal.released_at or turn.now, release=record.model_dump_json(), escalations=0,
            reach_signed=believed.reach,
        )  # fmt: skip
        self._announcer.publish(turn.c, fresh, RELEASED, record)
        self._announcer.approval(turn.c, fresh, case, turn.now)
        turn.tell(_released(proposal, case, how))
        return True

    # --- towards an end without one ---

    def close(
        self, turn: Turn, proposal: Proposal, reason: WithheldReason, says: str, *, why: str | None = None
    ) -> None:
        """End the wait; `why` is a person's own reason.

        A digest that was released before stays released: only the question is over.
        """
        again = proposal.released_at is not None
        state = ApprovalState.RELEASED if again else ApprovalState.WITHHELD
        self._announcer.clear_alarm(turn.c, proposal, turn.now)
        fresh = store.update_proposal(turn.c, proposal.digest, state=state, due=None, deadline=None, escalations=0)
        self._announcer.approval(turn.c, fresh, self.case(turn, fresh), turn.now)
        if again:
            return
        record = Withheld(
            realm=self._realm, lineage=proposal.lineage, version=proposal.version, revision=proposal.revision,
            digest=proposal.digest, reason=reason, says=says, at=turn.now, why=why,
        )  # fmt: skip
        self._announcer.publish(turn.c, fresh, WITHHELD, record)
        turn.tell(WithheldNow(reason))

    def at_due(self, turn: Turn, proposal: Proposal) -> None:
        """What a sweep does with a proposal whose moment has come."""
        why = deadlines.what_is_due(turn.now, proposal.deadline, deadlines.ends(proposal.broadcast, self.trusted))
        if why == "expired":
            self.close(turn, proposal, WithheldReason.EXPIRED, "the alert expired while it waited")
        elif why == "deadline":
            self._at_deadline(turn, proposal)
        else:
            self.settle(turn, proposal)

    def _at_deadline(self, turn: Turn, proposal: Proposal) -> None:
        case = self.case(turn, proposal)
        ending = case.rule.at_deadline if case else "escalate"
        if case and ending == "release" and self._release_by_engine(turn, proposal, case):
            return
        ends_here = ending == "withhold" and proposal.released_at is None
        fresh = store.update_proposal(
            turn.c, proposal.digest, state=ApprovalState.ESCALATED, escalations=proposal.escalations + 1,
            deadline=turn.now + deadlines.wait_of(case.rule if case else None),
        )  # fmt: skip
        self._announcer.raise_alarm(turn.c, fresh, case, turn.now, ends_here=ends_here)
        turn.tell(Escalated("approval"))
        if ends_here:
            self.close(turn, fresh, WithheldReason.DEADLINE, "nobody approved it before policy's deadline")
        else:
            self.settle(turn, fresh, announce=True)

    def _set_due(self, turn: Turn, proposal: Proposal) -> None:
        """Write down when a sweep must look next: nothing that waits is ever without such a moment."""
        moments = [deadlines.ends(proposal.broadcast, self.trusted)]
        moments += [proposal.deadline] if proposal.deadline else []
        moments += [proposal.estimate_until] if proposal.estimate_until > turn.now else []
        store.update_proposal(turn.c, proposal.digest, due=min(moments))

    # --- again ---

    def renew_deadline(self, turn: Turn, proposal: Proposal) -> Proposal:
        """Policy has changed: the first wait is as long as it says now."""
        if proposal.escalations:
            return proposal
        deadline = deadlines.deadline_of(self.case(turn, proposal), proposal.waiting_since)
        return store.update_proposal(turn.c, proposal.digest, deadline=deadline)

    def ask_again(self, turn: Turn, proposal: Proposal) -> None:
        """A released digest needs another signature: its audience has grown, or a signer's key was taken away."""
        fresh = store.update_proposal(
            turn.c, proposal.digest, state=ApprovalState.WAITING, have=0, waiting_since=turn.now,
            deadline=deadlines.deadline_of(self.case(turn, proposal), turn.now),
        )  # fmt: skip
        turn.tell(AskedAgain())
        self.settle(turn, fresh, announce=True)


def _released(proposal: Proposal, case: Case, how: str) -> Released:
    waited = (case.now - proposal.waiting_since).total_seconds()
    since_received = (case.now - case.broadcast.received).total_seconds()
    again = proposal.released_at is not None
    return Released(how, proposal.severity, max(0.0, waited), max(0.0, since_received), again)
