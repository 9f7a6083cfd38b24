"""Alerts that no Broadcast could be made of: each has a deadline here too. Inside one transaction."""

from schemas.broadcast import Held
from services.approve import deadlines, store
from services.approve.announcing import Announcer
from services.approve.closing import Closer
from services.approve.outcomes import Escalated, Turn
from services.approve.proposal import HeldAlert, answers
from services.runtime import holds
from services.runtime.trusted import Trust


class Follower:
    """Follows held alerts until a Broadcast has come of them, or a person has ended them."""

    def __init__(self, announcer: Announcer, closer: Closer) -> None:
        """Alarms go through `announcer`; `closer` knows what people have said."""
        self._announcer, self._closer = announcer, closer

    def begin(self, turn: Turn, record: Held, correlation: str) -> None:
        """Follow it, unless a Broadcast has come of it meanwhile: the topics have no common order."""
        if any(answers(proposal, record) for proposal in store.find_lineage(turn.c, record.lineage)):
            return
        known = store.find_held_version(turn.c, record.lineage, record.version)
        if known and (known.since >= record.held or (known.due and known.digest == holds.digest_of(record))):
            return  # it has come before, or says the same while it waits
        self._closer.begin(turn, store.follow_held(turn.c, record, correlation))

    def end(self, turn: Turn, lineage: str, version: int) -> None:
        """A Broadcast of `version` has come."""
        for alert in store.find_held_upto(turn.c, lineage, version):
            store.update_held(turn.c, alert, due=None)
            says = f"version {alert.version} is composed, or a newer one is"
            self._announcer.clear_held_alarm(turn.c, alert, turn.now, says)

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
