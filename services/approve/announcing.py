"""What approve tells the other rooms, written into the outbox: where a digest stands, and alarms."""

from datetime import datetime

import sqlalchemy as sa

from schemas.base import Record
from schemas.operations import Alarm
from schemas.release import Approval
from schemas.topics import ALARMS, APPROVALS, Topic
from schemas.words import Realm
from services.approve.proposal import HeldAlert, Proposal
from services.approve.quorum import Case
from services.runtime.outbox import CORRELATION_HEADER, Outbox

ROOM = "approve"
#: Where a person looks; the alarm names it.
LOOK = "`tocsin pending` shows the texts; `tocsin approve`, `return` or `reject` decides"


class Announcer:
    """Writes approvals and alarms in the caller's transaction."""

    def __init__(self, realm: Realm, outbox: Outbox) -> None:
        """Write into `outbox`."""
        self._realm, self._outbox = realm, outbox

    def publish(self, c: sa.Connection, proposal: Proposal | HeldAlert, topic: Topic, record: Record) -> None:
        """Write one record of a proposal's or a held alert's lineage."""
        self._outbox.put(c, topic, proposal.lineage, record, {CORRELATION_HEADER: proposal.correlation})

    def approval(self, c: sa.Connection, proposal: Proposal, case: Case | None, now: datetime) -> None:
        """Say where a proposal stands."""
        record = Approval(
            realm=self._realm,
            lineage=proposal.lineage,
            version=proposal.version,
            revision=proposal.revision,
            digest=proposal.digest,
            state=proposal.state,
            severity=proposal.severity,
            have=proposal.have,
            need=max(1, case.rule.quorum) if case else 1,
            roles=case.roles if case else (),
            reach=proposal.reach,
            waiting_since=proposal.waiting_since,
            deadline=proposal.deadline,
            at=now,
        )
        self.publish(c, proposal, APPROVALS, record)

    def raise_alarm(
        self, c: sa.Connection, proposal: Proposal, case: Case | None, now: datetime, *, ends_here: bool
    ) -> None:
        """A deadline has passed: somebody must be woken."""
        waited = int((now - proposal.waiting_since).total_seconds())
        need = max(1, case.rule.quorum) if case else 1
        says = (
            f"{proposal.severity} alert, version {proposal.version}: {proposal.have} of {need} have approved "
            f"after {waited} s"
        )
        if case is None:
            says, do = f"{says}; there is no trust bundle", "make one with `tocsin keys bundle`"
        elif ends_here:
            says, do = f"{says}; policy withholds it now, and nothing was sent", "publish it anew if it still stands"
        else:
            do = f"wake {', '.join(case.rule.escalate_to or case.rule.roles)}; {LOOK}"
        self._alarm(c, "deadline", proposal.lineage, says=says, do=do, since=proposal.waiting_since)

    def clear_alarm(self, c: sa.Connection, proposal: Proposal, now: datetime) -> None:
        """Say that an alarm is over, where one was raised."""
        if proposal.escalations:
            says = f"version {proposal.version} waits no more"
            self._alarm(c, "deadline", proposal.lineage, says=says, do="nothing", since=now, over=True)

    def raise_held_alarm(self, c: sa.Connection, alert: HeldAlert, now: datetime, *, last: bool) -> None:
        """Nobody has helped to compose a held alert in time."""
        waited = int((now - alert.since).total_seconds())
        rules = ", ".join(sorted({finding.rule for finding in alert.held.findings}))
        says = f"{alert.severity} alert, version {alert.version}: held for {waited} s because of {rules}"
        do = "`tocsin pending` says why; `tocsin recompose`, have its agency send an Update, or `tocsin reject` it"
        if last:
            says, do = f"{says}; it is not followed any longer", f"{do}; nothing was sent"
        self._alarm(c, "held", alert.lineage, says=says, do=do, since=alert.since)

    def clear_held_alarm(self, c: sa.Connection, alert: HeldAlert, now: datetime, says: str) -> None:
        """It waits no more, and `says` why."""
        if alert.escalations:
            self._alarm(c, "held", alert.lineage, says=says, do="nothing", since=now, over=True)

    def _alarm(
        self, c: sa.Connection, rule: str, lineage: str, *, says: str, do: str, since: datetime, over: bool = False
    ) -> None:
        record = Alarm(
            realm=self._realm, room=ROOM, rule=rule, says=says, do=do, lineage=lineage, since=since, over=over
        )
        self._outbox.put(c, ALARMS, f"{ROOM}#{rule}", record)
