"""What the agencies' door counts. Series exist from the start."""

from prometheus_client import CollectorRegistry, Counter

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
        self.answers = Counter(
            "tocsin_agency_answers_total", "Answers on publishers' own topics, by state", ["state"], registry=registry
        )
        for state in AnswerState:
            self.answers.labels(state)
