"""What a person's word about a held alert is good for: without texts it can only be ended. Inside one transaction."""

from schemas.decision import Decision
from schemas.release import Withheld
from schemas.topics import WITHHELD
from schemas.trust import SeverityRule
from schemas.words import Realm
from services.approve import store
from services.approve.announcing import Announcer
from services.approve.judging import COUNTED, TOO_LATE, refusal_of, unsettled
from services.approve.outcomes import Refused, TooLate, Turn, WithheldNow
from services.approve.proposal import HeldAlert, Proposal, answers
from services.approve.quorum import REFUSING, refuser
from services.approve.settling import Settler
from services.runtime.trusted import NotTrustedError, Trust


class Closer:
    """Ends held alerts that a person returns or rejects, by the rules by which texts are returned or rejected."""

    def __init__(self, realm: Realm, settler: Settler, announcer: Announcer) -> None:
        """`settler` knows the trust in force."""
        self._realm, self._settler, self._announcer = realm, settler, announcer

    def begin(self, turn: Turn, alert: HeldAlert) -> None:
        """Compose has said it, again perhaps: what a person has decided about it stands, and is said again."""
        for decision, _came, verdict in store.find_decisions(turn.c, alert.digest):
            if verdict == COUNTED:
                self._close(turn, alert, decision)
                return
        self.judge_all(turn, alert)

    def judge_all(self, turn: Turn, alert: HeldAlert) -> None:
        """Judge what has waited for it, and once more what was not believed."""
        for decision, verdict in unsettled(turn, alert.digest):
            self.judge(turn, alert, decision, before=verdict)

    def judge(self, turn: Turn, alert: HeldAlert, decision: Decision, before: str | None = None) -> None:
        """Note what a decision is good for; one that counts ends the wait."""
        trusted = self._settler.trusted
        if trusted is None:
            return  # nobody can be believed yet; it stays unjudged until there is a bundle
        verdict = self._verdict(turn, alert, decision, trusted)
        store.set_verdict(turn.c, decision, verdict)
        if verdict == TOO_LATE:
            turn.tell(TooLate())
        elif verdict == COUNTED:
            self._close(turn, alert, decision)
        elif verdict != before:
            turn.tell(Refused(verdict, alert.lineage))

    def _verdict(self, turn: Turn, alert: HeldAlert, decision: Decision, trusted: Trust) -> str:
        if decision.lineage != alert.lineage:
            return "lineage"
        if decision.statement.decision not in REFUSING:
            return "word"  # there are no texts that anybody could approve
        try:
            refuser(decision, rule_of(turn, alert, trusted), trusted, self._realm, turn.now)
        except NotTrustedError as error:
            return error.rule
        return COUNTED if standing(turn, alert) == "held" else TOO_LATE

    def _close(self, turn: Turn, alert: HeldAlert, decision: Decision) -> None:
        reason, says, why = refusal_of(decision)
        store.update_held(turn.c, alert, due=None, escalations=0)
        self._announcer.clear_held_alarm(turn.c, alert, turn.now, f"version {alert.version} was {reason}")
        if there := next((p for p in _same(turn, alert) if p.is_open or p.released_at), None):
            # Other words of it wait or are out: only the question for more is over, and its publisher hears so.
            self._announcer.approval(turn.c, there, self._settler.case(turn, there), turn.now)
            return
        record = Withheld(
            realm=self._realm, lineage=alert.lineage, version=alert.version,
            revision=_revision(turn, alert), digest=alert.digest, reason=reason,
            # Never before what it answers: two machines' clocks are not one.
            at=max(turn.now, alert.since), says=says, why=why,
        )  # fmt: skip
        self._announcer.publish(turn.c, alert, WITHHELD, record)
        turn.tell(WithheldNow(reason))


def rule_of(turn: Turn, alert: HeldAlert, trusted: Trust) -> SeverityRule:
    """The rule to keep: that of the gravest of what is held and what is still live before it in its lineage."""
    live = store.live_severity(turn.c, alert.lineage, (alert.version, _revision(turn, alert)), turn.now)
    return trusted.strictest(alert.severity, live)[1]


def _same(turn: Turn, alert: HeldAlert) -> list[Proposal]:
    return [p for p in store.find_lineage(turn.c, alert.lineage) if p.version == alert.version]


def _revision(turn: Turn, alert: HeldAlert) -> int:
    """The revision that its texts would have had."""
    return 1 + max((p.revision for p in _same(turn, alert)), default=0)


def standing(turn: Turn, alert: HeldAlert) -> str:
    """`held` while a person must help, also when it is followed no longer; `composed` or `withheld` afterwards."""
    if any(answers(proposal, alert.held) for proposal in store.find_lineage(turn.c, alert.lineage)):
        return "composed"
    verdicts = {verdict for _decision, _came, verdict in store.find_decisions(turn.c, alert.digest)}
    return "withheld" if COUNTED in verdicts else "held"
