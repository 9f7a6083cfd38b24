"""What may be changed about a text that Twilio has: cancel one that is scheduled, redact one that is over.

https://www.twilio.com/docs/api/errors/30409 (only scheduled texts can be canceled) and /30400 (what an update may say).
The HTTP status of 30409 is not documented; 409 follows its number.
"""

from collections.abc import Mapping

from services.sandbox.store import Row
from services.sandbox.twilio.answers import Refusal
from services.sandbox.twilio.lifecycle import FINAL, status_at


def change(row: Row, form: Mapping[str, str], now_ms: int) -> Row:
    """The values that an update changes, or `Refusal`."""
    status, body = form.get("Status"), form.get("Body")
    if (status is None) == (body is None) or status not in (None, "canceled") or body not in (None, ""):
        raise Refusal(400, 30400, "Parameters are not valid: say Status=canceled or an empty Body.")
    if status is not None:
        return _cancel(row, now_ms)
    if status_at(row, now_ms) not in FINAL:
        raise Refusal(409, 20009, "Cannot redact this message before it is complete")
    return {"redacted": True}


def _cancel(row: Row, now_ms: int) -> Row:
    if status_at(row, now_ms) != "scheduled":
        raise Refusal(409, 30409, "This message cannot be canceled")
    return {"canceled_ms": now_ms}
