"""What record counts: stages in seconds, messages by channel and state, what waits."""

from collections import Counter as Number
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.operations import ALARM_RULES
from schemas.words import Channel, State
from services.record.latency import Stage
from services.record.overdue import ALERTS, BOUNDS, Alert
from services.record.refused import OF_US
from services.runtime.metrics import LATENCY

#: An alarm of a newer release's, of which this one has no series.
OTHER = ("other", "other")
#: Room and rule as labels have them: a room is called there as its target is.
NAMES = {
    **{(room, rule): (room.replace("/", "-"), rule) for room, rules in ALARM_RULES.items() for rule in rules},
    OTHER: OTHER,
}


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
        labels = ["raised_by", "rule"]
        self._alarms = Gauge("tocsin_record_alarms", "Alarms that are not over", labels, registry=registry)
        self._raised = Counter(
            "tocsin_record_alarms_raised_total", "Alarms that were raised, those since over too", labels,
            registry=registry,
        )  # fmt: skip
        self._refused = Gauge(
            "tocsin_record_refused",
            "Failed messages of alerts in force, and take-backs of a day, that were refused for our account or text",
            ["channel", "reason"], registry=registry,
        )  # fmt: skip
        self._overdue = Gauge(
            "tocsin_objective_overdue",
            "Released Broadcasts of 7 days that are past the bound of a stage which has not come; `alert`: whether "
            "they stand", ["stage", "alert"], registry=registry,
        )  # fmt: skip
        self._parked = Gauge("tocsin_record_parked", "Parked records that wait for a person", registry=registry)
        self._backup = Gauge(
            "tocsin_last_backup_timestamp_seconds", "When the newest backup was made, 0 where none is known",
            registry=registry,
        )  # fmt: skip
        for stage in Stage:
            self._stage.labels(stage.value)
        for name in NAMES.values():
            self._alarms.labels(*name)
            self._raised.labels(*name)
        self.show_overdue(Number())
        self.show_refused(Number())
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

    def alarm(self, room: str, rule: str) -> None:
        """Count an alarm that was raised."""
        self._raised.labels(*NAMES.get((room, rule), OTHER)).inc()

    def show_open(self, alarms: Number[tuple[str, str]], parked: int) -> None:
        """Show what waits for a person now."""
        named: Number[tuple[str, str]] = Number()
        for name, number in alarms.items():
            named[NAMES.get(name, OTHER)] += number
        for shown in NAMES.values():
            self._alarms.labels(*shown).set(named[shown])
        self._parked.set(parked)

    def show_overdue(self, found: Number[tuple[Stage, Alert]]) -> None:
        """Show the objectives that are missed and not measured."""
        for stage in BOUNDS:
            for alert in ALERTS:
                self._overdue.labels(stage.value, alert).set(found[stage, alert])

    def show_refused(self, found: Number[tuple[str, str]]) -> None:
        """Show what platforms refused and somebody still waits for."""
        for channel in Channel:
            for reason in OF_US:
                self._refused.labels(channel.value, reason.value).set(found[channel.value, reason.value])
