"""What operations see of one channel. Labels come from closed sets; there is never a label for a recipient or alert."""

from prometheus_client import Counter, Gauge, Histogram

from schemas.words import Kind, Reason, State
from services.dispatch.evidence import Effects
from services.runtime.metrics import LATENCY, RoomMetrics

REASONS = ("none", *(reason.value for reason in Reason))


class DispatchMetrics:
    """The metrics of one dispatcher."""

    def __init__(self, room: RoomMetrics) -> None:
        """Register on the room's registry, with every series there from the start."""
        registry = room.registry
        self.moves = Counter(
            "tocsin_deliveries_total", "Deliveries that reached a state", ["state", "reason"], registry=registry
        )
        self.rows = Gauge("tocsin_ledger_rows", "Rows of the ledger, by state", ["state"], registry=registry)
        self.first = Histogram(
            "tocsin_received_to_first_sent_seconds", "From the alert's arrival to its first message on the platform",
            buckets=LATENCY, registry=registry,
        )  # fmt: skip
        self.planned = Counter("tocsin_planned_total", "Records planned, by kind", ["kind"], registry=registry)
        self.doubt = Gauge("tocsin_oldest_doubt_seconds", "Age of the oldest delivery in doubt", registry=registry)
        self.duplicates = Gauge(
            "tocsin_duplicates_detected", "Second platform ids of one delivery, as the ledger has counted them",
            registry=registry,
        )  # fmt: skip
        self.surprises = Counter(
            "tocsin_late_evidence_total", "Messages that stand although the ledger had settled them otherwise",
            registry=registry,
        )  # fmt: skip
        self.strangers = Counter(
            "tocsin_receipts_unknown_total", "Reports about deliveries that this ledger does not know",
            registry=registry,
        )  # fmt: skip
        self.brake = Gauge("tocsin_brake_on", "1 while the channel's brake is on", registry=registry)
        self.window = Gauge("tocsin_send_concurrency", "Requests that may be in flight now", registry=registry)
        self.credentials = Gauge(
            "tocsin_channel_credentials_ok", "1 when the last probe of the platform was answered", registry=registry
        )
        self.sandbox = Gauge("tocsin_channel_sandbox", "1 when the account is a SANDBOX account", registry=registry)
        for state in State:
            self.rows.labels(state.value)
            for reason in REASONS:
                self.moves.labels(state.value, reason)
        for kind in Kind:
            self.planned.labels(kind.value)

    def take(self, effects: Effects) -> None:
        """Count a transaction's effects, in bulk."""
        for (state, reason), number in effects.moved.items():
            self.moves.labels(state, reason).inc(number)
        self.surprises.inc(len(effects.surprises))
        self.strangers.inc(effects.unknown_deliveries)
