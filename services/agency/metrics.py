"""What the agencies' door counts. Series exist from the start."""

from prometheus_client import CollectorRegistry, Counter

OUTCOMES = ("accepted", "held", "refused", "sent", "repeat", "unauthorized", "too-many", "too-large", "empty")


class AgencyMetrics:
    """The door's own metrics, in the room's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them, each label value with 0."""
        self.posts = Counter(
            "tocsin_agency_posts_total", "Posts of agencies, by outcome", ["outcome"], registry=registry
        )
        for outcome in OUTCOMES:
            self.posts.labels(outcome)
        self.polls = Counter("tocsin_agency_polls_total", "Polls of feeds, by outcome", ["outcome"], registry=registry)
        for outcome in ("read", "failed"):
            self.polls.labels(outcome)
