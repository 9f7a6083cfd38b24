"""What the agencies' door counts. Series exist from the start."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas.words import AnswerState

OUTCOMES = (*AnswerState, "sent", "repeat", "unauthorized", "forbidden", "too-many", "too-large", "empty")


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
        self.feeds_read = Gauge(
            "tocsin_agency_feeds_read_timestamp_seconds",
            "When the feed that was not read for the longest time was read last; NaN without feeds", registry=registry,
        )  # fmt: skip
        self.feeds_read.set(float("nan"))
        self.answers = Counter(
            "tocsin_agency_answers_total", "Answers on publishers' own topics, by state", ["state"], registry=registry
        )
        for state in AnswerState:
            self.answers.labels(state)
