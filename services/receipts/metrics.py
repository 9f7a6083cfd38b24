"""What the public door counts; callbacks in bulk, a batch at a time."""

from collections import Counter as Tally
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

from schemas.delivery import Receipt
from schemas.words import ReplyWord
from services.receipts.answers import Answer

STATUSES = ("accepted", "sent", "delivered", "undelivered", "failed")
Refused = Literal["signature", "malformed", "unavailable"]
REFUSALS: tuple[Refused, ...] = ("signature", "malformed", "unavailable")
ANSWERED: tuple[Answer | Literal["repeat"], ...] = ("stop", "start", "help", "other", "unknown", "none", "repeat")
COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class ReceiptsMetrics:
    """Series exist from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything."""
        self._reports = Counter("tocsin_receipts_total", "Delivery reports, by status", ["status"], registry=registry)
        self._ignored = Counter(
            "tocsin_receipts_ignored_total", "Callbacks that say nothing about delivery", registry=registry
        )
        self._refused = Counter(
            "tocsin_webhooks_refused_total", "Webhooks that were not taken, by why", ["why"], registry=registry
        )
        self._replies = Counter("tocsin_replies_total", "Replies, by what they want", ["word"], registry=registry)
        self._answers = Counter("tocsin_replies_answered_total", "Replies, by answer", ["answer"], registry=registry)
        self._batch = Histogram("tocsin_receipts_batch_size", "Reports a record", buckets=BATCH, registry=registry)
        self.commit = Histogram(
            "tocsin_receipts_commit_seconds", "Time to make a batch durable", buckets=COMMIT_SECONDS, registry=registry
        )
        self._statuses = {word: self._reports.labels(word) for word in STATUSES}
        self._why = {why: self._refused.labels(why) for why in REFUSALS}
        self._words = {word: self._replies.labels(word.value) for word in ReplyWord}
        self._given = {answer: self._answers.labels(answer) for answer in ANSWERED}

    def reports(self, batch: list[Receipt]) -> None:
        """Count one committed batch."""
        self._batch.observe(len(batch))
        for word, number in Tally(report.status for report in batch).items():
            self._statuses[word].inc(number)

    def ignored(self) -> None:
        """Count a callback whose status says nothing."""
        self._ignored.inc()

    def refused(self, why: Refused) -> None:
        """Count a webhook that was not taken."""
        self._why[why].inc()

    def reply(self, word: ReplyWord) -> None:
        """Count a reply."""
        self._words[word].inc()

    def answer(self, answer: Answer | Literal["repeat"]) -> None:
        """Count an answer."""
        self._given[answer].inc()
