"""What audience counts. Series exist from the start."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas.words import ReplyWord, Urgency


class Outcome(StrEnum):
    """Where a selection ends."""

    DONE = "done"
    TOO_WIDE = "too_wide"
    STOPPED = "stopped"
    EXPIRED = "expired"


class AudienceMetrics:
    """Audience's own metrics, in the room's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them, each label value with 0."""
        self.estimates = Counter("tocsin_audience_estimates_total", "Estimates published", registry=registry)
        self.selections = Counter(
            "tocsin_audience_selections_total", "Selections that ended, by how", ["outcome"], registry=registry
        )
        self.too_wide = Gauge(
            "tocsin_audience_too_wide", "Selections that stand still: more people than were approved", registry=registry
        )
        self.batches = Counter("tocsin_audience_batches_total", "Batches written", ["urgency"], registry=registry)
        self.people = Counter(
            "tocsin_audience_people_total", "People in batches written", ["urgency"], registry=registry
        )
        self.replies = Counter("tocsin_audience_replies_total", "Replies taken, by word", ["word"], registry=registry)
        for outcome in Outcome:
            self.selections.labels(outcome.value)
        for urgency in Urgency:
            self.batches.labels(urgency.value)
            self.people.labels(urgency.value)
        for word in ReplyWord:
            self.replies.labels(word.value)
