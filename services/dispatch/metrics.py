"""What operations see of one channel. Labels come from closed sets; there is never a label for a recipient or alert."""

from prometheus_client import Counter, Gauge

from schemas.words import Kind, Reason, State
from services.dispatch.evidence import Effects
from services.runtime.metrics import RoomMetrics

REASONS = ("none", *(reason.value for reason in Reason))


class DispatchMetrics:
    """The metrics of one dispatcher; each has the label `channel`."""

    def __init__(self, room: RoomMetrics) -> None:
        """Register on the room's registry, with every series there from the start."""
        self._registry, self._channel = room.registry, room.room.rpartition("/")[2]
        moves = Counter(
            "tocsin_deliveries_total", "Deliveries that reached a state", ["channel", "state", "reason"],
            registry=self._registry,
        )  # fmt: skip
        rows = Gauge(
            "tocsin_ledger_rows", "Rows of the ledger, by state", ["channel", "state"], registry=self._registry
        )
        planned = Counter(
            "tocsin_planned_total", "Records planned, by kind", ["channel", "kind"], registry=self._registry
        )
        self.moves = {(s.value, r): moves.labels(self._channel, s.value, r) for s in State for r in REASONS}
        self.rows = {state: rows.labels(self._channel, state.value) for state in State}
        self.planned = {kind: planned.labels(self._channel, kind.value) for kind in Kind}
        self.doubt = self._gauge("tocsin_oldest_doubt_seconds", "Age of the oldest delivery in doubt")
        self.duplicates = self._gauge(
            "tocsin_duplicates_detected",
            "Second platform ids of one delivery, as the ledger has counted them; NaN until it was read",
        )
        self.surprises = self._counter(
            "tocsin_late_evidence_total", "Messages that stand although the ledger had settled them otherwise"
        )
        self.strangers = self._counter(
            "tocsin_receipts_unknown_total", "Reports about deliveries that this ledger does not know"
        )
        self.brake = self._gauge("tocsin_brake_on", "1 while the channel's brake is on")
        self.window = self._gauge("tocsin_send_concurrency", "Requests that may be in flight now")
        self.credentials = self._gauge(
            "tocsin_channel_credentials_ok", "1 when the last probe of the platform was answered"
        )
        self.probed = self._gauge(
            "tocsin_channel_last_probe_timestamp_seconds", "When the platform was last probed, 0 before the first time"
        )
        self.remaining = self._gauge(
            "tocsin_channel_rate_remaining", "Calls that the platform's rate still allows; NaN where it does not say"
        )
        self.remaining.set(float("nan"))
        self.sandbox = self._gauge("tocsin_channel_sandbox", "1 when the account is a SANDBOX account")

        self.compared = self._gauge(
            "tocsin_last_comparison_timestamp_seconds", "When the platform's own list was last compared with the ledger"
        )
        self.strangers_listed = self._gauge(
            "tocsin_list_strangers", "Messages on the platform's list that this ledger did not send, by that comparison"
        )

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(name, says, ["channel"], registry=self._registry).labels(self._channel)

    def _counter(self, name: str, says: str) -> Counter:
        return Counter(name, says, ["channel"], registry=self._registry).labels(self._channel)

    def take(self, effects: Effects) -> None:
        """Count a transaction's effects, in bulk."""
        for moved, number in effects.moved.items():
            self.moves[moved].inc(number)
        self.surprises.inc(len(effects.surprises))
        self.strangers.inc(effects.unknown_deliveries)
