"""What approve counts, beyond what every room counts."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram
from structlog.stdlib import get_logger

from schemas.words import Severity, WithheldReason
from services.approve.outcomes import HOW, AskedAgain, Escalated, Outcome, Refused, Released, TooLate, WithheldNow
from services.runtime.metrics import LATENCY, RoomMetrics

log = get_logger(__name__)
ESCALATIONS = ("approval", "held")


class ApproveMetrics:
    """Every series exists from the start: absent is never zero."""

    def __init__(self, room: RoomMetrics) -> None:
        """Register them in the room's registry."""
        self._room, registry = room, room.registry
        self.waiting = Gauge("tocsin_approvals_waiting", "Broadcasts that wait", ["severity"], registry=registry)
        self.oldest = Gauge("tocsin_approvals_oldest_seconds", "Age of the longest wait", registry=registry)
        self.held = Gauge("tocsin_held_waiting", "Alerts that a person must help to compose", registry=registry)
        self.late = Gauge(
            "tocsin_deadlines_passed", "What waits on although its deadline has passed", ["what"], registry=registry
        )
        self.waited = Histogram(
            "tocsin_approval_wait_seconds", "From composed to released", ["severity"], buckets=LATENCY,
            registry=registry,
        )  # fmt: skip
        self.since_received = Histogram(
            "tocsin_received_to_released_seconds", "From intake to released", ["severity"], buckets=LATENCY,
            registry=registry,
        )  # fmt: skip
        self.released = Counter("tocsin_releases_total", "Releases, by how they came about", ["how"], registry=registry)
        self.withheld = Counter("tocsin_withheld_total", "Digests withheld, by reason", ["reason"], registry=registry)
        self.escalated = Counter("tocsin_escalations_total", "Deadlines that passed", ["what"], registry=registry)
        self.asked_again = Counter(
            "tocsin_approvals_asked_again_total", "Released digests that needed another signature", registry=registry
        )
        self.too_late = Counter(
            "tocsin_decisions_too_late_total", "Decisions about what waited no more", registry=registry
        )
        self._create_series()

    def _create_series(self) -> None:
        for severity in Severity:
            self.waiting.labels(severity.value)
            self.waited.labels(severity.value)
            self.since_received.labels(severity.value)
        for what in ESCALATIONS:
            self.late.labels(what)
        for counter, labels in ((self.released, HOW), (self.withheld, WithheldReason), (self.escalated, ESCALATIONS)):
            for label in labels:
                counter.labels(str(label))

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Count what a committed transaction did."""
        for outcome in outcomes:
            self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        match outcome:
            case Released():
                self.released.labels(outcome.how).inc()
                if not outcome.again:
                    self.waited.labels(outcome.severity.value).observe(outcome.waited_s)
                    self.since_received.labels(outcome.severity.value).observe(outcome.since_received_s)
            case WithheldNow():
                self.withheld.labels(outcome.reason.value).inc()
            case Escalated():
                self.escalated.labels(outcome.what).inc()
            case AskedAgain():
                self.asked_again.inc()
            case TooLate():
                self.too_late.inc()
            case Refused():
                self.refuse(outcome.rule, outcome.lineage)

    def refuse(self, rule: str, lineage: str) -> None:
        """Count something that was not believed."""
        log.warning("untrusted.refused", rule=rule, lineage=lineage)
        self._room.refused.labels(rule).inc()

    def show_waiting(
        self, by_severity: dict[Severity, int], oldest_s: float, held: int, late: dict[str, int]
    ) -> None:  # fmt: skip
        """Show what waits now."""
        for severity in Severity:
            self.waiting.labels(severity.value).set(by_severity.get(severity, 0))
        self.oldest.set(oldest_s)
        self.held.set(held)
        for what, number in late.items():
            self.late.labels(what).set(number)
