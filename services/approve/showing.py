"""What waits, as JSON for `tocsin pending` and the board. Read only, inside one transaction."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.base import instant_text
from schemas.words import Severity
from services.approve import closing, store
from services.approve.outcomes import Turn
from services.approve.proposal import HeldAlert, Proposal
from services.approve.quorum import standing
from services.approve.settling import Settler
from services.identifiers.masking import masked, masked_or_none


class Showing:
    """Views of the store. Each thing carries its exact text, so that a reader can hash it and judge for itself."""

    def __init__(self, settler: Settler) -> None:
        """`settler` says who may decide."""
        self._settler = settler

    def pending(self, c: sa.Connection, now: datetime) -> dict[str, Any]:
        """Everything that waits, ending soonest first, and what compose holds."""
        turn = Turn(c, now)
        waiting = sorted(store.find_open(c), key=lambda proposal: proposal.deadline or now)
        return {
            "waiting": [self._proposal(turn, proposal) for proposal in waiting],
            "held": [self._held(turn, alert) for alert in store.find_held(c)],
        }

    def by_prefix(self, c: sa.Connection, now: datetime, prefix: str) -> list[dict[str, Any]]:
        """Proposals in any state whose digest begins so."""
        turn = Turn(c, now)
        return [self._proposal(turn, proposal) for proposal in store.find_by_prefix(c, prefix)]

    def held_by_prefix(self, c: sa.Connection, now: datetime, prefix: str) -> list[dict[str, Any]]:
        """Alerts that are or were held, whose digest begins so."""
        turn = Turn(c, now)
        return [self._held(turn, alert) for alert in store.find_held_by_prefix(c, prefix)]

    def lineage(self, c: sa.Connection, now: datetime, lineage: str) -> list[dict[str, Any]]:
        """All versions and revisions of one lineage, the newest first."""
        turn = Turn(c, now)
        return [self._proposal(turn, proposal) for proposal in store.find_lineage(c, lineage)]

    @staticmethod
    def counts(c: sa.Connection, now: datetime) -> tuple[dict[Severity, int], float, int, dict[str, int]]:
        """How many wait by severity, the longest wait in seconds, how many alerts are held, and what is late."""
        counts, since = store.count_open(c)
        oldest = (now - since).total_seconds() if since else 0.0
        return counts, max(0.0, oldest), store.count_held(c), store.count_late(c)

    def _proposal(self, turn: Turn, proposal: Proposal) -> dict[str, Any]:
        case = self._settler.case(turn, proposal)
        need = standing(case, ()).need if case else 1
        return {
            "digest": proposal.digest,
            "lineage": proposal.lineage,
            "version": proposal.version,
            "revision": proposal.revision,
            "kind": proposal.broadcast.kind,
            "severity": proposal.severity,
            "headline": masked(proposal.broadcast.headline),
            "state": proposal.state,
            "have": proposal.have,
            "need": need,
            "roles": list(case.roles) if case else [],
            "reach": proposal.reach,
            "reach_signed": proposal.reach_signed,
            "waiting_since": instant_text(proposal.waiting_since),
            "deadline": _moment(proposal.deadline),
            "expires": instant_text(proposal.expires),
            "released_at": _moment(proposal.released_at),
            "withdrawn": proposal.withdrawn,
            "text": proposal.text,
            "decisions": _decisions(turn, proposal.digest),
        }

    def _held(self, turn: Turn, alert: HeldAlert) -> dict[str, Any]:
        trusted = self._settler.trusted
        rule = closing.rule_of(turn, alert, trusted) if trusted else None
        return {
            "digest": alert.digest,
            "lineage": alert.lineage,
            "version": alert.version,
            "identifier": alert.held.identifier,
            "severity": alert.severity,
            "event": alert.held.event,
            "findings": [finding.model_dump(mode="json", exclude_none=True) for finding in alert.held.findings],
            "state": closing.standing(turn, alert),
            "roles": list(dict.fromkeys(rule.roles + rule.escalate_to)) if rule else [],
            "since": instant_text(alert.since),
            "deadline": _moment(alert.due),
            "text": alert.record,
            "decisions": _decisions(turn, alert.digest),
        }


def _decisions(turn: Turn, digest: str) -> list[dict[str, Any]]:
    return [
        {
            "person": decision.statement.person,
            "decision": decision.statement.decision,
            "role": decision.statement.role,
            "nonce": decision.statement.nonce,
            "reason": masked_or_none(decision.statement.reason),
            "came": instant_text(came),
            "verdict": verdict or "waits",
        }
        for decision, came, verdict in store.find_decisions(turn.c, digest)
    ]


def _moment(value: datetime | None) -> str | None:
    return instant_text(value) if value else None
