"""What approve does with each thing that happens. Every method is one transaction, run in the store's thread."""

from datetime import timedelta

import sqlalchemy as sa

from schemas.audience import AudienceEstimate
from schemas.broadcast import Broadcast, Held
from schemas.decision import Decision
from schemas.release import Stop
from schemas.words import ApprovalState, DecisionWord, Realm, WithheldReason
from services.approve import deadlines, restoring, store
from services.approve.announcing import Announcer
from services.approve.closing import Closer
from services.approve.following import Follower
from services.approve.judging import Judge
from services.approve.outcomes import Outcome, Turn
from services.approve.proposal import Proposal
from services.approve.settling import Settler
from services.runtime import trust, verifier
from services.runtime.clock import Clock
from services.runtime.trusted import NotTrustedError


class SecondDigestError(Exception):
    """A version and revision of a lineage came with another digest than before: a person must look (parked)."""


class Approver:
    """The decisions of this room."""

    def __init__(
        self, *, realm: Realm, settler: Settler, announcer: Announcer, clock: Clock, estimate_wait_s: float
    ) -> None:
        """Wire it."""
        self._realm, self._settler, self._clock = realm, settler, clock
        self._judge, self._closer = Judge(settler), Closer(realm, settler, announcer)
        self._follower = Follower(announcer, self._closer)
        self._estimate_wait = timedelta(seconds=estimate_wait_s)

    def _turn(self, c: sa.Connection, lineage: str) -> Turn:
        store.lock(c, lineage)
        return Turn(c, self._clock.now())

    # --- broadcasts.composed ---

    def composed(self, c: sa.Connection, value: bytes, correlation: str) -> list[Outcome]:
        """A Broadcast waits from now on. NotTrustedError when it is none, SecondDigestError when it is another one."""
        digest = trust.digest_of(value)
        found = verifier.broadcast_of(value.decode(), digest, self._realm)
        turn = self._turn(c, found.lineage)
        if store.find_proposal(c, digest):
            return turn.told
        proposal = self._proposal(turn, found, digest, value.decode(), correlation)
        if not store.insert_proposal(c, proposal):
            message = f"version {found.version}, revision {found.revision} came before with another digest"
            raise SecondDigestError(message)
        self._follower.end(turn, found.lineage, found.version)
        self._supersede(turn, proposal)
        self._begin(turn, digest)
        return turn.told

    def _proposal(self, turn: Turn, found: Broadcast, digest: str, text: str, correlation: str) -> Proposal:
        reach = store.find_estimate(turn.c, digest)
        deadline = deadlines.deadline_of(self._settler.case_of(turn, found, digest, reach), turn.now)
        return Proposal(
            digest=digest, lineage=found.lineage, version=found.version, revision=found.revision,
            severity=found.severity, expires=found.expires, text=text, correlation=correlation,
            state=ApprovalState.WAITING, have=0, reach=reach, waiting_since=turn.now,
            estimate_until=turn.now + self._estimate_wait, deadline=deadline, due=turn.now, escalations=0,
            released_at=None, release=None, reach_signed=None, withdrawn=False,
        )  # fmt: skip

    def _supersede(self, turn: Turn, newest: Proposal) -> None:
        """Of one lineage only the newest waits, in whatever order they came."""
        known = store.find_lineage(turn.c, newest.lineage)
        for older in known[1:]:
            if older.is_open:
                says = f"version {known[0].version}, revision {known[0].revision} took its place"
                self._settler.close(turn, older, WithheldReason.SUPERSEDED, says)

    def _begin(self, turn: Turn, digest: str) -> None:
        proposal = store.find_proposal(turn.c, digest)
        if proposal is None or not proposal.is_open:
            return
        withdrawn = store.find_withdrawal(turn.c, proposal.lineage)
        if withdrawn and withdrawn >= proposal.place:
            self._withdraw(turn, proposal)
        elif deadlines.ends(proposal.broadcast, self._settler.trusted) <= turn.now:
            self._settler.close(turn, proposal, WithheldReason.EXPIRED, "the alert had expired when it was composed")
        else:
            self._judge.judge_all(turn, proposal)
            self._settle_again(turn, digest, announce=True)

    # --- broadcasts.decided ---

    def decided(self, c: sa.Connection, record: Decision) -> list[Outcome]:
        """Count a person's word, once; one that comes before what it is about waits for it here."""
        turn = self._turn(c, record.lineage)
        if not store.insert_decision(c, record, turn.now):
            return turn.told
        proposal = store.find_proposal(c, record.statement.digest)
        if proposal:
            self._judge.judge(turn, proposal, record)
            self._settle_again(turn, proposal.digest)
        for alert in store.find_held_by_prefix(c, record.statement.digest):
            self._closer.judge(turn, alert, record)
        return turn.told

    def _settle_again(self, turn: Turn, digest: str, *, announce: bool = False) -> None:
        proposal = store.find_proposal(turn.c, digest)
        if proposal:
            self._settler.settle(turn, proposal, announce=announce)

    # --- audiences.estimated ---

    def estimated(self, c: sa.Connection, record: AudienceEstimate) -> list[Outcome]:
        """How many people it would reach is known, or has changed: beyond policy's margin it is asked again."""
        self._must_be_ours(record.realm)
        turn = self._turn(c, record.lineage)
        store.take_estimate(c, record)
        proposal = store.find_proposal(c, record.digest)
        if proposal is None:
            return turn.told
        reach = store.find_estimate(c, record.digest)
        changed = reach != proposal.reach
        proposal = store.update_proposal(c, proposal.digest, reach=reach)
        if proposal.is_open:
            self._settler.settle(turn, proposal, announce=changed)
        elif self._outgrown(turn, proposal):
            self._settler.ask_again(turn, proposal)
        return turn.told

    def _outgrown(self, turn: Turn, proposal: Proposal) -> bool:
        if not self._in_force(turn, proposal):
            return False
        case = self._settler.case(turn, proposal)
        return case is not None and case.outgrown(proposal.reach_signed)

    def _in_force(self, turn: Turn, proposal: Proposal) -> bool:
        """Whether a released digest is the newest of its lineage, not over, and not taken back."""
        over = deadlines.ends(proposal.broadcast, self._settler.trusted) <= turn.now
        if proposal.state is not ApprovalState.RELEASED or proposal.withdrawn or over:
            return False
        newest = next(p for p in store.find_lineage(turn.c, proposal.lineage) if p.released_at)
        return newest.digest == proposal.digest

    # --- broadcasts.stopped ---

    def stopped(self, c: sa.Connection, record: Stop) -> list[Outcome]:
        """A withdrawal ends every wait up to what it takes back. Pause and resume are the dispatchers' affair."""
        turn = self._turn(c, record.lineage)
        believed = verifier.stop(record, self._must_trust(), self._realm, turn.now)
        if record.decision.statement.decision is not DecisionWord.WITHDRAW:
            return turn.told
        place = believed.broadcast.version, believed.broadcast.revision
        store.take_withdrawal(c, record.lineage, place)
        for proposal in store.find_lineage(c, record.lineage):
            if proposal.place <= place:
                self._withdraw(turn, proposal)
        return turn.told

    def _withdraw(self, turn: Turn, proposal: Proposal) -> None:
        fresh = store.update_proposal(turn.c, proposal.digest, withdrawn=True)
        if fresh.is_open:
            self._settler.close(turn, fresh, WithheldReason.WITHDRAWN, "it was withdrawn while it waited")

    # --- broadcasts.held ---

    def held(self, c: sa.Connection, record: Held, correlation: str) -> list[Outcome]:
        """An alert that could not be composed has a deadline here, unless a Broadcast has come of it meanwhile."""
        self._must_be_ours(record.realm)
        turn = self._turn(c, record.lineage)
        self._follower.begin(turn, record, correlation)
        return turn.told

    # --- time, and trust ---

    def sweep(self, c: sa.Connection) -> list[Outcome]:
        """Look at everything whose moment has come; out of a backup, only once what was decided since has come."""
        turn = Turn(c, self._clock.now())
        if restoring.waits(c, turn.now):
            return turn.told
        for digest, lineage in store.due_digests(c, turn.now):
            store.lock(c, lineage)
            proposal = store.find_proposal(c, digest)
            if proposal and proposal.due and proposal.due <= turn.now:
                self._settler.at_due(turn, proposal)
        self._follower.sweep(turn, self._settler.trusted)
        store.forget_strays(c, turn.now)
        return turn.told

    def trust_changed(self, c: sa.Connection) -> list[Outcome]:
        """Judge anew: a key was taken away, a role given, a quorum changed."""
        turn = Turn(c, self._clock.now())
        for seen in store.find_open(c):
            proposal = self._as_it_is(c, seen)
            if proposal.is_open:
                self._judge.judge_all(turn, self._settler.renew_deadline(turn, proposal))
                self._settle_again(turn, proposal.digest)
        for alert in store.find_held(c):
            store.lock(c, alert.lineage)
            self._closer.judge_all(turn, alert)
        for seen in store.find_released(c, turn.now):
            proposal = self._as_it_is(c, seen)
            if self._in_force(turn, proposal) and self._no_longer_believed(turn, proposal):
                self._settler.ask_again(turn, proposal)
        return turn.told

    @staticmethod
    def _as_it_is(c: sa.Connection, seen: Proposal) -> Proposal:
        """A proposal once its lineage is ours: another process may have changed it since it was seen."""
        store.lock(c, seen.lineage)
        return store.find_proposal(c, seen.digest) or seen

    def _no_longer_believed(self, turn: Turn, proposal: Proposal) -> bool:
        """Whether dispatchers refuse a release that they believed before, for another reason than its age."""
        case, permission = self._settler.case(turn, proposal), proposal.permission
        if case is None or permission is None:
            return False
        try:
            verifier.release(permission, case.trusted, self._realm, turn.now, case.live)
        except NotTrustedError as error:
            return error.rule not in {"expired", "signature_expired"}
        return False

    def _must_trust(self) -> verifier.Trust:
        found = self._settler.trusted
        if found is None:
            raise NotTrustedError("no_bundle", "there is no trust bundle: make one with `tocsin keys bundle`")
        return found

    def _must_be_ours(self, realm: Realm) -> None:
        if realm is not self._realm:
            raise NotTrustedError("realm", f"the record is for {realm}, this process is {self._realm}")
