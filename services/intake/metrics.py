"""What intake counts, by closed sets. Series exist from the start."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.intake.rules import REFUSALS, RULES, Cost


class Outcome(StrEnum):
    """What became of one record, or of a message that had waited."""

    ACCEPT = "accept"
    HOLD = "hold"
    REFUSE = "refuse"
    LATE = "late"
    REPEAT = "repeat"
    WAIT = "wait"
    HAND_OVER = "hand-over"
    RECORD = "record"


class IntakeMetrics:
    """Intake's own metrics, in the room's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them, each label value with 0."""
        self.outcomes = Counter(
            "tocsin_intake_alerts_total", "Messages judged, by what became of them", ["outcome"], registry=registry
        )
        self.refused = Counter("tocsin_intake_refused_total", "Messages refused, by rule", ["rule"], registry=registry)
        self.held = Counter("tocsin_intake_held_total", "Findings that held a message", ["rule"], registry=registry)
        self.waiting = Gauge(
            "tocsin_intake_waiting", "Updates and Cancels that wait for what they refer to", registry=registry
        )
        for outcome in Outcome:
            self.outcomes.labels(outcome)
        for rule in REFUSALS:
            self.refused.labels(rule)
        for rule, (cost, _) in RULES.items():
            if cost is Cost.HOLD:
                self.held.labels(rule)
