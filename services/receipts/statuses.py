"""Twilio's status callbacks in our words.

https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks: they come in any order and
more than once, and `sent` may be the last. What to make of the order is the ledger's affair, not this room's.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from schemas.delivery import Receipt

Word = Literal["accepted", "sent", "delivered", "undelivered", "failed"]

WORDS: Final[dict[str, Word]] = {
    "scheduled": "accepted",
    "accepted": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
SID_LENGTH = 64


class MalformedError(ValueError):
    """A callback without what makes it one; Twilio never sends that."""


def receipt_of(delivery: str, fields: Mapping[str, str], at: datetime) -> Receipt | None:
    """The report in `fields` about our `delivery`; None for a status that says nothing about delivery."""
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    if not sid or len(sid) > SID_LENGTH or not sid.isalnum():
        raise MalformedError("a status callback without a MessageSid")
    word = WORDS.get(fields.get("MessageStatus") or fields.get("SmsStatus") or "")
    if word is None:
        return None
    return Receipt(delivery=delivery, platform_id=sid, status=word, code=_code(fields.get("ErrorCode")), at=at)


def _code(text: str | None) -> int | None:
    """ErrorCode, where it is one: https://www.twilio.com/docs/api/errors are five or six digits."""
    if text and text.isascii() and text.isdigit() and len(text) <= 6:  # noqa: PLR2004 - see above
        return int(text) or None
    return None
