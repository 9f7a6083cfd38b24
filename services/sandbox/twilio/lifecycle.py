"""The life of a text, read off the clock: nothing has to happen for a text to be delivered.

Statuses: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks. A text given to a
Messaging Service begins as `accepted` (or `scheduled`), any other as `queued`; the first status has no callback.
"""

from typing import Final, NamedTuple

from services.sandbox.store import Row

VALIDITY_EXPIRED: Final = 30036
"""https://www.twilio.com/docs/api/errors/30036"""
FINAL: Final = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})
_TO_QUEUE_MS: Final = 50


class Step(NamedTuple):
    """A status and the moment from which it holds."""

    status: str
    at_ms: int


def steps(row: Row) -> list[Step]:
    """All statuses of a text, in order."""
    if row["direction"] == "inbound":
        return [Step("received", row["accepted_ms"])]
    begin, start = _begin(row), row["send_at_ms"]
    sent, done = start + row["sent_after_ms"], start + row["done_after_ms"]
    if row["service_sid"]:
        begin.append(Step("queued", start + min(_TO_QUEUE_MS, row["sent_after_ms"])))
    if row["fate"] != "failed":
        begin.append(Step("sent", sent))
    if row["fate"] != "sent":
        begin.append(Step(row["fate"], done if row["fate"] == "failed" else max(sent, done)))
    return begin


def status_at(row: Row, now_ms: int) -> str:
    """The status at one moment."""
    if row["canceled_ms"] is not None:
        return "canceled"
    reached = [step.status for step in steps(row) if step.at_ms <= now_ms]
    return reached[-1] if reached else _begin(row)[0].status


def error_at(row: Row, now_ms: int) -> int | None:
    """The error code, once the text has ended badly."""
    return row["error_code"] if status_at(row, now_ms) in ("undelivered", "failed") else None


def date_sent_ms(row: Row, now_ms: int) -> int | None:
    """When the text left for the carrier, once it has."""
    if row["canceled_ms"] is not None:
        return None
    left = [step.at_ms for step in steps(row) if step.status in ("sent", "received") and step.at_ms <= now_ms]
    return left[0] if left else None


def _begin(row: Row) -> list[Step]:
    if row["send_at_ms"] > row["accepted_ms"]:
        return [Step("scheduled", row["accepted_ms"])]
    return [Step("accepted" if row["service_sid"] else "queued", row["accepted_ms"])]
