"""What record counts: stages in seconds, messages by channel and state, what waits."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.words import Channel, State
from services.record.latency import Stage
from services.runtime.metrics import LATENCY


class RecordMetrics:
    """Series exist from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything."""
        self._stage = Histogram(
            "tocsin_stage_seconds",
            "From the receipt of an alert to each stage; `corrected`: from when it was known to be wrong",
            ["stage"], buckets=LATENCY, registry=registry,
        )  # fmt: skip
        self._deliveries = Gauge(
            "tocsin_record_deliveries", "Messages in the projection", ["channel", "state"], registry=registry
        )
        self.pages = Counter("tocsin_record_pages_written_total", "Public pages that changed", registry=registry)
        self.page_failures = Counter(
            "tocsin_record_page_failures_total", "Public pages that could not be written", registry=registry
        )
        self._alarms = Gauge("tocsin_record_alarms", "Alarms that are not over", registry=registry)
        self._parked = Gauge("tocsin_record_parked", "Parked records that wait for a person", registry=registry)
        self._backup = Gauge(
            "tocsin_last_backup_timestamp_seconds", "When the newest backup was made, 0 where none is known",
            registry=registry,
        )  # fmt: skip
        for stage in Stage:
            self._stage.labels(stage.value)
        self._cells = {(c.value, s.value): self._deliveries.labels(c.value, s.value) for c in Channel for s in State}

    def took(self, stage: Stage, seconds: float) -> None:
        """Observe one stage of one Broadcast."""
        self._stage.labels(stage.value).observe(seconds)

    def show(self, deliveries: dict[tuple[str, str], int]) -> None:
        """Show how many messages there are now."""
        for name, cell in self._cells.items():
            cell.set(deliveries.get(name, 0))

    def show_backup(self, at: datetime | None) -> None:
        """Show when the newest backup was made."""
        self._backup.set(at.timestamp() if at else 0)

    def show_open(self, alarms: int, parked: int) -> None:
        """Show what waits for a person now."""
        self._alarms.set(alarms)
        self._parked.set(parked)
