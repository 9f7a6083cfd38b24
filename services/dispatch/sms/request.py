"""The body of one Messages request, made cheaply: all but the number and the delivery id is encoded once a text.

Twilio's own client costs twice a plain POST, so the request is ours; a contract test holds it beside the one that the
client makes (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource).
"""

from datetime import datetime
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

#: ValidityPeriod, seconds: Twilio's least and most. Without it an accepted text may leave the queue ten hours later.
SHORTEST, LONGEST = 1, 36_000
#: A callback is tried again five times, whatever went wrong: a receipts door that restarts loses none
#: (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). The fragment is never sent nor signed.
RETRIES = quote_plus("#rc=5&rp=all")


class Bodies:
    """Form bodies for one sender."""

    def __init__(self, messaging_service: str | None, sender: str | None, callback: str | None) -> None:
        """`callback` is the public base address of the receipts door."""
        self._who = urlencode({"MessagingServiceSid": messaging_service} if messaging_service else {"From": sender})
        self._callback = quote_plus(f"{callback.rstrip('/')}/twilio/status/") if callback else None
        self._text = lru_cache(maxsize=256)(lambda text: urlencode({"Body": text}))

    def body(self, number: str, text: str, delivery: str, ends: datetime, now: datetime) -> bytes:
        """The form body of one text, valid no longer than the alert."""
        left = min(LONGEST, max(SHORTEST, int((ends - now).total_seconds())))
        parts = [f"To={quote_plus(number)}", self._who, self._text(text), f"ValidityPeriod={left}"]
        if self._callback:
            parts.append(f"StatusCallback={self._callback}{delivery}{RETRIES}")
        return "&".join(parts).encode()
