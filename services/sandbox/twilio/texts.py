"""Accepting a text: from a checked request to the row that is kept."""

import hashlib
import random
from dataclasses import asdict, dataclass
from typing import Final

from services.sandbox.effects import Fate
from services.sandbox.faults import Plan
from services.sandbox.settings import Rules
from services.sandbox.store import Row
from services.sandbox.twilio.lifecycle import VALIDITY_EXPIRED
from services.sandbox.twilio.rules import Asked

_POOL: Final = 100
"""Numbers +1 202 555 0100 to 0199 are kept free for fiction (https://nationalnanpa.com/number_resource_info/555_numbers.html)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whose request it was, and when it came and was taken."""

    account_sid: str
    arrived_ms: int
    now_ms: int


def sender_of(asked: Asked) -> str:
    """The number that sends: the one asked for, or always the same one of a Messaging Service."""
    if asked.sender is not None:
        return asked.sender
    digest = hashlib.sha256((asked.service_sid or "").encode()).digest()
    return f"+12025550{100 + digest[0] % _POOL}"


def accepted(asked: Asked, arrival: Arrival, rules: Rules, plan: Plan, dice: random.Random) -> Row:
    """The row of a text that Twilio takes."""
    expires = rules.sent_ms > asked.validity_s * 1000
    fate = Fate(type="fate", status="failed", code=VALIDITY_EXPIRED) if expires else plan.fate
    return {
        "sid": f"SM{dice.getrandbits(128):032x}",
        "account_sid": arrival.account_sid,
        "direction": "outbound-api",
        "sender": sender_of(asked),
        "recipient": asked.recipient,
        "body": asked.body,
        "redacted": False,
        "service_sid": asked.service_sid,
        "status_callback": asked.status_callback,
        "callback_plan": asdict(plan.callbacks),
        "called": asked.status_callback is None or plan.callbacks.off,
        "arrived_ms": arrival.arrived_ms,
        "accepted_ms": arrival.now_ms,
        "send_at_ms": max(arrival.now_ms, asked.send_at_ms or 0),
        "sent_after_ms": rules.sent_ms,
        "done_after_ms": asked.validity_s * 1000 if expires else rules.delivered_ms,
        "fate": fate.status if fate else "delivered",
        "error_code": fate.code if fate else None,
        "visible_ms": arrival.now_ms + int(plan.lag * 1000),
        "canceled_ms": None,
        "deleted_ms": None,
    }


def other(arrival: Arrival, direction: str, *, sender: str, recipient: str, body: str, dice: random.Random) -> Row:
    """A text that no request to send made: a phone's own, or the answer to one."""
    asked = Asked(recipient, body, sender, None, None, 1, None)
    row = accepted(asked, arrival, Rules(sent_ms=0, delivered_ms=0), Plan(), dice)
    return {**row, "direction": direction}
