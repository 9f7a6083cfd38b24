"""What compose counts, by closed sets. Series exist from the start."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.words import Channel
from services.runtime.metrics import LATENCY


class Outcome(StrEnum):
    """What became of an alert or of a wish."""

    COMPOSED = "composed"
    HELD = "held"
    REPEATED = "repeated"
    STALE = "stale"


#: Every rule of compose's own that can hold an alert; a rule of intake's counts as `intake`.
RULES = (
    "area.outside", "area.unreadable", "cancel.nothing", "contact.missing", "contact.overdue", "contact.unverified",
    "expired", "info.missing", "instruction.differs", "intake", "issuer.words", "msgType", "pack.draft", "pack.none",
    "pack.overdue", "pack.unknown",
    "pack.unsure", "parameter.missing", "rendition.impossible", "rendition.none", "scope",
    "severity.ours", "slot.missing",
    "text.personal",
)  # fmt: skip


class ComposeMetrics:
    """Compose's own metrics, in the room's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them, each label value with 0."""
        self.outcomes = Counter(
            "tocsin_compose_outcomes_total", "Alerts and wishes, by what became of them", ["outcome"], registry=registry
        )
        self.held = Counter("tocsin_compose_held_total", "Findings that held an alert", ["rule"], registry=registry)
        self.left_out = Counter(
            "tocsin_compose_left_out_total", "Things left out of texts by name", ["channel"], registry=registry
        )
        self.seconds = Histogram(
            "tocsin_compose_accepted_to_composed_seconds", "From intake's acceptance to the Broadcast",
            buckets=LATENCY, registry=registry,
        )  # fmt: skip
        self.overdue = Gauge(
            "tocsin_guidance_overdue", "Packs and contacts in use that are past their review", registry=registry
        )
        for outcome in Outcome:
            self.outcomes.labels(outcome)
        for rule in RULES:
            self.held.labels(rule)
        for channel in Channel:
            self.left_out.labels(channel)
