"""Alerts that no Broadcast could be made of: each has a deadline here too. Inside one transaction."""

from datetime import timedelta

from schemas.broadcast import Held
from services.approve import deadlines, store
from services.approve.announcing import Announcer
from services.approve.outcomes import Escalated, Turn
from services.approve.proposal import HeldAlert, Proposal
from services.runtime.trusted import Trust


class Follower:
    """Follows held alerts until a Broadcast has come of them."""

    def __init__(self, announcer: Announcer) -> None:
        """Alarms go through `announcer`."""
        self._announcer = announcer

    @staticmethod
    def begin(turn: Turn, record: Held) -> None:
        """Follow it, unless a Broadcast has come of it meanwhile: the topics have no common order."""
        if not any(_answers(proposal, record) for proposal in store.find_lineage(turn.c, record.lineage)):
            store.insert_held(turn.c, record, record.deadline)

    def end(self, turn: Turn, lineage: str, version: int) -> None:
        """A Broadcast of `version` has come."""
        for alert in store.find_held_upto(turn.c, lineage, version):
            store.update_held(turn.c, alert, due=None)
            self._announcer.clear_held_alarm(turn.c, alert, turn.now)

    def sweep(self, turn: Turn, trusted: Trust | None) -> None:
        """Raise an alarm for each whose deadline has passed, for a day."""
        for alert in store.find_held_due(turn.c, turn.now):
            self._at_deadline(turn, alert, trusted)

    def _at_deadline(self, turn: Turn, alert: HeldAlert, trusted: Trust | None) -> None:
        last = turn.now - alert.since >= deadlines.HELD_FOLLOWED
        again = turn.now + deadlines.wait_of(trusted.rule(alert.severity) if trusted else None)
        store.update_held(turn.c, alert, due=None if last else again, escalations=alert.escalations + 1)
        self._announcer.raise_held_alarm(turn.c, alert, turn.now, last=last)
        turn.tell(Escalated("held"))


def _answers(proposal: Proposal, record: Held) -> bool:
    """Whether a Broadcast came of it: one of its version composed after it was held, or one of a later version."""
    if proposal.version != record.version:
        return proposal.version > record.version
    return proposal.broadcast.composed + timedelta(seconds=1) > record.held
